#include "every_call.hpp"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <set>

#include <gtest/gtest.h>

#include "sentence.hpp"
#include "support/seed.hpp"

namespace seki::test {
namespace {

constexpr std::uint64_t usual_stride_of_allocations = 997;

command at(const command& what, const world& where) {
    command made = what;
    for (auto* const words : {&made.words, &made.environment})
        for (std::string& word : *words)
            if (const std::size_t mark = word.find('@'); mark != word.npos)
                word.replace(mark, 1, where.folder().native());
    return made;
}

struct ordinary {
    int first = 0, second = 0;  // how it ends, and how the next one
    std::string out;
    std::set<std::string> before, after;
};

class surveyor {
public:
    explicit surveyor(const subject& of) : of_{of} {
        for (const std::string& word : of_.what.words)
            made_.of += (made_.of.empty() ? "" : " ") +
                        (word.starts_with('@') ? word : std::filesystem::path{word}.filename().native());
    }

    survey calls() {
        look_at_ordinary();
        if (const char* point = std::getenv("SEKI_POINT"); point != nullptr) return point_alone(point);
        const std::uint64_t stride = stride_or(of_.usual_stride);
        for (std::uint64_t nth = first_of(stride); nth <= made_.calls; nth += stride) {
            std::size_t of_it = 1;
            for (std::size_t which = 0; which < of_it; ++which) of_it = fails(nth, which);
            dies(nth);
        }
        return made_;
    }

    survey allocations() {
        look_at_ordinary();
        if (const char* point = std::getenv("SEKI_POINT"); point != nullptr)
            return (void)runs_out(std::strtoull(point, nullptr, 10)), made_;
        const std::uint64_t stride = stride_or(usual_stride_of_allocations);
        for (std::uint64_t nth = first_of(stride); runs_out(nth);) nth += stride;  // ends with the program's last
        return made_;
    }

private:
    std::string live(traced_program& it, const world& where) const {
        if (of_.life) return of_.life(it, where);
        return it.run({}, of_.patience) ? "" : "it hangs";
    }

    std::uint64_t stride_or(std::uint64_t usual) const {
        if (of_.stride != 0) return of_.stride;
        const char* const given = std::getenv("SEKI_STRIDE");
        return given != nullptr ? std::max(1ULL, std::strtoull(given, nullptr, 10)) : usual;
    }
    static std::uint64_t first_of(std::uint64_t stride) { return stride == 1 ? 1 : 1 + seed_or(7) % stride; }

    std::unique_ptr<world> anew() const {
        auto made = std::make_unique<world>();
        if (of_.prepare) of_.prepare(*made);
        return made;
    }

    // What two runs have in common.
    static std::string plain(const std::string& text, const world& where) {
        std::string made = text;
        for (std::size_t at = 0; (at = made.find(where.folder().native(), at)) != made.npos;)
            made.replace(at, where.folder().native().size(), "@");
        return without_numbers(made);
    }

    void look_at_ordinary() {
        const auto where = anew();
        usual_.before = where->files();
        traced_program first{at(of_.what, *where)};
        first.prepare({.nth = ~std::uint64_t{0}});
        const std::string wrong = live(first, *where);
        usual_.first = first.exit_code();
        usual_.out = plain(first.out(), *where);
        usual_.after = where->files();
        made_.calls = first.calls();
        if (usual_.first != of_.code || !wrong.empty())
            made_.findings.push_back("ends with " + std::to_string(usual_.first) +
                                     " when nothing befalls it: " + wrong + first.err());
        traced_program second{at(of_.what, *where)};
        (void)live(second, *where);
        usual_.second = second.exit_code();
    }

    survey point_alone(const std::string& point) {
        std::size_t end = 0;
        const std::uint64_t nth = std::stoull(point, &end);
        if (point.ends_with("killed"))
            dies(nth);
        else
            fails(nth, std::stoull(point.substr(end)));
        return made_;
    }

    // How many misfortunes that call has.
    std::size_t fails(std::uint64_t nth, std::size_t which) {
        const auto where = anew();
        traced_program tried{at(of_.what, *where)};
        tried.prepare({.nth = nth, .which = which});
        const std::string wrong = live(tried, *where);
        if (tried.befell()) {
            ++made_.failures;
            const std::string point =
                tried.told() + " (SEKI_POINT=\"" + std::to_string(nth) + " " + std::to_string(which) + "\")";
            if (!wrong.empty()) found(point, wrong, tried);
            if (tried.ended()) judge(point, tried, *where);
        }
        return tried.misfortunes();
    }

    // Whether there was such an allocation.
    bool runs_out(std::uint64_t nth) {
        const auto where = anew();
        const int told = ::memfd_create("told", 0);
        command what = at(of_.what, *where);
        what.environment.push_back(std::string{"LD_PRELOAD="} + FAILING_MEMORY);
        what.environment.push_back("SEKI_FAILING_ALLOCATION=" + std::to_string(nth) + " " + std::to_string(told));
        traced_program tried{what};
        const std::string wrong = live(tried, *where);
        const bool failed = ::lseek(told, 0, SEEK_END) > 0;
        ::close(told);
        if (!failed) return false;
        ++made_.allocations;
        const std::string point = "allocation " + std::to_string(nth);
        if (!wrong.empty()) found(point, wrong, tried);
        if (tried.ended()) judge(point, tried, *where);
        return true;
    }

    void dies(std::uint64_t nth) {
        const auto where = anew();
        traced_program tried{at(of_.what, *where)};
        tried.prepare({.nth = nth, .dies = true});
        (void)live(tried, *where);
        if (!tried.befell()) return;
        (void)tried.run();  // to its end: what was told of it so far may have come before that
        ++made_.deaths;
        judge_next(tried.told() + " (SEKI_POINT=\"" + std::to_string(nth) + " killed\")", tried, *where);
    }

    void judge(const std::string& point, const traced_program& tried, const world& where) {
        // The C library knows no other way where it cannot note that something is to be destroyed at the end of a thread.
        if (tried.err().find("failed to register TLS destructor") != std::string::npos)
            return judge_next(point, tried, where);
        if (WIFSIGNALED(tried.status()))
            return found(point, std::string{"it dies of "} + ::strsignal(WTERMSIG(tried.status())), tried);
        if (const int code = tried.exit_code(); code == of_.code) {
            // Where a file is not there, another answer is the right one.
            if (of_.answers && tried.what().error != ENOENT && plain(tried.out(), where) != usual_.out)
                found(point, "it answers something else", tried);
        } else if (code < 1 || code > 4 || code == 2) {
            found(point, "it ends with " + std::to_string(code), tried);
        } else if (code == 4 && tried.what().error != 0) {
            found(point, "it says that the segment is damaged", tried);
        } else if (!speaks_into_the_void(tried)) {
            if (const std::string wrong = wrong_with(tried.err(), of_.program, tried.what().error); !wrong.empty())
                found(point, "what it says " + wrong, tried);
        }
        say(tried, where);
        if (!excused(tried))
            for (const std::string& name : where.files())
                if (!usual_.before.contains(name) && !usual_.after.contains(name) && !may_be_anothers(name, tried))
                    found(point, "it leaves " + name, tried);
        judge_next(point, tried, where);
    }

    // What it leaves it was not able to remove, or cannot get at any more, or is somebody else's, who holds the lock on it.
    static bool excused(const traced_program& tried) {
        return name_of(tried.call().number).starts_with("unlink") ||
               (name_of(tried.call().number) == "fcntl" && tried.what().error == EAGAIN) ||
               (tried.what().error == EACCES && tried.what().lasts);
    }

    // The lock file of another sekid, for all that one knows that could not look.
    static bool may_be_anothers(const std::string& name, const traced_program& tried) {
        return name.ends_with(".owner") && name_of(tried.call().number) == "newfstatat";
    }

    // Standard error was what failed, or nobody reads standard output any more.
    static bool speaks_into_the_void(const traced_program& tried) {
        const auto& call = tried.call();
        const bool writes = name_of(call.number).starts_with("write");
        return writes && (call.arguments[0] == 2 || (call.arguments[0] == 1 && tried.what().error == EPIPE));
    }

    void judge_next(const std::string& point, const traced_program& tried, const world& where) {
        const std::string ill = where.illness();
        if (!ill.empty() && (of_.between.empty() || ill.find(of_.between) == ill.npos))
            found(point, "afterwards the doctor says: " + ill, tried);
        traced_program next{at(of_.what, where)};
        if (const std::string wrong = live(next, where); !wrong.empty())
            return found(point, "with the next one, " + wrong + ": " + next.err(), tried);
        if (next.exit_code() != usual_.first && next.exit_code() != usual_.second)
            found(point, "the next one ends with " + std::to_string(next.exit_code()) + ": " + next.err(), tried);
        if (where.files() != usual_.after) {
            std::string names;
            for (const std::string& name : where.files()) names += " " + name;
            found(point, "after the next one there is" + names, tried);
        }
        if (const std::string still = where.illness(); !still.empty())
            found(point, "after the next one the doctor says: " + still, tried);
    }

    void found(const std::string& point, const std::string& what, const traced_program& tried) {
        made_.findings.push_back(made_.of + ": " + point + ": " + what + "\n    it said: " + tried.err());
    }

    void say(const traced_program& tried, const world& where) {
        static std::set<std::string> said;
        if (std::getenv("SEKI_SAY") == nullptr || tried.err().empty()) return;
        if (said.insert(plain(tried.err(), where)).second)
            std::printf("[%d] %s: %s", tried.exit_code(), tried.told().c_str(), tried.err().c_str());
    }

    const subject& of_;
    ordinary usual_;
    survey made_;
};

}  // namespace

std::string survey::text() const {
    std::string all;
    for (const std::string& each : findings) all += each + "\n";
    return all;
}

survey every_call(const subject& of) { return surveyor{of}.calls(); }
survey every_allocation(const subject& of) { return surveyor{of}.allocations(); }

void expect_no_findings(const survey& made) {
    const auto number = [](std::uint64_t of) { return static_cast<unsigned long long>(of); };
    std::printf("%s: of %llu calls %llu failed, killed at %llu; %llu allocations failed\n", made.of.c_str(),
                number(made.calls), number(made.failures), number(made.deaths), number(made.allocations));
    EXPECT_TRUE(made.findings.empty()) << made.text();
}

}  // namespace seki::test
