// SPDX-License-Identifier: MIT
// Plots of odd things: hostile names, no time, no memory, too many marks.
#include "analyzer/report/plot_svg.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace memtrace::report {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::size_t CountOf(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

TEST(PlotSvg, NamesCannotBreakOutOfTheirText) {
  Plot plot;
  plot.title = "</title><script>alert(1)</script>&\x1b[31m";
  plot.series.push_back({"<img onerror=\"x\">", {{0, 1}}});
  plot.marks.push_back({0, "]]></text>\xff"});
  const std::string svg = SvgText(plot);
  EXPECT_THAT(svg, Not(HasSubstr("<script")));
  EXPECT_THAT(svg, Not(HasSubstr("<img")));
  EXPECT_THAT(svg, Not(HasSubstr("\x1b")));
  EXPECT_THAT(svg, HasSubstr("]]&gt;&lt;/text&gt;\xef\xbf\xbd"));
}

TEST(PlotSvg, LoadsNothingFromOutside) {
  Plot plot;
  plot.series.push_back({"a", {{0, 1}}});
  std::string svg = SvgText(plot);
  EXPECT_EQ(CountOf(svg, "http"), 1U);  // the name of the language
  EXPECT_THAT(svg, HasSubstr("xmlns=\"http://www.w3.org/2000/svg\""));
  EXPECT_THAT(svg, Not(HasSubstr("url(")));
}

TEST(PlotSvg, EveryCurveIsThereAndInTheLegend) {
  Plot plot;
  plot.to_ns = 100;
  for (int i = 0; i < 20; ++i) plot.series.push_back({"run " + std::to_string(i), {{0, 5}, {50, 1}}});
  const std::string svg = SvgText(plot);
  EXPECT_EQ(CountOf(svg, "class=\"line\""), 20U);
  EXPECT_EQ(CountOf(svg, ">run 19</text>"), 1U);
}

TEST(PlotSvg, MarksWithoutRoomForTheirNamesKeepTheirLines) {
  Plot plot;
  plot.to_ns = 1000;
  for (std::uint64_t i = 0; i < 50; ++i) plot.marks.push_back({i, "a rather long name"});
  plot.marks.push_back({5000, "outside"});
  const std::string svg = SvgText(plot);
  EXPECT_EQ(CountOf(svg, "class=\"mark\""), 50U);
  EXPECT_EQ(CountOf(svg, "class=\"name\""), 3U);
  EXPECT_THAT(svg, Not(HasSubstr("outside")));
}

TEST(PlotSvg, NothingAtAllIsStillAPicture) {
  EXPECT_THAT(SvgText({}), HasSubstr("</svg>"));
}

}  // namespace
}  // namespace memtrace::report
