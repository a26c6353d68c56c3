#include "sentence.hpp"

#include <algorithm>
#include <cstring>
#include <string_view>

namespace seki::test {
namespace {

bool has(std::string_view text, std::string_view what) { return text.find(what) != text.npos; }

// The last line with the program's name in front, without it: what is said before may be a log.
std::string_view sentence_in(std::string_view said, const std::string& program) {
    const std::string mark = program + ": ";
    std::size_t at = said.npos;
    for (std::size_t from = 0; from < said.size();) {
        const std::size_t end = std::min(said.find('\n', from), said.size());
        if (said.substr(from, end - from).starts_with(mark)) at = from + mark.size();
        from = end + 1;
    }
    if (at == said.npos) return {};
    return said.substr(at, std::min(said.find('\n', at), said.size()) - at);
}

}  // namespace

std::string wrong_with(const std::string& said, const std::string& program, int error) {
    const std::string_view sentence = sentence_in(said, program);
    if (sentence.empty()) return "says nothing of its own";
    const char* const text = error != 0 ? strerrordesc_np(error) : nullptr;
    const std::string_view number = text != nullptr ? text : "no number";
    if (sentence.starts_with(number)) return "does not say what failed";
    if (sentence.ends_with(number)) return "does not say what to do";
    for (const std::string_view foreign :
         {"std::", "basic_string", "filesystem error", "terminate called", "boost", "what():"})
        if (has(sentence, foreign)) return "is a sentence of a library";
    if (!has(sentence, ": ") && !has(sentence, "; ")) return "does not say what to do";
    return {};
}

}  // namespace seki::test
