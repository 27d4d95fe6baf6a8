// SPDX-License-Identifier: MIT
// Layout in fixed coordinates; a viewer scales the whole.
#include "analyzer/report/plot_svg.h"

#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/format.h>

#include "analyzer/report/axis.h"
#include "analyzer/util/markup.h"
#include "analyzer/util/size_format.h"
#include "analyzer/util/terminal_text.h"

namespace memtrace::report {
namespace {

constexpr double kWidth = 960;
constexpr double kLeft = 76;
constexpr double kRight = 936;
constexpr double kPlotHeight = 300;
constexpr double kStripHeight = 48;
constexpr double kLegendLine = 20;
constexpr double kMarkLine = 14;         // height of a row of mark names
constexpr double kCharacterWidth = 6.2;  // of small text, about
constexpr std::size_t kMarkRows = 3;
constexpr std::size_t kSizeLabels = 5;
constexpr std::size_t kTimeLabels = 10;
constexpr std::size_t kMostMarks = 200;

// Okabe and Ito's colours, which are told apart with any kind of colour vision; the second half is dashed.
constexpr std::array<const char*, 7> kColours = {"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                                 "#e69f00", "#56b4e9", "#7f7f7f"};

constexpr std::string_view kStyle = R"(<style>
svg { background: #fff; color: #1f2328; font: 12px system-ui, sans-serif; }
text { fill: currentColor; }
.title { font-size: 16px; font-weight: 600; }
.dim { fill: #656d76; }
.small { font-size: 11px; }
.grid { stroke: #d0d7de; stroke-width: 1; }
.name { font-size: 11px; paint-order: stroke; stroke: #fff; stroke-width: 4px; stroke-linejoin: round; }
.mark { stroke: #656d76; stroke-width: 1; stroke-dasharray: 3 3; }
.line { fill: none; stroke-width: 1.75; stroke-linejoin: round; }
.strip { fill: #8c959f; }
@media (prefers-color-scheme: dark) {
  svg { background: #0d1117; color: #e6edf3; }
  .dim { fill: #8d96a0; }
  .grid { stroke: #30363d; }
  .name { stroke: #0d1117; }
  .mark { stroke: #8d96a0; }
  .strip { fill: #6e7681; }
}
</style>
)";

std::string Xml(std::string_view text) {
  return EscapedForMarkup(Printable(text));
}

std::string TextAt(double x, double y, std::string_view classes, std::string_view anchor,
                   std::string_view text) {
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" class=\"{}\" text-anchor=\"{}\">{}</text>\n", x, y,
                     classes, anchor, Xml(text));
}

std::string LineOf(double x1, double y1, double x2, double y2, std::string_view classes) {
  return fmt::format("<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" class=\"{}\"/>\n", x1, y1,
                     x2, y2, classes);
}

std::uint64_t HighestOf(const std::vector<PlotPoint>& points) {
  std::uint64_t highest = 0;
  for (const PlotPoint& point : points) highest = std::max(highest, point.value);
  return highest;
}

class SvgPlotter {
 public:
  explicit SvgPlotter(const Plot& plot) : plot_(plot) {
    PlaceMarks();
    top_ = 62 + static_cast<double>(mark_rows_) * kMarkLine;
    bottom_ = top_ + kPlotHeight;
    std::uint64_t highest = 1;
    for (const PlotSeries& series : plot.series) highest = std::max(highest, HighestOf(series.points));
    label_bytes_ = RoundSizeAbove(highest / kSizeLabels + (highest % kSizeLabels == 0 ? 0 : 1));
    labels_ = std::max<std::uint64_t>((highest + label_bytes_ - 1) / label_bytes_, 1);
  }

  std::string Draw() {
    DrawGrid();
    for (std::size_t i = 0; i < plot_.series.size(); ++i) DrawSeries(i);
    DrawMarks();
    double y = bottom_ + 26;
    if (!plot_.strip.empty()) y = DrawStrip(y);
    y = DrawLegend(y + 14);
    const double height = y + 10;
    return fmt::format(
               "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0:.0f} {1:.0f}\" width=\"{0:.0f}\" "
               "height=\"{1:.0f}\" role=\"img\">\n<title>{2}</title>\n",
               kWidth, height, Xml(plot_.title)) +
           std::string(kStyle) + TextAt(kLeft, 26, "title", "start", EllipsizeMiddle(plot_.title, 100)) +
           TextAt(kLeft, 46, "dim", "start", plot_.subtitle) + body_ + "</svg>\n";
  }

 private:
  double X(std::uint64_t time_ns) const {
    const std::uint64_t inside = std::clamp(time_ns, plot_.from_ns, plot_.to_ns);
    return kLeft + (kRight - kLeft) * static_cast<double>(inside - plot_.from_ns) /
                       static_cast<double>(plot_.to_ns - plot_.from_ns);
  }
  double Y(std::uint64_t bytes) const {
    return bottom_ - kPlotHeight * static_cast<double>(bytes) / static_cast<double>(label_bytes_ * labels_);
  }

  // A name goes into the lowest row that is free at its place; without one only the line is drawn.
  void PlaceMarks() {
    std::array<double, kMarkRows> free_from{};
    for (const PlotMark& mark : plot_.marks) {
      if (mark.time_ns < plot_.from_ns || mark.time_ns > plot_.to_ns) continue;
      const double x = X(mark.time_ns);
      const double width = static_cast<double>(DisplayWidth(Printable(mark.name)) + 2) * kCharacterWidth;
      const bool to_the_left = x + width > kWidth;
      const double start = to_the_left ? x - width : x;
      std::size_t row = 0;
      while (row < kMarkRows && free_from[row] > start) ++row;
      if (row < kMarkRows) free_from[row] = start + width;
      if (row < kMarkRows) mark_rows_ = std::max(mark_rows_, row + 1);
      placed_.push_back({&mark, x, row, to_the_left});
      if (placed_.size() == kMostMarks) break;
    }
  }

  void DrawGrid() {
    for (std::uint64_t i = 0; i <= labels_; ++i) {
      const double y = Y(i * label_bytes_);
      body_ += LineOf(kLeft, y, kRight, y, "grid");
      body_ += TextAt(kLeft - 8, y + 4, "dim small", "end", AxisSize(i * label_bytes_, label_bytes_));
    }
    const TimeLabels labels = TimeLabelsFor(plot_.from_ns, plot_.to_ns, kTimeLabels);
    for (std::size_t i = 0; i < labels.texts.size(); ++i) {
      const double x = X(labels.times_ns[i]);
      body_ += LineOf(x, bottom_, x, bottom_ + 5, "grid");
      body_ += TextAt(x, bottom_ + 18, "dim small", "middle", labels.texts[i]);
    }
  }

  // Steps; points that fall on the same tenth of a pixel are drawn as one column from lowest to highest.
  std::string StepsOf(const std::vector<PlotPoint>& points) const {
    std::string path;
    double last_x = -1;
    double last_y = -1;
    for (const PlotPoint& point : points) {
      const double x = X(point.time_ns);
      const double y = Y(point.value);
      if (path.empty()) {
        path = fmt::format("M{:.1f} {:.1f}", x, y);
      } else {
        if (x - last_x >= 0.05) path += fmt::format("H{:.1f}", x);
        if (y != last_y) path += fmt::format("V{:.1f}", y);
      }
      last_x = x;
      last_y = y;
    }
    return path;
  }

  void DrawSeries(std::size_t index) {
    const PlotSeries& series = plot_.series[index];
    if (series.points.empty()) return;
    const std::string path = StepsOf(series.points);
    if (!series.colour.empty()) {
      body_ += fmt::format("<path d=\"{}V{:.1f}H{:.1f}Z\" fill=\"{}\"><title>{}</title></path>\n", path, Y(0),
                           X(series.points.front().time_ns), Xml(series.colour), Xml(series.name));
      return;
    }
    const char* colour = kColours[index % kColours.size()];
    body_ += fmt::format("<g stroke=\"{0}\"><title>{1}</title>\n", colour, Xml(series.name));
    if (series.is_area) {
      body_ +=
          fmt::format("<path d=\"{}V{:.1f}H{:.1f}Z\" fill=\"{}\" fill-opacity=\"0.35\" stroke=\"none\"/>\n",
                      path, Y(0), X(series.points.front().time_ns), colour);
    }
    body_ += fmt::format("<path d=\"{}\" class=\"line\"{}/>\n</g>\n", path, DashOf(index));
  }

  std::string ColourOf(std::size_t index) const {
    const std::string& own = plot_.series[index].colour;
    return own.empty() ? kColours[index % kColours.size()] : Xml(own);
  }

  static std::string_view DashOf(std::size_t index) {
    return index / kColours.size() % 2 == 1 ? " stroke-dasharray=\"6 3\"" : "";
  }

  // Names over all lines, each cutting a gap into those that run through it.
  void DrawMarks() {
    std::string names;
    for (const PlacedMark& placed : placed_) {
      const bool is_named = placed.row < kMarkRows;
      const double y = top_ - 4 - static_cast<double>(placed.row) * kMarkLine;
      body_ += fmt::format("<g><title>{}</title>", Xml(placed.mark->name));
      body_ += LineOf(placed.x, is_named ? y - 8 : top_, placed.x, bottom_, "mark") + "</g>\n";
      if (!is_named) continue;
      names += placed.to_the_left ? TextAt(placed.x - 4, y, "name", "end", placed.mark->name)
                                  : TextAt(placed.x + 4, y, "name", "start", placed.mark->name);
    }
    body_ += names;
  }

  double DrawStrip(double y) {
    const std::uint64_t most = std::max<std::uint64_t>(HighestOf(plot_.strip), 1);
    const double base = y + 18 + kStripHeight;
    body_ += TextAt(kLeft, y + 12, "dim small", "start",
                    fmt::format("{}, at most {}", plot_.strip_title, FormatGrouped(HighestOf(plot_.strip))));
    std::string path = fmt::format("M{:.1f} {:.1f}", X(plot_.strip.front().time_ns), base);
    for (std::size_t i = 0; i < plot_.strip.size(); ++i) {
      const std::uint64_t end = i + 1 < plot_.strip.size() ? plot_.strip[i + 1].time_ns : plot_.to_ns;
      const double height =
          kStripHeight * static_cast<double>(plot_.strip[i].value) / static_cast<double>(most);
      path += fmt::format("V{:.1f}H{:.1f}", base - height, X(end));
    }
    body_ += fmt::format("<path d=\"{}V{:.1f}Z\" class=\"strip\"/>\n", path, base);
    return base + 6;
  }

  double DrawLegend(double y) {
    double x = kLeft;
    for (std::size_t i = 0; i < plot_.series.size(); ++i) {
      const double width = 40 + static_cast<double>(DisplayWidth(Printable(plot_.series[i].name))) * 6.6;
      if (x > kLeft && x + width > kRight) {
        x = kLeft;
        y += kLegendLine;
      }
      body_ += fmt::format(
          "<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" stroke=\"{}\" "
          "stroke-width=\"3\"{}/>\n",
          x, y - 4, x + 18, y - 4, ColourOf(i), plot_.series[i].colour.empty() ? DashOf(i) : "");
      body_ += TextAt(x + 24, y, "", "start", plot_.series[i].name);
      x += width;
    }
    return y;
  }

  struct PlacedMark {
    const PlotMark* mark;
    double x;
    std::size_t row;  // kMarkRows: no room for its name
    bool to_the_left;
  };

  const Plot& plot_;
  std::vector<PlacedMark> placed_;
  std::size_t mark_rows_ = 0;
  double top_ = 0;
  double bottom_ = 0;
  std::uint64_t label_bytes_ = 1;
  std::uint64_t labels_ = 1;
  std::string body_;
};

}  // namespace

std::string SvgText(const Plot& plot) {
  return SvgPlotter(plot).Draw();
}

}  // namespace memtrace::report
