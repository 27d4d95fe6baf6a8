// SPDX-License-Identifier: MIT
// Bytes over time as an SVG file that stands for itself: no scripts, nothing from outside, light or dark as
// the viewer's system is.
//
//     title                                   A, B: marks, dashed, with their names on top
//     ┌────────A──────────B──────┐
//     │        ¦     ▁▃▅▇█¦▇     │            series: areas and lines, each in a colour of its own
//     │▁▁▃▃▅▅▅▅¦▅▅▅▅▅     ¦ ▅▃▁  │
//     └────────────────────────-─┘
//      0      1 s       2 s     3 s
//     ▁▁▂▂▃▃▃▃▁▁▁▁▁▅▅▅▅▁▁▁▁▁▁▁▁▁▁▁            strip: one more number over time, on a scale of its own
//      ─ series one   ─ series two
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace memtrace::report {

struct PlotPoint {
  std::uint64_t time_ns = 0;
  std::uint64_t value = 0;  // until the next point: curves are steps
};

struct PlotSeries {
  std::string name;
  std::vector<PlotPoint> points;  // by time
  bool is_area = false;           // filled down to zero
  std::string colour = {};  // a CSS colour: an area of that colour alone, which hides what lies below it
};

struct PlotMark {
  std::uint64_t time_ns = 0;
  std::string name;
};

struct Plot {
  std::string title;
  std::string subtitle;
  std::uint64_t from_ns = 0;
  std::uint64_t to_ns = 1;         // later than `from_ns`
  std::vector<PlotSeries> series;  // later ones lie above
  std::vector<PlotMark> marks;     // by time; those outside of the range are left out
  std::string strip_title;
  std::vector<PlotPoint> strip;  // none: no strip
};

// Names may hold anything: what XML cannot, becomes U+FFFD.
std::string SvgText(const Plot& plot);

}  // namespace memtrace::report
