// Who may ask, and how many hashes that costs: crypt_r() is counted on its way to crypt(3).
#include "daemon/credentials.hpp"

#include <crypt.h>
#include <dlfcn.h>

#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace {
constinit std::atomic<int> hashes{0}, at_once{0}, most_at_once{0};
constinit std::atomic<bool> dawdles{false};
}  // namespace

// The program's own goes before the library's.
extern "C" char* crypt_r(const char* phrase, const char* setting, crypt_data* data) {
    using function = char*(const char*, const char*, crypt_data*);
    static auto* const real = reinterpret_cast<function*>(::dlsym(RTLD_NEXT, "crypt_r"));
    ++hashes;
    const int now = ++at_once;
    for (int most = most_at_once; most < now && !most_at_once.compare_exchange_weak(most, now);) {
    }
    // Long enough for others to come, if they may.
    for (int i = 0; i < 20 && dawdles && at_once < 2; ++i) std::this_thread::sleep_for(std::chrono::milliseconds{1});
    char* const made = real(phrase, setting, data);
    --at_once;
    return made;
}

namespace seki::daemon {
namespace {

// Of "open sesame".
const std::string hash_of_alice = "$2b$05$abcdefghijklmnopqrstuupx2xBUC4954936wVIjyyPHmUBFu0wCW";
const std::string right = "Basic YWxpY2U6b3BlbiBzZXNhbWU=";
const std::string wrong = "Basic YWxpY2U6b3BlbiBzZXNhbQ==";
const std::string stranger = "Basic Y2Fyb2w6b3BlbiBzZXNhbWU=";

std::shared_ptr<const credentials> read(const std::string& text) {
    auto made = credentials::parse(text, "users");
    EXPECT_TRUE(made) << made.error().message;
    return made.value_or(nullptr);
}

struct Credentials : testing::Test {
    Credentials() { hashes = most_at_once = 0; }
    ~Credentials() override { dawdles = false; }
};

// Fails if a reload, which the loop waits for, takes as many hashes as there are users.
TEST_F(Credentials, AreReadWithoutAHash) {
    std::string text;
    for (int i = 0; i < 100; ++i) text += "user" + std::to_string(i) + ":" + hash_of_alice + "\n";
    EXPECT_NE(read(text), nullptr);
    EXPECT_EQ(hashes, 0);
}

// Fails if what crypt(3) would make no hash with, or another one, or would sit at for minutes, is taken: nobody would be let in, or nobody answered.
TEST_F(Credentials, AreRefusedByTheirForm) {
    const std::string of_sha(86, 'a'), of_yescrypt(43, 'a');
    for (const std::string& fine :
         {hash_of_alice, "$6$salt$" + of_sha, "$6$rounds=10000$salt$" + of_sha, "$y$j9T$salt$" + of_yescrypt,
          "$y$j75$salt$" + of_yescrypt, "$gy$jCT$salt$" + of_yescrypt, "$7$DU..../....salt$" + of_yescrypt})
        EXPECT_TRUE(credentials::parse("alice:" + fine, "users")) << fine;
    std::string strange_letter = hash_of_alice;
    strange_letter.back() = '*';
    for (const std::string& bad :
         {hash_of_alice + "a", hash_of_alice.substr(0, 59), strange_letter, "$6$salt$" + of_sha + "a",
          "$6$salt$" + of_yescrypt, "$6$rounds=1000000$salt$" + of_sha, "$6$rounds=1e9$salt$" + of_sha, "$6$" + of_sha,
          "$1$salt$" + of_yescrypt, std::string{"$2b$"}, std::string{"$"}, std::string{}})
        EXPECT_FALSE(credentials::parse("alice:" + bad, "users")) << bad;
    EXPECT_EQ(hashes, 0);
}

// Fails if yescrypt or scrypt may take what time and memory a line says: each request with a password would.
TEST_F(Credentials, ACostInMemoryHasABound) {
    for (const std::string terms : {"$y$jDT$", "$y$jzT$", "$gy$jDT$", "$y$j9zz$", "$y$j9T.$", "$y$/9T$", "$y$j9z$",
                                    "$7$EU..../....", "$7$DV..../....", "$7$DU..../0..."}) {
        const auto refused = credentials::parse("alice:" + terms + "salt$" + std::string(43, 'a'), "users");
        ASSERT_FALSE(refused) << terms;
        EXPECT_NE(refused.error().message.find("its cost would hold up every request: at most 8"), std::string::npos)
            << refused.error().message;
    }
    EXPECT_EQ(hashes, 0);
}

// Fails if each of a page's requests costs a hash, what was wrong once is taken later, or what was right is known to who reads the users again.
TEST_F(Credentials, ARightOneIsKnownAgainWithoutAHash) {
    const auto users = read("alice:" + hash_of_alice);
    EXPECT_FALSE(users->accept(wrong));
    EXPECT_EQ(hashes, 1);
    for (int time = 0; time < 3; ++time) EXPECT_TRUE(users->accept(right));
    EXPECT_EQ(hashes, 2);
    for (int time = 0; time < 2; ++time) {
        EXPECT_FALSE(users->accept(wrong));
        EXPECT_FALSE(users->accept(stranger));
    }
    EXPECT_EQ(hashes, 6);
    EXPECT_TRUE(read("alice:" + hash_of_alice)->accept(right));
    EXPECT_EQ(hashes, 7);
}

// Fails if strangers who ask at once burn a processor each.
TEST_F(Credentials, OneHashIsMadeAtATime) {
    const auto users = read("alice:" + hash_of_alice);
    dawdles = true;
    {
        std::vector<std::jthread> many;
        for (int i = 0; i < 8; ++i)
            many.emplace_back([&] {
                for (int time = 0; time < 4; ++time) EXPECT_FALSE(users->accept(stranger));
            });
    }
    EXPECT_EQ(hashes, 32);
    EXPECT_EQ(most_at_once, 1);
}

}  // namespace
}  // namespace seki::daemon
