// What limiters, breakers and bulkheads have in common: they are made and found by name, changed, deleted, and tell their options.
#pragma once

#include "capi/arguments.hpp"
#include "capi/contained.hpp"
#include "capi/handles.hpp"

namespace seki::capi {

// A function of this layer and what it was given first.
struct named {
    const char* function;
    const seki_segment* segment;
    const char* name;

    [[nodiscard]] bool is_incomplete() const noexcept {
        return is_null(function, "segment", segment) || is_null(function, "name", name);
    }
};

// `make(segment, name)` answers the handle of the C++ interface.
template <class Handle, class Make>
seki_status find(const named& what, const char* argument, Handle** to, Make make) noexcept {
    if (is_null(what.function, argument, to)) return SEKI_ERROR_INVALID_ARGUMENT;
    *to = nullptr;
    if (what.is_incomplete()) return SEKI_ERROR_INVALID_ARGUMENT;
    return contained([&] { return hand_out(make(what.segment->of, what.name), to); });
}

// The same with options: `translate(function, given, options)` is false when it refused them.
template <class Given, class Options, class Use>
seki_status with_options(const named& what, const Given* given, const Given& defaults,
                         bool (*translate)(const char*, const Given&, Options&), Use use) noexcept {
    Options options;
    if (what.is_incomplete() || has_wrong_size(what.function, "options", given) ||
        !translate(what.function, read(*given, defaults), options))
        return SEKI_ERROR_INVALID_ARGUMENT;
    return contained([&] { return use(what.segment->of, what.name, options); });
}

template <class Remove>
seki_status remove(const named& what, Remove remove) noexcept {
    if (what.is_incomplete()) return SEKI_ERROR_INVALID_ARGUMENT;
    return contained([&] { return status_of(remove(what.segment->of, what.name)); });
}

// What `ask()` answers, as a struct of the caller's.
template <class Told, class Ask, class Translate>
seki_status tell(const char* function, const char* argument, Told* to, Ask ask, Translate translate) noexcept {
    if (has_wrong_size(function, argument, to)) return SEKI_ERROR_INVALID_ARGUMENT;
    return contained([&] {
        auto told = ask();
        if (!told) return fail(std::move(told.error()));
        write(*to, [&](Told& all) {
            const std::uint32_t size = all.size;
            all = translate(*told);
            all.size = size;
        });
        return status_of(Errc::none);
    });
}

}  // namespace seki::capi
