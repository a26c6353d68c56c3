#include "world.hpp"

#include <stdlib.h>

#include <cctype>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string_view>

#include "report/doctor.hpp"
#include "shm/segment.hpp"

namespace seki::test {
namespace {

using namespace std::chrono_literals;

template <class T>
T must(Result<T> made) {
    if (made) return *std::move(made);
    std::fprintf(stderr, "%s\n", made.error().message.c_str());
    std::abort();
}

bool is_number(char c) noexcept { return std::isdigit(static_cast<unsigned char>(c)) != 0; }
bool is_blank(char c) noexcept { return std::isspace(static_cast<unsigned char>(c)) != 0; }

}  // namespace

world::world() {
    std::string made = "/dev/shm/seki-calls-XXXXXX";
    if (::mkdtemp(made.data()) == nullptr) std::abort();
    folder_ = made;
}

world::~world() {
    beside.reset();
    held_.reset();
    inside_.reset();
    std::filesystem::remove_all(folder_);
}

void world::furnish() {
    write("furniture.toml", "[segment]\nsize = \"1MiB\"\nmax_workers = 4\nmax_primitives = 16\n" + declarations());
    OpenOptions options;
    options.config = folder_ / "furniture.toml";
    inside_ = must(open(segment().native(), options));
    (void)must(inside_->limiter("login")).check("alice");
    held_ = must(must(inside_->bulkhead("reports")).try_acquire());
    std::filesystem::remove(folder_ / "furniture.toml");
}

void world::write(const std::string& name, const std::string& text) const { std::ofstream{folder_ / name} << text; }

std::set<std::string> world::files() const {
    std::set<std::string> names;
    for (const auto& each : std::filesystem::recursive_directory_iterator{folder_})
        names.insert(without_numbers(each.path().lexically_relative(folder_).native()));
    return names;
}

std::string world::illness() const {
    if (!std::filesystem::exists(segment())) return {};
    const auto copy = shm::segment::attach(segment(), shm::segment::access::copy);
    if (!copy) return copy.error().message;
    std::string all;
    for (const auto& each : report::examine(**copy))
        all += std::string{report::to_string(each.broken)} + " " + each.where + ": " + each.what + "; ";
    return all;
}

std::string declarations() {
    return R"([limiter.login]
limit = 100
window = "1d"
max_keys = 64
[breaker.payments]
window_size = 10
minimum_calls = 5
[bulkhead.reports]
max_concurrent = 3
[adaptive.search]
[shedder.front]
[retry.mails]
[hedge.reads]
[policy.checkout]
limiter = "login"
breaker = "payments"
)";
}

std::string without_numbers(const std::string& text) {
    std::string made;
    for (std::size_t i = 0; i < text.size();) {
        if (is_number(text[i])) {
            while (i < text.size() &&
                   (is_number(text[i]) || (text[i] == '.' && i + 1 < text.size() && is_number(text[i + 1]))))
                ++i;
            made += '#';
            for (const std::string_view unit : {"ns", "µs", "us", "ms", "s", "min", "h"})
                if (text.compare(i, unit.size(), unit) == 0 &&
                    (i + unit.size() == text.size() ||
                     !std::isalpha(static_cast<unsigned char>(text[i + unit.size()])))) {
                    i += unit.size();
                    break;
                }
        } else if (is_blank(text[i])) {
            while (i < text.size() && is_blank(text[i])) ++i;
            made += ' ';
        } else {
            made += text[i++];
        }
    }
    return made;
}

}  // namespace seki::test
