// Time that stands, so that two runs differ in nothing but the order in which two processes went: no clock of a process goes on by itself, and whoever
// sleeps goes on at once, later by that.
//
// It takes the place of the C library's clock_gettime(), nanosleep(), clock_nanosleep() and, for the sleeps of waiters, syscall(). A waiter sleeps to
// its deadline: where two are played against each other, the one that could wake it stands still, or has come to its end.
#pragma once

namespace seki::test {

// Called as a waiter falls asleep, and as it wakes up.
inline void (*when_it_sleeps)() = [] {};

void let_time_stand();  // from now on, in this process and those that it forks
void let_time_run();

}  // namespace seki::test
