// Prints docs/design/adaptive.svg: the limit of each law on the simulated server of the tests, whose best concurrency is 50, then 100, then 25.
#include <array>
#include <cstdint>
#include <cstdio>

#include "simulated_server.hpp"

namespace {

namespace adaptive = seki::algorithm::adaptive_limit;

constexpr int calls_in_phase = 30'000, step = 200;
constexpr std::array<unsigned, 3> best{50, 100, 25};
constexpr double left = 60, top = 40, width = 900, height = 300, greatest = 140;

double x_of(int call) { return left + width * call / (calls_in_phase * static_cast<int>(best.size())); }
double y_of(double limit) { return top + height * (1 - limit / greatest); }

void line(double x1, double y1, double x2, double y2, const char* style) {
    std::printf("<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" %s/>\n", x1, y1, x2, y2, style);
}
void text(double x, double y, const char* anchor, const char* words) {
    std::printf("<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>\n", x, y, anchor, words);
}

void frame() {
    std::puts(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 1000 420\" font-family=\"sans-serif\" "
        "font-size=\"13\">\n"
        "<rect width=\"1000\" height=\"420\" fill=\"#ffffff\"/>");
    for (int limit = 0; limit <= 125; limit += 25) {
        std::array<char, 8> number{};
        std::snprintf(number.data(), number.size(), "%d", limit);
        line(left, y_of(limit), left + width, y_of(limit), "stroke=\"#dddddd\"");
        text(left - 8, y_of(limit) + 4, "end", number.data());
    }
    for (int thousands = 0; thousands <= 90; thousands += 10) {
        std::array<char, 8> number{};
        std::snprintf(number.data(), number.size(), "%d", thousands);
        text(x_of(thousands * 1'000), top + height + 20, "middle", number.data());
    }
    text(left + width / 2, top + height + 42, "middle", "calls, in thousands");
    text(left, top - 16, "start", "the limit; grey: the best, and 20 % to either side of it");
    for (int phase = 0; phase < static_cast<int>(best.size()); ++phase) {
        const double from = x_of(phase * calls_in_phase), to = x_of((phase + 1) * calls_in_phase);
        const double c = best[static_cast<unsigned>(phase)];
        std::printf("<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"#eeeeee\"/>\n", from,
                    y_of(1.2 * c), to - from, y_of(0.8 * c) - y_of(1.2 * c));
        line(from, y_of(c), to, y_of(c), "stroke=\"#888888\" stroke-dasharray=\"6 4\"");
    }
}

void curve(adaptive::law law, const char* name, const char* colour, double at) {
    adaptive::terms terms;
    terms.law = law;
    seki::tests::simulated_server server{best[0], law != adaptive::law::aimd, 1};
    seki::tests::simulated_limit limit{server, terms};
    std::printf("<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"1.5\" points=\"", colour);
    int call = 0;
    for (const unsigned capacity : best) {
        server.resize(capacity);
        for (int i = 0; i < calls_in_phase; i += step, call += step) {
            std::printf("%.1f,%.1f ", x_of(call), y_of(static_cast<double>(limit.allowed())));
            (void)limit.run(step);
        }
    }
    std::puts("\"/>");
    std::printf("<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"%s\" stroke-width=\"3\"/>\n", left + at,
                top + height + 64, left + at + 30, top + height + 64, colour);
    text(left + at + 38, top + height + 69, "start", name);
}

}  // namespace

int main() {
    frame();
    curve(adaptive::law::aimd, "aimd (its server refuses instead of queueing)", "#b35900", 0);
    curve(adaptive::law::gradient, "gradient", "#0055aa", 400);
    curve(adaptive::law::vegas, "vegas", "#2e7d32", 560);
    std::puts("</svg>");
    return 0;
}
