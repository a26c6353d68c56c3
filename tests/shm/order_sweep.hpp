// Whether each order in the code of a structure is needed: each is weakened by itself, and some scenario must go wrong then (support/order_book.hpp). Which
// need not be what it is stands in needless_orders.toml, with the reason.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <map>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "support/interleaving.hpp"
#include "support/order_book.hpp"
#include "support/sanitizers.hpp"

namespace seki::test {

// What is tried: the more the deeper. `tools/prove` sets SEKI_DEEP.
struct weak_scenario {
    std::string name;
    attempt one;
    bounds brief{.preemptions = 2, .deaths = 0, .old_reads = 1};
    bounds deep{.preemptions = 3, .deaths = 1, .old_reads = 2};
};

inline bool goes_deep() { return std::getenv("SEKI_DEEP") != nullptr && !sanitized; }

// Fails if a scenario goes wrong with what the orders of the code that ships allow.
inline void expect_orders_suffice(const std::vector<weak_scenario>& scenarios) {
    for (const weak_scenario& each : scenarios) {
        const exploration done = explore(goes_deep() ? each.deep : each.brief, each.one);
        EXPECT_EQ(done.failure, "") << each.name;
        std::printf("%llu schedules with old reads: %s\n", static_cast<unsigned long long>(done.schedules), each.name.c_str());
    }
}

namespace sweeping {

inline const std::string sources = SEKI_SOURCES "/src/shm/";

inline std::string trimmed(const std::string& line) {
    const std::size_t from = line.find_first_not_of(' ');
    return from == std::string::npos ? std::string{} : line.substr(from);
}

inline std::vector<std::string> lines_of(const std::string& path) {
    std::ifstream in{path};
    EXPECT_TRUE(in.is_open()) << path;
    std::vector<std::string> lines;
    for (std::string line; std::getline(in, line);) lines.push_back(trimmed(line));
    return lines;
}

// {file, line as it stands there, change}: why it does nothing. One may name several of the same line.
using needless_orders = std::map<std::array<std::string, 3>, std::string>;

inline needless_orders read_needless() {
    needless_orders all;
    std::map<std::string, std::string> entry;
    const auto add = [&] {
        if (!entry.empty()) all[{entry["file"], entry["line"], entry["change"]}] = entry["why"];
        entry.clear();
    };
    for (const std::string& line : lines_of(SEKI_SOURCES "/tests/shm/needless_orders.toml")) {
        if (line == "[[needless]]") add();
        if (const std::size_t is = line.find(" = "); is != std::string::npos && line[0] != '#')
            entry[line.substr(0, is)] = line.substr(is + 4, line.size() - is - 5);
    }
    add();
    return all;
}

inline bool is_of(const order_site& site, const std::string& file) { return site.file.ends_with("shm/" + file); }

}  // namespace sweeping

// Of the orders in these files of src/shm.
inline void expect_orders_needed(const std::vector<std::string>& files, const std::vector<weak_scenario>& scenarios) {
    order_book::seen.clear();
    order_book::records = true;
    for (const weak_scenario& each : scenarios) (void)explore(each.brief, each.one);
    order_book::records = false;
    const std::set<order_site> sites = order_book::seen;

    const auto noticed = [&] {
        return std::ranges::any_of(scenarios, [](const weak_scenario& each) {
            return !explore(goes_deep() ? each.deep : each.brief, each.one).failure.empty();
        });
    };
    const auto needless = sweeping::read_needless();
    int tried = 0, found = 0;
    for (const std::string& file : files) {
        const auto lines = sweeping::lines_of(sweeping::sources + file);
        std::set<std::array<std::string, 3>> used;
        std::set<unsigned> reached;
        for (const order_site& site : sites) {
            if (!sweeping::is_of(site, file)) continue;
            reached.insert(site.line);
            const std::string line = lines.at(site.line - 1);
            for (std::size_t which = 0; which < site.function->weaker.size(); ++which) {
                const char* const change = site.function->weaker[which].change;
                if (change == nullptr) break;
                order_book::weak = {site, which};
                const bool fails = noticed();
                order_book::weak.reset();
                ++tried;
                const std::array<std::string, 3> key{file, line, change};
                if (fails) {
                    ++found;
                    continue;
                }
                used.insert(key);
                EXPECT_TRUE(needless.contains(key)) << "nothing notices, of src/shm/" << file << ":" << site.line << ": "
                                                    << change << " in\n    " << line;
            }
        }
        // An order that no scenario comes by.
        static const std::regex ordered{R"((Memory|hardware)::\w+_(acquire|release|acq_rel|seq_cst|pair)\()"};
        for (unsigned i = 0; i < lines.size(); ++i) {
            if (!std::regex_search(lines[i], ordered) || reached.contains(i + 1) || reached.contains(i + 2)) continue;
            const std::array<std::string, 3> key{file, lines[i], "unreached"};
            used.insert(key);
            EXPECT_TRUE(needless.contains(key)) << "nothing comes by src/shm/" << file << ":" << i + 1 << "\n    " << lines[i];
        }
        if (goes_deep() || sanitized) continue;
        for (const auto& [key, why] : needless) {
            EXPECT_TRUE(key[0] != file || used.contains(key))
                << "noticed, though it is said to be needless: " << file << ": " << key[2] << " in\n    " << key[1];
        }
    }
    std::printf("%d orders weakened, %d noticed, %d needless\n", tried, found, tried - found);
}

}  // namespace seki::test
