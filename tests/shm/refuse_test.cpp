// What people are told of an error of the system: what it is, and what they can do about it.
#include "shm/refuse.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <stdexcept>
#include <string>

namespace seki::test {
namespace {

// Fails if an error that a call of ours may end with has no advice of its own, or that of another.
TEST(Refusals, EachErrorOfTheSystemHasItsAdvice) {
    const std::string nothing_known = shm::remedy_for(0);
    for (const int number : {EMFILE, ENFILE, ENOMEM, ENOBUFS, ENOSPC, EDQUOT, EACCES, EPERM, EROFS, ENOENT, EIO, ENOLCK,
                             EINTR, EAGAIN, ENOSYS, EINVAL, EOPNOTSUPP})
        EXPECT_NE(shm::remedy_for(number), nothing_known) << number;
    const std::pair<int, std::string> some[] = {
        {EMFILE, "ulimit -n"},          {ENFILE, "fs.file-max"}, {ENOBUFS, "memory"},  {EDQUOT, "quota"},
        {EROFS, "another file system"}, {EINTR, "try again"},    {EAGAIN, "TasksMax"}, {EINVAL, "sandbox"},
        {EOPNOTSUPP, "sandbox"}};
    for (const auto& [number, word] : some)
        EXPECT_NE(shm::system_advice(number).find(word), std::string::npos) << shm::system_advice(number);
}

// Fails if a number that the C library has no words for is read as a pointer to some.
TEST(Refusals, AnErrorWithoutANameIsToldOfAllTheSame) {
    for (const int number : {-1, 100'000})
        EXPECT_EQ(shm::system_advice(number), std::string{"an error without a name: "} + shm::remedy_for(number));
}

// Fails if something is thrown past the edge of the library, or its sentence is lost.
TEST(Refusals, MemoryThatRanOutIsToldWithWhatToDo) {
    EXPECT_EQ(shm::out_of_memory().code, Errc::no_space);
    EXPECT_EQ(shm::out_of_memory().message, std::string{"out of memory: "} + shm::remedy_for(ENOMEM));
}

TEST(Refusals, WhatIsThrownBelowBecomesAnError) {
    const auto thrown = shm::contained([]() -> Result<int> { throw std::runtime_error{"as it says"}; });
    ASSERT_FALSE(thrown);
    EXPECT_EQ(thrown.error().code, Errc::system);
    EXPECT_EQ(thrown.error().message, "as it says");
    const auto full = shm::contained([]() -> Result<int> { throw std::bad_alloc{}; });
    ASSERT_FALSE(full);
    EXPECT_EQ(full.error().code, Errc::no_space);
}

}  // namespace
}  // namespace seki::test
