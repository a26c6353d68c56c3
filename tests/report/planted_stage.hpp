// A segment with one of each kind of primitive in it, all of them used; and where its words lie, for who wants to write there.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <seki/seki.hpp>

#include "layout/adaptive.hpp"
#include "layout/permits.hpp"
#include "shm/breaker_piece.hpp"
#include "shm/directory.hpp"
#include "shm/key_table.hpp"
#include "shm/segment.hpp"

namespace seki::report {

class planted_stage {
public:
    planted_stage();
    ~planted_stage();
    planted_stage(const planted_stage&) = delete;
    planted_stage& operator=(const planted_stage&) = delete;

    // Everything there is, once each; made anew where the doctor deleted it. What did not work, or nothing.
    [[nodiscard]] std::string what_fails() const;

    [[nodiscard]] const shm::segment& where() const noexcept { return *where_; }
    [[nodiscard]] const Segment& segment() const noexcept { return *opened_; }
    [[nodiscard]] layout::header& header() const noexcept { return where_->header(); }
    [[nodiscard]] shm::placement at(layout::kind kind, std::string_view name) const {
        return *shm::directory{*where_}.find(kind, name);
    }
    [[nodiscard]] layout::directory_entry& entry(layout::kind kind, std::string_view name) const {
        return where_->directory()[at(kind, name).index];
    }
    [[nodiscard]] std::string entry_place(layout::kind kind, std::string_view name) const;

    // Of the limiter "login".
    [[nodiscard]] shm::key_table<> keys() const;
    [[nodiscard]] std::string slot_place(std::size_t index) const;
    [[nodiscard]] std::size_t slot_of_a_key() const;
    [[nodiscard]] std::uint64_t a_key() const;
    // An empty slot where that key may stand, or may not.
    [[nodiscard]] std::size_t empty_slot(bool of_the_key) const;

    // Of the breaker "calls".
    [[nodiscard]] shm::breaker<> breaker() const {
        return shm::breaker_of(*where_, at(layout::kind::breaker, "calls"));
    }
    [[nodiscard]] std::uint32_t generation() const { return breaker().look().generation; }

    // Of the table of permits of the bulkhead "database", and its third permit.
    [[nodiscard]] layout::permit_control& permits() const;
    [[nodiscard]] layout::word& permit() const { return reinterpret_cast<layout::word*>(&permits() + 1)[2]; }

    // What stands at the end of the pieces of "limit" and "door", and the pieces of "again" and "search".
    template <class Block>
    [[nodiscard]] Block& last(layout::kind kind, std::string_view name) const {
        const shm::placement of = at(kind, name);
        return *reinterpret_cast<Block*>(where_->arena(of.arena_offset, of.arena_size).data() + of.arena_size -
                                         sizeof(Block));
    }
    template <class Block>
    [[nodiscard]] Block& first(layout::kind kind, std::string_view name) const {
        const shm::placement of = at(kind, name);
        return *reinterpret_cast<Block*>(where_->arena(of.arena_offset, of.arena_size).data());
    }

private:
    std::filesystem::path path_;
    std::optional<Segment> opened_;
    std::shared_ptr<shm::segment> where_;
};

}  // namespace seki::report
