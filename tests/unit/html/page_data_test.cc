// SPDX-License-Identifier: MIT
// The page's document: sums survive folding, names cannot leave it, and it stays small.
#include "analyzer/html/page_data.h"

#include <cmath>
#include <deque>
#include <numeric>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "analyzer/html/page.h"
#include "analyzer/html/source_text.h"
#include "tests/unit/report/made_up_profile.h"
#include "tests/unit/report/made_up_stacks.h"

namespace memtrace::html {
namespace {

using Json = nlohmann::json;
using testing::LineFrame;

// Call sites by the number, each in a function of its own: main → one of 300 → one of 20,000 → the site.
class ManyStacks : public report::StackSource {
 public:
  explicit ManyStacks(std::size_t count) {
    main_ = LineFrame("main", "/src/main.cc", 1);
    for (std::size_t i = 0; i < 300; ++i)
      outer_.push_back(LineFrame("Module" + std::to_string(i) + "::Run", "/src/module.cc", i));
    for (std::size_t i = 0; i < 20'000; ++i)
      inner_.push_back(LineFrame("Part" + std::to_string(i) + "::Handle", "/src/part.cc", i));
    for (std::size_t i = 0; i < count; ++i) {
      sites_.push_back(LineFrame("Class" + std::to_string(i) + "::Allocate(int)",
                                 "/src/file" + std::to_string(i % 5000) + ".cc", i));
    }
  }
  report::Stack StackOf(model::NodeId node) override {
    return {&sites_[node], &inner_[node % inner_.size()], &outer_[node % outer_.size()], &main_};
  }
  std::string SourceLine(const symbolize::Frame&) override { return {}; }
  std::uint32_t SourceLineCount(const std::string&) override { return 0; }

 private:
  symbolize::Frame main_;
  std::deque<symbolize::Frame> outer_, inner_, sites_;
};

// A few sites hold much, most of them next to nothing, as in real programs.
aggregate::Profile ManySites(std::size_t count) {
  testing::MadeUpProfile profile;
  for (std::size_t i = 1; i < count; ++i) {
    profile.Site(static_cast<model::NodeId>(i), 0,
                 static_cast<std::uint64_t>(1e9 / std::pow(static_cast<double>(i), 1.1)) + 16, 1 + i % 7);
  }
  return std::move(*profile);
}

// Every site's blocks in a few rows, over 400 slices.
aggregate::LifeTable LivesOf(const aggregate::Profile& profile) {
  aggregate::LifeTable table;
  table.borders.resize(401);
  for (std::size_t i = 0; i < table.borders.size(); ++i) table.borders[i].time_ns = i * 1'000'000;
  for (const aggregate::SiteAmounts& site : profile.sites) {
    const auto number = static_cast<std::uint32_t>(table.sites.size());
    table.sites.push_back({site.node, site.thread});
    table.rows.push_back({number, number % 399, 400, site.total, {}});
  }
  return table;
}

std::uint64_t Sum(const Json& column) {
  return std::accumulate(
      column.begin(), column.end(), std::uint64_t{0},
      [](std::uint64_t sum, const Json& value) { return sum + value.get<std::uint64_t>(); });
}

struct Made {
  Json data;
  std::size_t page_bytes = 0;
  std::string text;
};

Made MakePage(const aggregate::Profile& profile, report::StackSource& source, std::size_t max_nodes,
              const model::Trace& trace = {}) {
  report::StackFilter filter;
  const exporting::Stacks stacks(profile, source, filter);
  aggregate::LiveCurve curve;
  curve.intervals.emplace_back();
  const aggregate::LifeTable lives = LivesOf(profile);
  PageRequest request{{trace, profile, stacks, &curve, &lives}};
  request.max_nodes = max_nodes;
  Made made;
  made.text = PageData(request);
  made.data = Json::parse(made.text);
  exporting::StringSink sink;
  WritePage("page", made.text, true, sink);
  made.page_bytes = sink.text().size();
  if (const char* path = std::getenv("MEMTRACE_KEEP_PAGE")) {
    if (FILE* file = std::fopen(path, "w")) {
      std::fwrite(sink.text().data(), 1, sink.text().size(), file);
      std::fclose(file);
    }
  }
  return made;
}

TEST(PageData, AMillionCallSitesFitIntoFiveMegabytes) {
  constexpr std::size_t kSites = 1'000'000;
  ManyStacks source(kSites);
  const aggregate::Profile profile = ManySites(kSites);
  const Made made = MakePage(profile, source, 100'000);
  EXPECT_LT(made.page_bytes, 5U << 20);
  EXPECT_GT(made.data["folded_nodes"].get<std::size_t>(), 500'000U);
  EXPECT_GT(made.data["nodes"]["parent"].size(), 30'000U);
  EXPECT_LT(made.data["folded_share"].get<double>(), kFoldedShare * 1.01);
  EXPECT_EQ(Sum(made.data["lives"]["bytes"]), profile.total.bytes);
  EXPECT_EQ(Sum(made.data["lives"]["blocks"]), profile.total.blocks);
  RecordProperty("page_bytes", static_cast<int>(made.page_bytes));
}

TEST(PageData, AHundredThousandNodesAreAllThere) {
  ManyStacks source(45'000);
  const aggregate::Profile profile = ManySites(45'000);
  const Made made = MakePage(profile, source, 100'000);
  EXPECT_EQ(made.data["folded_nodes"], 0);
  EXPECT_GT(made.data["nodes"]["parent"].size(), 90'000U);
  EXPECT_LT(made.page_bytes, 5U << 20);
}

TEST(PageData, WhatIsSmallIsFoldedIntoItsCaller) {
  ManyStacks source(1000);
  const aggregate::Profile profile = ManySites(1000);
  const Made made = MakePage(profile, source, 500);
  const Json& frames = made.data["nodes"]["frame"];
  EXPECT_EQ(Sum(made.data["lives"]["bytes"]), profile.total.bytes);
  EXPECT_GT(std::count(frames.begin(), frames.end(), Json(0)), 1) << "boxes for what is too small";
  std::uint64_t parent = 0;
  for (std::size_t i = 0; i < made.data["nodes"]["parent"].size(); ++i) {
    parent += static_cast<std::uint64_t>(made.data["nodes"]["parent"][i].get<std::int64_t>());
    EXPECT_TRUE(i == 0 || parent < i) << "parents come first";
  }
}

TEST(PageData, NamesStayInTheirStrings) {
  testing::MadeUpStacks source;
  const std::string evil = "</script><script>alert(1)</script>";
  source.Stack(1, {LineFrame(evil, "/src/<img src=x onerror=alert(1)>.cc", 3, "/usr/lib/" + evil)});
  testing::MadeUpProfile profile;
  profile.Site(1, 0, 100, 1);
  model::Trace trace;
  trace.info.command_line = {"app", evil, "\xff\xfe", "--\x1b[31m"};
  trace.threads.push_back({1, evil});
  trace.notes.push_back({0, false, evil});
  const Made made = MakePage(*profile, source, 1000, trace);
  EXPECT_EQ(made.text.find('<'), std::string::npos);
  EXPECT_THAT(made.data["strings"].dump(), ::testing::HasSubstr("alert(1)"));
  EXPECT_THAT(made.data["summary"]["command"].get<std::string>(), ::testing::HasSubstr("</script>"));
}

// What goes into a page as source text; see source_text.h.
class SourceTextTest : public ::testing::Test {
 protected:
  SourceTextTest() {
    source_.Source("/src/a.cc", 3, "of this machine").Source("/etc/secret", 1, "secret");
    script_ = LineFrame("load", "/etc/secret", 1, "");
  }
  SourceTexts Texts(SourceMode mode, const model::Trace& trace = {}) {
    testing::MadeUpProfile profile;
    report::StackFilter filter;
    const exporting::Stacks stacks(*profile, source_, filter);
    PageRequest request{{trace, *profile, stacks}};
    request.source = &source_;
    request.source_mode = mode;
    return SourceTextsOf(request, {&line_, &script_});
  }

  testing::MadeUpStacks source_;
  symbolize::Frame line_ = LineFrame("main", "/src/a.cc", 3);
  symbolize::Frame script_;  // code outside of any module: its file may be named by anyone
};

TEST_F(SourceTextTest, OnlyOnRequest) {
  EXPECT_TRUE(Texts(SourceMode::kNone).empty());
}

TEST_F(SourceTextTest, OnlyOfFilesThatDebugInformationNames) {
  EXPECT_EQ(Texts(SourceMode::kLines), (SourceTexts{{"/src/a.cc", {{3, "of this machine"}}}}));
}

TEST_F(SourceTextTest, APackedTraceShowsOnlyWhatItBrings) {
  model::Trace trace;
  trace.symbols.modules.push_back({"/usr/bin/indexer", "", {}});
  EXPECT_TRUE(Texts(SourceMode::kLines, trace).empty());
  trace.symbols.strings = {"", "/src/a.cc", "of the trace"};
  trace.symbols.sources.push_back({1, 3, 2});
  EXPECT_EQ(Texts(SourceMode::kLines, trace), (SourceTexts{{"/src/a.cc", {{3, "of the trace"}}}}));
}

TEST(Page, HoldsItsTitleAsText) {
  exporting::StringSink sink;
  WritePage("</title><script>alert(1)</script>", "{}", false, sink);
  EXPECT_THAT(sink.text(), ::testing::HasSubstr("&lt;/title&gt;"));
  EXPECT_EQ(sink.text().find("<script>alert"), std::string::npos);
  EXPECT_THAT(sink.text(), ::testing::HasSubstr("default-src 'none'"));
  EXPECT_EQ(sink.text().find("{{"), std::string::npos);
}

}  // namespace
}  // namespace memtrace::html
