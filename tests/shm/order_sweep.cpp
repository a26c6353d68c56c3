#include "shm/order_sweep.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <set>
#include <string_view>

#include "support/order_book.hpp"
#include "support/sanitizers.hpp"

namespace seki::test {
namespace {

bool goes_deep() { return std::getenv("SEKI_DEEP") != nullptr && !sanitized; }

std::vector<std::string> lines_of(const std::string& path) {
    std::ifstream in{path};
    EXPECT_TRUE(in.is_open()) << path;
    std::vector<std::string> lines;
    for (std::string line; std::getline(in, line);) {
        const std::size_t from = line.find_first_not_of(' ');
        lines.push_back(from == std::string::npos ? std::string{} : line.substr(from));
    }
    return lines;
}

// {file, line as it stands there, change}. One may name several of the same line.
using named_order = std::array<std::string, 3>;

// Why nothing notices each. An empty file and line stand for all of that change.
std::map<named_order, std::string> read_needless() {
    std::map<named_order, std::string> all;
    std::map<std::string, std::string> entry;
    const auto add = [&] {
        if (!entry.empty()) all[{entry["file"], entry["line"], entry["change"]}] = entry["why"];
        entry.clear();
    };
    for (const std::string& line : lines_of(SEKI_SOURCES "/tests/shm/needless_orders.toml")) {
        if (line.starts_with("[[")) add();
        const std::size_t is = line.find(" = ");
        if (is != std::string::npos && !line.starts_with("#"))
            entry[line.substr(0, is)] = line.substr(is + 4, line.size() - is - 5);
    }
    add();
    return all;
}

// Whether the line asks shared memory for something in some order.
bool asks_for_order(std::string_view line) {
    for (const std::string_view memory : {"Memory::", "hardware::"})
        for (std::size_t at = line.find(memory); at != std::string_view::npos; at = line.find(memory, at + 1)) {
            const std::string_view call = line.substr(at, line.find('(', at) - at);
            for (const std::string_view order : {"_acquire", "_release", "_acq_rel", "_seq_cst", "_pair"})
                if (call.ends_with(order)) return true;
        }
    return false;
}

// What each scenario comes by. Who weakens an order changes nothing until somebody comes by it.
std::map<order_site, std::vector<const weak_scenario*>> sites_of(const std::vector<weak_scenario>& scenarios) {
    std::map<order_site, std::vector<const weak_scenario*>> all;
    for (const weak_scenario& each : scenarios) {
        order_book::seen.clear();
        order_book::records = true;
        (void)explore(each.brief, each.one);
        bounds deep_and_new = each.deep;
        deep_and_new.old_reads = 0;
        if (goes_deep()) (void)explore(deep_and_new, each.one);
        order_book::records = false;
        for (const order_site& site : order_book::seen) all[site].push_back(&each);
    }
    return all;
}

// First by old reads alone that the weaker order brings, which are few; who looks deeper tries others beside them, and then those alone, but for longer.
bool is_noticed(const order_book::weakened& what, const std::vector<const weak_scenario*>& scenarios) {
    order_book::weak = what;
    const auto fails_somewhere = [&](bounds weak_scenario::* within, bool only_new) {
        return std::ranges::any_of(scenarios, [&](const weak_scenario* each) {
            bounds so_far = each->*within;
            so_far.only_new_reads = only_new;
            return !explore(so_far, each->one).failure.empty();
        });
    };
    const bool noticed =
        fails_somewhere(&weak_scenario::brief, true) ||
        (goes_deep() && (fails_somewhere(&weak_scenario::brief, false) || fails_somewhere(&weak_scenario::deep, true)));
    order_book::weak.reset();
    return noticed;
}

}  // namespace

void expect_orders_suffice(const std::vector<weak_scenario>& scenarios) {
    for (const weak_scenario& each : scenarios) {
        exploration done = explore(each.brief, each.one);
        if (done.failure.empty() && goes_deep()) done = explore(each.deep, each.one);
        EXPECT_EQ(done.failure, "") << each.name;
        std::printf("%llu schedules with old reads: %s\n", static_cast<unsigned long long>(done.schedules),
                    each.name.c_str());
        std::fflush(stdout);
    }
}

void expect_orders_needed(const std::vector<std::string>& files, const std::vector<weak_scenario>& scenarios) {
    if (sanitized) return;  // five times slower, and it sees no more
    const auto sites = sites_of(scenarios);
    const auto needless = read_needless();
    int tried = 0, found = 0;
    for (const std::string& file : files) {
        const auto lines = lines_of(SEKI_SOURCES "/src/shm/" + file);
        std::set<named_order> used;
        std::set<unsigned> reached;
        for (const auto& [site, by] : sites) {
            if (!site.file.ends_with("shm/" + file)) continue;
            // A call that goes over several lines is at one of them.
            for (unsigned line = site.line > 2 ? site.line - 2 : 1; line <= site.line; ++line) reached.insert(line);
            for (std::size_t which = 0; which < site.function->weaker.size(); ++which) {
                const char* const change = site.function->weaker[which].change;
                if (change == nullptr) break;
                ++tried;
                if (is_noticed({site, which}, by)) {
                    ++found;
                    continue;
                }
                const named_order named{file, lines.at(site.line - 1), change};
                used.insert(named);
                EXPECT_TRUE(needless.contains(named) || needless.contains({"", "", change}))
                    << "nothing notices, of src/shm/" << file << ":" << site.line << ": " << change << " in\n    "
                    << named[1];
            }
        }
        for (unsigned i = 0; i < lines.size(); ++i) {
            if (!asks_for_order(lines[i]) || reached.contains(i + 1)) continue;
            const named_order named{file, lines[i], "unreached"};
            used.insert(named);
            EXPECT_TRUE(needless.contains(named))
                << "nothing comes by src/shm/" << file << ":" << i + 1 << "\n    " << lines[i];
        }
        // Who looks deeper may notice more.
        for (const auto& [named, why] : needless)
            EXPECT_TRUE(named[0] != file || used.contains(named) || goes_deep())
                << "noticed, though it is said to be needless: " << file << ": " << named[2] << " in\n    " << named[1];
    }
    std::printf("%d orders weakened, %d noticed, %d needless\n", tried, found, tried - found);
}

}  // namespace seki::test
