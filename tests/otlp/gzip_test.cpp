// What is zipped can be unzipped: by zlib's own reader, which our writer does not use.
#include "otlp/gzip.hpp"

#include <gtest/gtest.h>
#include <zlib.h>

#include <string>

namespace seki::otlp {
namespace {

std::string unzipped(const std::string& text, std::size_t size) {
    std::string out(size + 1, '\0');
    std::string in = text;
    z_stream stream{};
    EXPECT_EQ(::inflateInit2(&stream, 15 + 16), Z_OK);
    stream.next_in = reinterpret_cast<Bytef*>(in.data());
    stream.avail_in = static_cast<uInt>(in.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    EXPECT_EQ(::inflate(&stream, Z_FINISH), Z_STREAM_END);
    out.resize(stream.total_out);
    ::inflateEnd(&stream);
    return out;
}

// Fails when a body of some size comes out cut, or is no gzip.
TEST(Gzip, BodiesOfAllSizesComeBack) {
    for (const std::size_t size : {0U, 1U, 100U, 100'000U, 3'000'000U}) {
        std::string text(size, '\0');
        for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>(i * i >> 3U);
        const std::string smaller = gzip(text);
        EXPECT_EQ(smaller.substr(0, 2), "\x1f\x8b");
        EXPECT_TRUE(unzipped(smaller, size) == text) << size;
    }
}

}  // namespace
}  // namespace seki::otlp
