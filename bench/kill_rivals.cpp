// What bench/kill_rivals.py kills, of those that are written in C++: kill_rivals KIND FOLDER, where KIND is seki, boost or robust.
//
// boost and robust are what people write instead: a table of numbers in Boost's managed shared memory, under a mutex that processes share, or under a robust
// one, which says so when its owner has died. It counts who is in, and what was spent by each key; and like any table of clients it has others that come and go.
//
// Does what it is told line by line, as kill_rivals.php does:
//     start N ROUND    N workers, in processes of their own, that write to FOLDER/told; answers with their pids
//     ask ROUND        somebody new looks what there is: "found PLACES LEFT SANE" or "found refused", in a
//                      line of its own
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <iostream>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <boost/interprocess/managed_mapped_file.hpp>

#include <seki/seki.hpp>

#include "own_segment.hpp"
#include "rivals.hpp"

namespace {

using namespace seki;
using namespace std::chrono_literals;
using std::chrono::steady_clock;

// As in kill_rivals.php, and in the configuration of nginx.
constexpr std::uint64_t places = 5, budget = 64, keys = 16;

class rival {
public:
    virtual ~rival() = default;
    virtual bool take() = 0;
    virtual void give() = 0;
    virtual bool spend(const std::string& key) = 0;
    virtual void forget(const std::string& key) = 0;
    virtual bool sane() = 0;
};

class the_segment : public rival {
public:
    explicit the_segment(const std::string& folder)
        : in_{bench::must(open(folder + "/a.seg"))},
          gate_{bench::must(in_.bulkhead("gate", {.max_concurrent = places}))},
          limiter_{bench::must(in_.limiter("limiter", {.limit = budget, .window = 366 * 24h, .max_keys = 4096}))} {}
    bool take() override {
        auto got = gate_.try_acquire();
        if (!got) return false;
        held_.push_back(std::move(*got));
        return true;
    }
    void give() override { held_.pop_back(); }
    bool spend(const std::string& key) override { return limiter_.check(key).allowed; }
    void forget(const std::string& key) override { (void)limiter_.reset(key); }
    bool sane() override { return true; }

private:
    Segment in_;
    Bulkhead gate_;
    Limiter limiter_;
    std::vector<Permit> held_;
};

template <class Mutex>
class table_of_numbers : public rival {
    using key_type = std::array<char, 24>;
    struct key_hash {
        std::size_t operator()(const key_type& key) const noexcept {
            return std::hash<std::string_view>{}({key.data(), key.size()});
        }
    };
    using manager = boost::interprocess::managed_mapped_file;
    using memory = boost::interprocess::allocator<std::pair<const key_type, std::uint64_t>, manager::segment_manager>;
    using map = boost::unordered_map<key_type, std::uint64_t, key_hash, std::equal_to<key_type>, memory>;
    using lock = boost::interprocess::scoped_lock<Mutex>;

public:
    explicit table_of_numbers(const std::string& folder)
        : memory_{boost::interprocess::open_or_create, (folder + "/map").c_str(), 8 << 20},
          mutex_{*memory_.find_or_construct<Mutex>("mutex")()},
          numbers_{*memory_.find_or_construct<map>("numbers")(std::size_t{64}, key_hash{}, std::equal_to<key_type>{},
                                                              memory{memory_.get_segment_manager()})} {}
    bool take() override { return raise("gate", places); }
    void give() override {
        const lock held{mutex_};
        --numbers_[key_of("gate")];
    }
    bool spend(const std::string& key) override { return raise(key, budget); }
    void forget(const std::string& key) override {
        const lock held{mutex_};
        numbers_.erase(key_of(key));
    }
    bool sane() override {
        const lock held{mutex_};
        std::size_t found = 0;
        for (const auto& each : numbers_) found += numbers_.count(each.first);
        return found == numbers_.size() && memory_.check_sanity();
    }

private:
    static key_type key_of(const std::string& text) {
        key_type fixed{};
        text.copy(fixed.data(), fixed.size());
        return fixed;
    }
    bool raise(const std::string& key, std::uint64_t most) {
        const lock held{mutex_};
        std::uint64_t& number = numbers_[key_of(key)];
        if (number >= most) return false;
        ++number;
        return true;
    }

    manager memory_;
    Mutex& mutex_;
    map& numbers_;
};

std::unique_ptr<rival> make(const std::string& kind, const std::string& folder) {
    if (kind == "seki") return std::make_unique<the_segment>(folder);
    if (kind == "boost") return std::make_unique<table_of_numbers<boost::interprocess::interprocess_mutex>>(folder);
    if (kind == "robust") return std::make_unique<table_of_numbers<bench::robust_mutex>>(folder);
    std::fprintf(stderr, "kill_rivals: there is no \"%s\": seki, boost or robust\n", kind.c_str());
    std::exit(2);
}

std::string key_of(const std::string& round, std::uint64_t key) { return fmt::format("{}/{}", round, key); }

// Until it is killed. It writes down what it was told.
[[noreturn]] void work(rival& it, const std::string& round, int told) {
    std::mt19937_64 random{std::random_device{}()};
    for (;;) {
        for (int i = 0; i < 10; ++i) {
            if (it.take()) {
                if (random() % 10 == 0) std::this_thread::sleep_for(100us);
                it.give();
            }
            const std::string client = fmt::format("client {}", random() % 256);
            (void)it.spend(client);
            if (random() % 2 == 0) it.forget(client);
        }
        const char answer = it.spend(key_of(round, random() % keys)) ? '+' : '-';
        if (::write(told, &answer, 1) != 1) std::abort();
    }
}

// What anybody can have within a second.
void look_into(rival& it, const std::string& round) {
    std::uint64_t had = 0, left = 0;
    const auto end = steady_clock::now() + 1s;
    while (had < places && steady_clock::now() < end) {
        if (it.take())
            ++had;
        else
            std::this_thread::sleep_for(1ms);
    }
    for (std::uint64_t i = 0; i < had; ++i) it.give();
    for (std::uint64_t key = 0; key < keys; ++key) {
        while (it.spend(key_of(round, key))) ++left;
        it.forget(key_of(round, key));
    }
    std::printf("found %llu %llu %d\n", static_cast<unsigned long long>(had), static_cast<unsigned long long>(left),
                it.sane() ? 1 : 0);
    std::fflush(stdout);
}

// Boost's mutex refuses everybody for good when its owner has died.
void look(rival& it, const std::string& round) {
    try {
        look_into(it, round);
    } catch (const boost::interprocess::lock_exception&) {
        std::puts("found refused");
        std::fflush(stdout);
    }
}

template <class Body>
pid_t in_a_process(Body body) {
    std::fflush(nullptr);
    const pid_t pid = ::fork();
    if (pid != 0) return pid;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    body();
    ::_exit(0);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) {
        std::fputs("usage: kill_rivals KIND FOLDER, but bench/kill_rivals.py knows better how to use it\n", stderr);
        return 2;
    }
    const std::string folder = argv[2];
    const std::unique_ptr<rival> it = make(argv[1], folder);
    (void)it->spend("somebody");  // whatever happens once has happened before anybody dies
    ::signal(SIGCHLD, SIG_IGN);
    std::string what, round;
    while (std::cin >> what) {
        int many = 1;
        if (what == "start") std::cin >> many;
        std::cin >> round;
        std::string answer;
        for (int i = 0; i < many; ++i)
            answer += fmt::format(
                " {}", in_a_process([&] {
                    if (what == "ask") return look(*it, round);
                    const std::string file = fmt::format("{}/told.{}", folder, i);
                    work(*it, round, ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600));
                }));
        std::printf("%s%s\n", what.c_str(), answer.c_str());
        std::fflush(stdout);
    }
}
