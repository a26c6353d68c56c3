// What people would write instead: a hash map in Boost's managed shared memory under a mutex shared between processes, deciding by the same
// formula (gcra). Once with Boost's mutex, once with a robust one, which survives the death of its holder.
#pragma once

#include <pthread.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include <boost/interprocess/allocators/allocator.hpp>
#include <boost/interprocess/managed_shared_memory.hpp>
#include <boost/interprocess/sync/interprocess_mutex.hpp>
#include <boost/interprocess/sync/scoped_lock.hpp>
#include <boost/unordered_map.hpp>

#include "algorithm/gcra.hpp"
#include "primitives/clock.hpp"

namespace seki::bench {

// A pthread mutex that tells its next owner when the last one died.
class robust_mutex {
public:
    robust_mutex() {
        pthread_mutexattr_t attributes;
        pthread_mutexattr_init(&attributes);
        pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
        pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
        pthread_mutex_init(&mutex_, &attributes);
        pthread_mutexattr_destroy(&attributes);
    }
    void lock() {
        if (pthread_mutex_lock(&mutex_) == EOWNERDEAD) pthread_mutex_consistent(&mutex_);
    }
    void unlock() { pthread_mutex_unlock(&mutex_); }

private:
    pthread_mutex_t mutex_;
};

template <class Mutex>
class locked_map {
    struct key_hash {
        std::size_t operator()(const std::array<char, 16>& key) const noexcept {
            return std::hash<std::string_view>{}({key.data(), key.size()});
        }
    };
    using key_type = std::array<char, 16>;
    using entry = std::pair<const key_type, std::uint64_t>;
    using manager = boost::interprocess::managed_shared_memory;
    using memory = boost::interprocess::allocator<entry, manager::segment_manager>;
    using map = boost::unordered_map<key_type, std::uint64_t, key_hash, std::equal_to<key_type>, memory>;

public:
    locked_map(const char* name, std::size_t bytes, std::size_t keys, algorithm::gcra::terms law)
        : memory_{boost::interprocess::open_or_create, name, bytes},
          mutex_{*memory_.find_or_construct<Mutex>("mutex")()},
          states_{*memory_.find_or_construct<map>("states")(keys, key_hash{}, std::equal_to<key_type>{},
                                                            memory{memory_.get_segment_manager()})},
          law_{law} {}

    bool operator()(std::string_view key) {
        key_type fixed{};
        key.copy(fixed.data(), fixed.size());
        const boost::interprocess::scoped_lock<Mutex> held{mutex_};
        std::uint64_t& tat = states_[fixed];
        const auto verdict = algorithm::gcra::check(tat, primitives::read_clock(Clock::precise), 1, law_);
        tat = verdict.state;
        return verdict.allowed;
    }

private:
    manager memory_;
    Mutex& mutex_;
    map& states_;
    algorithm::gcra::terms law_;
};

}  // namespace seki::bench
