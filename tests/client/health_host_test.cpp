// The health of a host, by files that the test writes in the place of the kernel's; and by the kernel's own.
#include <seki/health.hpp>

#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <random>

#include "client/health_text.hpp"
#include "client_fixture.hpp"
#include "support/seed.hpp"

namespace seki::test {
namespace {

using enum HealthStatus;

std::string pressure(std::string_view avg10) {
    return "some avg10=" + std::string{avg10} +
           " avg60=99.00 avg300=99.00 total=77\nfull avg10=99.00 avg60=99.00 avg300=99.00 total=5\n";
}

constexpr std::string_view limits =
    "Limit                     Soft Limit           Hard Limit           Units     \n"
    "Max cpu time              unlimited            unlimited            seconds   \n"
    "Max open files            10                   20000                files     \n";

class HostHealth : public ClientTest {
protected:
    HostHealth() {
        for (const char* each : {"memory", "cpu", "io"}) write(std::string{"proc/pressure/"} + each, pressure("0.00"));
        write("proc/self/limits", limits);
        write("proc/self/cgroup", "9:name=systemd:/\n0::/\n");
        open_files(1);
    }
    [[nodiscard]] std::filesystem::path at(std::string_view name) const { return folder() / "root" / name; }
    void write(std::string_view name, std::string_view text) const {
        std::filesystem::create_directories(at(name).parent_path());
        std::ofstream{at(name), std::ios::trunc} << text;
    }
    void open_files(int count) const {
        std::filesystem::remove_all(at("proc/self/fd"));
        for (int i = 0; i < count; ++i) write("proc/self/fd/" + std::to_string(i), "");
    }
    [[nodiscard]] HealthOutcome look(std::string_view name) const {
        Health health;
        HostLimits by;
        by.root = at("");
        EXPECT_TRUE(health.add_host(by));
        for (HealthOutcome& each : health.check().checks)
            if (each.name == name) return each;
        std::abort();
    }
};

// Fails if pressure is not told, is taken from another line or another average, or its limits are not the documented ones.
TEST_F(HostHealth, PressureIsJudgedByTheLastTenSeconds) {
    for (const char* each : {"memory", "cpu", "io"}) EXPECT_EQ(look(each).status, healthy) << each;
    struct expected {
        const char* what;
        const char* avg10;
        HealthStatus means;
    };
    for (const expected& each :
         {expected{"memory", "9.99", healthy}, expected{"memory", "10.00", degraded},
          expected{"memory", "40.00", unhealthy}, expected{"cpu", "74.00", healthy}, expected{"cpu", "75.50", degraded},
          expected{"cpu", "100.00", degraded}, expected{"io", "39.00", healthy}, expected{"io", "40.00", degraded},
          expected{"io", "100.00", degraded}}) {
        write(std::string{"proc/pressure/"} + each.what, pressure(each.avg10));
        const HealthOutcome found = look(each.what);
        EXPECT_EQ(found.status, each.means) << each.what << ' ' << each.avg10;
        EXPECT_FALSE(found.critical);
        EXPECT_EQ(found.detail, std::string{"some tasks of the host waited "} + each.avg10 + " % of the last 10 s");
    }
}

// Fails if a control group that is short of memory on a host that has plenty is not seen, or hides what the host is short of.
TEST_F(HostHealth, TheOwnControlGroupCountsToo) {
    write("proc/self/cgroup", "1:cpu:/old\n0::/system.slice/shop.service\n");
    write("sys/fs/cgroup/system.slice/shop.service/memory.pressure", pressure("55.00"));
    const HealthOutcome found = look("memory");
    EXPECT_EQ(found.status, unhealthy);
    EXPECT_EQ(found.detail, "some tasks of the control group waited 55.00 % of the last 10 s");
    EXPECT_EQ(look("cpu").status, healthy) << "it has no file for that";
    write("proc/pressure/memory", pressure("60.00"));
    EXPECT_EQ(look("memory").detail, "some tasks of the host waited 60.00 % of the last 10 s");
    write("sys/fs/cgroup/system.slice/shop.service/memory.pressure", "nonsense\n");
    EXPECT_EQ(look("memory").status, degraded);
}

// Fails if a kernel that tells of no pressure makes a host sick, or is taken for one without any.
TEST_F(HostHealth, AKernelThatTellsNothingIsNoSickness) {
    std::filesystem::remove(at("proc/pressure/memory"));
    EXPECT_EQ(look("memory").status, healthy);
    EXPECT_NE(look("memory").detail.find("not known"), std::string::npos);
}

// Fails if a file that is no such file is taken for health, stops the other checks, or ends the process.
TEST_F(HostHealth, WhatCannotBeUnderstoodIsDegraded) {
    for (const std::string_view text :
         {"", "some", "some avg10=", "some avg10= ", "some avg10=x avg60", "some avg10=-1.00 ", "some avg10=100.01 ",
          "some avg10=nan ", "some avg10=1e99 ", "some avg10=1.00", "full avg10=1.00 avg60=0\n", "\xff\xff\xff"}) {
        write("proc/pressure/io", text);
        EXPECT_EQ(look("io").status, degraded) << text;
        EXPECT_NE(look("io").detail.find("io cannot be understood"), std::string::npos);
        EXPECT_EQ(look("memory").status, healthy);
    }
    std::filesystem::remove(at("proc/pressure/io"));
    std::filesystem::create_directory(at("proc/pressure/io"));
    EXPECT_EQ(look("io").status, degraded) << "a folder";
    for (const std::string_view text :
         {"", "Max open files", "Max open files   ten  ", "Max open files -1 -1 files\n"}) {
        write("proc/self/limits", text);
        EXPECT_EQ(look("files").status, degraded) << text;
    }
    std::filesystem::remove(at("proc/self/limits"));
    EXPECT_EQ(look("files").status, degraded);
    EXPECT_NE(look("files").detail.find("No such file"), std::string::npos);
}

// Fails if a file that may not be read is taken for one that is not there.
TEST_F(HostHealth, WhatMayNotBeReadIsDegraded) {
    std::filesystem::remove(at("proc/pressure/cpu"));
    std::filesystem::create_symlink(at("proc/pressure/cpu"), at("proc/pressure/cpu"));  // leads nowhere, for root too
    EXPECT_EQ(look("cpu").status, degraded);
    write("proc/self/limits", limits);
    std::filesystem::remove_all(at("proc/self/fd"));
    EXPECT_EQ(look("files").status, degraded);
}

// Fails if open files are not counted, or not against the limit that holds (the soft one).
TEST_F(HostHealth, OpenFilesAreCountedAgainstTheSoftLimit) {
    EXPECT_EQ(look("files").status, healthy);
    EXPECT_EQ(look("files").detail, "1 of 10 files are open");
    open_files(8);
    EXPECT_EQ(look("files").status, degraded);
    open_files(10);
    EXPECT_EQ(look("files").status, unhealthy);
    write("proc/self/limits", "Max open files            unlimited            unlimited            files     \n");
    EXPECT_EQ(look("files").status, healthy);
}

// Fails if any text makes a number that cannot be, or a path that leads out of the groups.
TEST_F(HostHealth, AnyTextIsReadOrRefused) {
    std::mt19937_64 random{seed_or(21)};
    for (int i = 0; i < 20'000; ++i) {
        std::string text = i % 2 == 0 ? pressure("12.50") : std::string{limits} + "0::/a/../b\n";
        for (std::uint64_t changes = random() % 6; changes > 0; --changes)
            text[random() % text.size()] = static_cast<char>(random());
        text.resize(random() % (text.size() + 1));
        const double percent = client::some_avg10(text).value_or(0);
        ASSERT_TRUE(percent >= 0 && percent <= 100) << text;
        (void)client::open_files_limit(text);
        ASSERT_EQ(client::unified_group(text).find(".."), std::string::npos);
    }
}

// Fails if this very host's files are not understood. (A kernel may tell of no pressure.)
TEST_F(HostHealth, TheFilesOfThisHostAreUnderstood) {
    Health health;
    ASSERT_TRUE(health.add_host());
    const HealthReport report = health.check();
    EXPECT_EQ(report.checks.size(), 4U);
    for (const HealthOutcome& each : report.checks)
        EXPECT_EQ(each.detail.find("cannot be understood"), std::string::npos) << each.name << ": " << each.detail;
}

}  // namespace
}  // namespace seki::test
