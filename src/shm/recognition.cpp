#include "shm/recognition.hpp"

#include "layout/hash.hpp"
#include "shm/memory.hpp"
#include "shm/refuse.hpp"
#include "shm/segment.hpp"

namespace seki::shm {
namespace {

std::uint64_t value(const layout::word& word) noexcept { return hardware::load_relaxed(word); }

template <class... Arguments>
refusal no(Errc code, fmt::format_string<Arguments...> text, Arguments&&... arguments) {
    return {{code, fmt::format(text, std::forward<Arguments>(arguments)...)}, false};
}

std::optional<refusal> wrong_identity(const layout::identity& id, std::uint64_t file_size, const std::string& path) {
    if (value(id.magic) == 0)
        return no(
            Errc::not_a_segment,
            "\"{}\" is not a segment: it starts with zeros, as if its creation was interrupted: choose another path",
            path);
    if (value(id.magic) != layout::magic)
        return no(Errc::not_a_segment, "\"{}\" is not a segment but some other file: choose another path", path);
    if (value(id.size) != file_size)
        return no(
            Errc::damaged,
            "segment \"{}\" is damaged: the file has {} bytes and should have {}; restart sekid, or sekictl destroy",
            path, file_size, value(id.size));
    if (value(id.version) != layout::version || value(id.layout_hash) != layout::layout_hash)
        return no(Errc::wrong_version,
                  "segment \"{}\" has layout {} ({:016x}), and this library reads layout {} ({:016x}): use one version "
                  "of Seki on "
                  "this host; restarting sekid replaces the segment",
                  path, value(id.version), value(id.layout_hash), layout::version, layout::layout_hash);
    return std::nullopt;
}

std::optional<refusal> wrong_host(const layout::header& header, const host& here, const std::string& path) {
    if (header.boot_id != here.boot_id) {
        refusal why =
            no(Errc::wrong_host,
               "segment \"{}\" was left by an earlier boot of this host, or by another: open it with permission to "
               "create, or start sekid, and it is replaced",
               path);
        why.replaceable = true;
        return why;
    }
    if (header.monotonic_offset_ns != here.monotonic_offset_ns)
        return no(Errc::wrong_host,
                  "segment \"{}\" belongs to another time namespace: its monotonic clock is {} ns away from ours; use "
                  "a segment of "
                  "its own in this container, or run it without a time namespace",
                  path, header.monotonic_offset_ns - here.monotonic_offset_ns);
    return std::nullopt;
}

}  // namespace

bool has_our_magic(const layout::header& header) noexcept { return value(header.id.magic) == layout::magic; }

bool has_our_layout(const layout::header& header) noexcept {
    return has_our_magic(header) && value(header.id.version) == layout::version &&
           value(header.id.layout_hash) == layout::layout_hash;
}

std::optional<refusal> recognise(const layout::header& header, std::uint64_t file_size, const host& here,
                                 const std::filesystem::path& path) {
    const std::string& named = path.native();
    if (auto why = wrong_identity(header.id, file_size, named)) return why;
    if (auto why = wrong_host(header, here, named)) return why;
    if (value(header.id.superseded) != 0) {
        refusal why = no(Errc::superseded, "segment \"{}\" was replaced or destroyed: open it again", named);
        why.replaceable = true;
        return why;
    }
    if (!sound(header.parts, file_size))
        return no(
            Errc::damaged,
            "segment \"{}\" is damaged: its parts do not lie where they should; restart sekid, or sekictl destroy",
            named);
    return std::nullopt;
}

}  // namespace seki::shm
