#include "otlp/gzip.hpp"

#include <zlib.h>

namespace seki::otlp {
namespace {

constexpr int with_header_of_gzip = 15 + 16;
constexpr int memory_level = 8;

}  // namespace

std::string gzip(std::string_view text) {
    z_stream stream{};
    if (::deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, with_header_of_gzip, memory_level, Z_DEFAULT_STRATEGY) !=
        Z_OK)
        return {};
    std::string out(::deflateBound(&stream, text.size()), '\0');
    std::string in{text};  // zlib takes what it does not change as if it did
    stream.next_in = reinterpret_cast<Bytef*>(in.data());
    stream.avail_in = static_cast<uInt>(in.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    const int done = ::deflate(&stream, Z_FINISH);  // in one go: there is room for all of it
    out.resize(done == Z_STREAM_END ? stream.total_out : 0);
    ::deflateEnd(&stream);
    return out;
}

}  // namespace seki::otlp
