// How long calls took, as a percentile of all processes sees it: against a model that keeps every call, and by many threads at once.
//
//     SEKI_SEED=7 build/tests/shm/latency_window_test
#include "shm/latency_window.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <random>
#include <thread>
#include <vector>

#include "support/seed.hpp"

namespace seki::test {
namespace {

namespace law = algorithm::latency;
using window = shm::latency_window<>;

// Keeps every call of the slices that count.
class exact_calls {
public:
    void record(std::uint64_t now_ms, std::uint64_t ns) { all_.push_back({now_ms / 2000, ns}); }
    [[nodiscard]] std::vector<std::uint64_t> sorted(std::uint64_t now_ms) const {
        std::vector<std::uint64_t> times;
        for (const auto& [slice, ns] : all_)
            if (slice <= now_ms / 2000 && slice + 8 > now_ms / 2000) times.push_back(ns);
        std::ranges::sort(times);
        return times;
    }

private:
    struct call {
        std::uint64_t slice, ns;
    };
    std::vector<call> all_;
};

// Fails if a percentile is shorter than the exact one, or more than an eighth longer; if a call that is too old counts, or one that is not does not; or if
// too few say something.
TEST(LatencyWindow, AnswersWhatAnExactModelDoes) {
    std::mt19937_64 random{seed_or(11)};
    for (int round = 0; round < 30; ++round) {
        layout::latency_block block{};
        const window real{block};
        exact_calls model;
        std::uint64_t now_ms = random() % 1'000'000'000;
        std::lognormal_distribution<double> times{16 + static_cast<double>(random() % 6),
                                                  0.1 + static_cast<double>(random() % 20) / 10};
        for (int step = 0; step < 400; ++step) {
            for (std::uint64_t calls = random() % 20; calls > 0; --calls) {
                const auto ns = static_cast<std::uint64_t>(std::min(times(random), 130e9));
                real.record(now_ms, ns);
                model.record(now_ms, ns);
            }
            now_ms += random() % 8 == 0 ? random() % 30'000 : random() % 300;
            const auto exact = model.sorted(now_ms);
            ASSERT_EQ(law::total(real.look(now_ms)), exact.size());
            for (const std::uint64_t thousandths : {1U, 500U, 950U, 999U}) {
                const std::uint64_t found = real.find_out(now_ms, thousandths);
                if (exact.size() < window::least_calls) {
                    ASSERT_EQ(found, 0U);
                    continue;
                }
                const std::uint64_t rank = std::max<std::uint64_t>((exact.size() * thousandths + 999) / 1000, 1);
                const std::uint64_t right = exact[rank - 1];
                ASSERT_GE(found, right);
                ASSERT_LE(found, std::max(right + right / 8 + 1, std::uint64_t{1} << law::least_bits));
            }
        }
    }
}

// Fails if an answer is found out anew each time, is kept too long, or is taken from a time that is yet to come.
TEST(LatencyWindow, AnAnswerLastsATenthOfASecond) {
    layout::latency_block block{};
    const window real{block};
    real.fill();
    std::uint64_t now = 50'000;
    EXPECT_EQ(real.quantile(now, 500), 0U);
    for (int i = 0; i < 20; ++i) real.record(now, 1'000'000);
    EXPECT_EQ(real.quantile(now, 500), 0U);
    EXPECT_EQ(real.quantile(now + 99, 500), 0U);
    const std::uint64_t answer = real.quantile(now + 100, 500);
    EXPECT_GE(answer, 1'000'000U);
    EXPECT_EQ(real.quantile(now + 20'000, 500), 0U) << "all are too old";
    shm::hardware::store_relaxed(block.asked_ms, ~0ULL);
    for (int i = 0; i < 20; ++i) real.record(now + 20'000, 1'000'000);
    EXPECT_EQ(real.quantile(now + 20'000, 500), answer) << "somebody scribbled";
}

// Fails if a scribbled word keeps its bucket from counting for ever, counts itself, or makes a percentile of nonsense.
TEST(LatencyWindow, AScribbledWordIsBegunAnew) {
    layout::latency_block block{};
    const window real{block};
    std::mt19937_64 random{seed_or(12)};
    for (auto& slice : block.tallies)
        for (auto& each : slice) shm::hardware::store_relaxed(each, random());
    const std::uint64_t now = 5'000'000'000;
    for (int i = 0; i < 100; ++i) real.record(now, 3'000'000);
    EXPECT_GE(law::total(real.look(now)), 100U);
    EXPECT_LE(real.find_out(now, 999), std::uint64_t{1} << law::most_bits);
}

// Fails if what stood in the memory of a new window counts, or answers.
TEST(LatencyWindow, AnyMemoryBecomesANewWindow) {
    std::mt19937_64 random{seed_or(13)};
    const std::uint64_t now = 5'000'000;
    for (int round = 0; round < 20; ++round) {
        layout::latency_block block{};
        const window real{block};
        for (int i = 0; i < 20; ++i) real.record(now, 1'000'000);
        shm::hardware::store_relaxed(block.asked_ms, now - random() % 50);
        shm::hardware::store_relaxed(block.answer_ns, 1 + random());
        real.fill();
        EXPECT_EQ(shm::hardware::load_relaxed(block.asked_ms), 0U);
        EXPECT_EQ(shm::hardware::load_relaxed(block.answer_ns), 0U);
        EXPECT_EQ(law::total(real.look(now)), 0U);
        EXPECT_EQ(real.quantile(now, 500), 0U);
        EXPECT_EQ(shm::hardware::load_relaxed(block.answer_ns), 0U);
    }
}

// Fails if the doctor overlooks a word that counts calls of a slice that has not begun, or of another row's, takes a sound one for such, or leaves anything of one.
TEST(LatencyWindow, TheDoctorForgetsWhatNobodyCanHaveCounted) {
    std::uint64_t now = 5'000'000;
    const std::uint32_t slice = law::slice_of(now);
    const std::size_t home = slice % law::slices;
    const auto value = [](std::uint32_t of) { return std::uint64_t{of} << 32 | 3; };
    for (std::size_t row = 0; row < law::slices; ++row)
        for (const std::size_t bucket : {std::size_t{0}, std::size_t{law::buckets - 1}}) {
            layout::latency_block block{};
            const window real{block};
            real.record(now, 1'000'000);
            layout::word& word = block.tallies[row][bucket];
            const auto ahead = [&] { return real.count_ahead([&now] { return now; }); };
            // In its own row, of the present slice or one before.
            const auto sound = static_cast<std::uint32_t>(slice - (home + law::slices - row) % law::slices);
            shm::hardware::store_relaxed(word, value(sound));
            EXPECT_EQ(ahead(), 0U);
            EXPECT_EQ(real.count_misplaced(), 0U);
            real.forget_ahead(now);
            real.forget_misplaced();
            EXPECT_EQ(shm::hardware::load_relaxed(word), value(sound));
            shm::hardware::store_relaxed(word, value(sound + static_cast<std::uint32_t>(law::slices)));
            EXPECT_EQ(ahead(), 1U);
            EXPECT_EQ(real.count_misplaced(), 0U);
            real.forget_ahead(now);
            EXPECT_EQ(shm::hardware::load_relaxed(word), 0U);
            shm::hardware::store_relaxed(word, value(sound - 1));
            EXPECT_EQ(ahead(), 0U);
            EXPECT_EQ(real.count_misplaced(), 1U);
            real.forget_misplaced();
            EXPECT_EQ(shm::hardware::load_relaxed(word), 0U);
            EXPECT_EQ(law::total(real.look(now)), 1U);
        }
    layout::latency_block block{};
    const window real{block};
    shm::hardware::store_relaxed(block.asked_ms, now);
    shm::hardware::store_relaxed(block.answer_ns, law::end_of(5));
    EXPECT_TRUE(real.has_sound_answer([&now] { return now; }));
    EXPECT_FALSE(real.has_sound_answer([&now] { return now - 1; }));
    shm::hardware::store_relaxed(block.answer_ns, law::end_of(5) + 1);
    EXPECT_FALSE(real.has_sound_answer([&now] { return now; }));
    real.forget_answer();
    EXPECT_EQ(shm::hardware::load_relaxed(block.asked_ms), 0U);
    EXPECT_EQ(shm::hardware::load_relaxed(block.answer_ns), 0U);
}

// Fails if a call is lost, or counted twice, where several threads record at once.
TEST(LatencyWindow, NoCallIsLostAmongThreads) {
    layout::latency_block block{};
    const window real{block};
    constexpr std::uint64_t each = 20'000;
    {
        std::vector<std::jthread> threads;
        for (unsigned i = 0; i < 4; ++i)
            threads.emplace_back([&] {
                for (std::uint64_t call = 0; call < each; ++call) real.record(7'000, 1'000'000 * (1 + call % 2));
            });
    }
    const auto all = real.look(7'000);
    EXPECT_EQ(all[law::bucket_of(1'000'000)], 2 * each);
    EXPECT_EQ(all[law::bucket_of(2'000'000)], 2 * each);
    EXPECT_EQ(law::total(all), 4 * each);
}

}  // namespace
}  // namespace seki::test
