// SPDX-License-Identifier: MIT
// The offline page in a real browser: it is opened from a file, used with mouse and keys, and every number it
// shows is held against what `memtrace top --json` says about the same blocks.
#include <map>
#include <regex>
#include <set>

#include "tests/e2e/harness/fixture.h"

namespace memtrace::e2e {
namespace {

using Json = nlohmann::json;

constexpr const char* kHostile = "</script><script>document.title='broken'</script>";

std::string Nanoseconds(const Json& number) {
  return std::to_string(number.get<std::uint64_t>()) + "ns";
}

class PageTest : public EndToEnd {
 protected:
  void SetUp() override {
    if (!IsInstalled("chromium") || !IsInstalled("node")) GTEST_SKIP() << "chromium or node is not installed";
    trace_ = ExpectSoundRun({MEMTRACE_PHASES, kHostile}).trace;
    ASSERT_FALSE(trace_.empty());
  }

  fs::path PageOf(std::vector<std::string> words) const {
    const fs::path page = work() / "page.html";
    words.insert(words.end(), {"-o", page});
    const Outcome outcome = Memtrace(words);
    EXPECT_EQ(EndOf(outcome), "exit code 0") << outcome.err;
    EXPECT_TRUE(fs::exists(page));
    return page;
  }

  // What a person saw who used the page; see use_page.js.
  Json Use(const fs::path& page) const {
    Command command = {"node", std::string(MEMTRACE_HTML_TESTS) + "/use_page.js", "chromium", page};
    if (const char* pictures = std::getenv("MEMTRACE_PICTURES")) command.argv.push_back(pictures);
    const Outcome outcome = Run(command.Within(std::chrono::minutes(2)));
    EXPECT_EQ(EndOf(outcome), "exit code 0") << outcome.err;
    const Json seen = Json::parse(outcome.out, nullptr, false);
    EXPECT_FALSE(seen.is_discarded()) << outcome.out.substr(0, 400) << outcome.err;
    return seen;
  }

  Amount Total(std::vector<std::string> options) const {
    std::vector<std::string> words = {"top", trace_, "-n", "1"};
    words.insert(words.end(), options.begin(), options.end());
    const Json report = MemtraceJson(words);
    return {report["matching"]["bytes"], report["matching"]["blocks"]};
  }

  static Amount Card(const Json& view, const std::string& metric) {
    const Json& card = view.at("cards").at(metric);
    return {card.at("bytes"), card.at("blocks")};
  }

  // The page's rows are those of the report, in its order as far as amounts tell.
  void ExpectRows(const Json& view, const std::vector<Row>& rows) const {
    const Json& shown = view.at("rows");
    ASSERT_EQ(shown.size(), std::min<std::size_t>(rows.size(), 15));
    for (std::size_t i = 0; i < shown.size(); ++i) {
      EXPECT_EQ(Amount({shown[i]["bytes"], shown[i]["blocks"]}), rows[i].ranked) << i << rows[i].label;
    }
    ASSERT_FALSE(rows.empty());
    EXPECT_EQ(shown[0]["line"], rows[0].line);
  }

  fs::path trace_;
};

TEST_F(PageTest, ShowsWhatTopSays) {
  const fs::path page = PageOf({"report", trace_, "--source=lines"});
  const Json seen = Use(page);
  ASSERT_EQ(seen["state"], "ready");
  EXPECT_EQ(seen["problems"], Json::array());
  EXPECT_EQ(seen["requests"], Json::array()) << "the page asked the network for something";

  const std::map<std::string, std::string> metrics = {{"peak", "peak"},
                                                      {"not_freed", "not-freed"},
                                                      {"total", "total"},
                                                      {"count", "count"},
                                                      {"temporary", "temporary"}};
  for (const auto& [on_page, in_top] : metrics) {
    const Json& view = seen["metrics"][on_page];
    EXPECT_TRUE(view["cards"][on_page]["chosen"]) << on_page;
    const Amount total = Total({"--metric", in_top});
    EXPECT_EQ(Card(view, on_page), total) << on_page;
    const bool counted = on_page == "count" || on_page == "temporary";
    EXPECT_EQ(view["flame"], counted ? total.blocks : total.bytes) << "root of the flame graph, " << on_page;
    ExpectRows(view, TopOf(trace_, {"-n", "100000", "--metric", in_top}));
  }

  std::uint64_t not_freed = 0;
  for (const Json& leak : seen["start"]["leaks"]) not_freed += leak["bytes"].get<std::uint64_t>();
  EXPECT_EQ(not_freed, Total({"--metric", "not-freed"}).bytes);
  EXPECT_THAT(seen["start"]["leaks"].dump(), testing::HasSubstr("KeepSome"));
}

TEST_F(PageTest, ARangeIsCountedAgainToTheByte) {
  const Json seen = Use(PageOf({"report", trace_}));
  ASSERT_EQ(seen["ranges"].size(), 6U);
  std::uint64_t last_end = 0;
  for (const Json& view : seen["ranges"]) {
    const std::vector<std::string> range = {"--from", Nanoseconds(view["from_ns"]), "--to",
                                            Nanoseconds(view["to_ns"])};
    const auto with = [&range](const std::string& metric) {
      std::vector<std::string> words = {"--metric", metric};
      words.insert(words.end(), range.begin(), range.end());
      return words;
    };
    EXPECT_EQ(Card(view, "total"), Total(with("total"))) << view["range_text"];
    EXPECT_EQ(Card(view, "count"), Total(with("count")));
    EXPECT_EQ(Card(view, "temporary"), Total(with("temporary")));
    EXPECT_EQ(Card(view, "not_freed"), Total(with("live"))) << "live at the end of the range";
    EXPECT_EQ(Card(view, "peak"), Total({"--at", Nanoseconds(view["peak_ns"])}))
        << "live at the highest moment";
    EXPECT_GT(Card(view, "total").blocks, 0U);
    last_end = view["to_ns"];
  }
  EXPECT_GT(last_end, seen["ranges"][4]["to_ns"].get<std::uint64_t>()) << "the edge was dragged to the right";
  EXPECT_NE(seen["ranges"][3]["to_ns"], seen["ranges"][2]["to_ns"]) << "an arrow key moves the end";
  EXPECT_NE(seen["ranges"][4]["from_ns"], seen["ranges"][3]["from_ns"]) << "with Shift, the start";
  EXPECT_EQ(seen["reset"]["cards"], seen["start"]["cards"]);
}

TEST_F(PageTest, ZoomSearchThreadsAndOrder) {
  const Json seen = Use(PageOf({"report", trace_}));
  EXPECT_NE(seen["zoomed"]["path"], "");
  EXPECT_LE(seen["zoomed"]["flame"], seen["start"]["flame"]);
  EXPECT_EQ(seen["unzoomed"]["path"], "");

  const Amount kept = Total({"--focus", "KeepSome"});
  EXPECT_EQ(seen["searched"]["search_value"], kept.bytes);
  EXPECT_EQ(seen["unsearched"]["search"], "");
  for (const Json& row : seen["searched"]["rows"]) EXPECT_THAT(row["text"], testing::HasSubstr("Keep"));

  // Inverted, the first level is what `top --by function` lists.
  const std::vector<Row> functions = TopOf(trace_, {"-n", "1", "--by", "function"});
  EXPECT_EQ(seen["inverted_first"]["value"], functions[0].ranked.bytes);
  EXPECT_EQ(seen["inverted"]["flame"], seen["start"]["flame"]);

  std::size_t threads = 0;
  for (const auto& [name, view] : seen["threads"].items()) {
    if (name.starts_with("All")) continue;
    ++threads;
    const std::string selector = name.find("script") != std::string::npos ? "1" : "main";
    EXPECT_EQ(Card(view, "total"), Total({"--metric", "total", "--thread", selector})) << name;
  }
  EXPECT_EQ(threads, 2U);
  for (const std::string by : {"function", "file", "module", "thread", "line"}) {
    const std::vector<Row> rows = TopOf(trace_, {"-n", "100000", "--by", by});
    EXPECT_EQ(seen["by"][by]["rows"][0]["bytes"], rows[0].ranked.bytes) << by;
    EXPECT_EQ(seen["by"][by]["rows"].size(), std::min<std::size_t>(rows.size(), 15)) << by;
  }
  EXPECT_THAT(seen["opened"], testing::HasSubstr("phases.cc"));
  EXPECT_EQ(seen["themes"], Json::array({"light", "dark"}));
  EXPECT_EQ(seen["wider_than_window"], Json::array({false, false, false})) << "at 1280, 400 and 320 pixels";
}

TEST_F(PageTest, NamesAreText) {
  const fs::path page = PageOf({"report", trace_, "--no-compress"});
  const std::string text = ReadFile(page);
  EXPECT_EQ(text.find(kHostile), std::string::npos);
  EXPECT_FALSE(std::regex_search(
      text, std::regex("(src|href)\\s*=\\s*[\"']?\\s*(https?:|//)|url\\(\\s*[\"']?http|@import")));
  const Json seen = Use(page);
  EXPECT_EQ(seen["problems"], Json::array());
  EXPECT_EQ(Card(seen["start"], "total"), Total({"--metric", "total"}));
}

TEST_F(PageTest, ComparesTwoTraces) {
  const fs::path before = trace_;
  fs::rename(before, traces() / "before.mtr");
  trace_ = ExpectSoundRun({MEMTRACE_PHASES}).trace;
  const Json seen = Use(PageOf({"report", traces() / "before.mtr", trace_}));
  EXPECT_EQ(seen["problems"], Json::array());
  const Json& view = seen["metrics"]["total"];
  EXPECT_EQ(Card(view, "total"), Total({"--metric", "total"}));
  EXPECT_THAT(view["title"], testing::HasSubstr("Changes"));
  std::uint64_t before_bytes = 0;
  for (const Json& row : view["rows"]) before_bytes += row["before_bytes"].get<std::uint64_t>();
  EXPECT_GT(before_bytes, 0U);
}

// An edited program: the page's places are those of `memtrace diff`, also where lines have moved.
TEST_F(PageTest, PlacesOfTwoTracesAreMatchedAsDiffDoes) {
  const fs::path before = ExpectSoundRun({Program("work_before")}).trace;
  const fs::path after = ExpectSoundRun({Program("work_after")}).trace;
  const Json seen = Use(PageOf({"report", before, after}));
  EXPECT_EQ(seen["problems"], Json::array());
  EXPECT_EQ(seen["wider_than_window"], Json::array({false, false, false})) << "at 1280, 400 and 320 pixels";
  for (const std::string metric : {"peak", "total"}) {
    std::multiset<std::pair<std::uint64_t, std::uint64_t>> expected, shown;
    std::string moved;
    const Json diff = MemtraceJson({"diff", before, after, "-n", "1000", "--metric", metric});
    for (const Json& row : diff["rows"]) {
      const std::int64_t now = row["bytes"], change = row["bytes_change"];
      if (change != 0) expected.emplace(now - change, now);
    }
    for (const Json& row : seen["metrics"][metric]["rows"]) {
      if (row["before_bytes"] != row["bytes"]) shown.emplace(row["before_bytes"], row["bytes"]);
      moved += row["text"].get<std::string>();
    }
    EXPECT_FALSE(expected.empty());
    EXPECT_EQ(shown, expected) << metric;
    EXPECT_THAT(moved, testing::HasSubstr("was "));
  }
}

// A program far down in folders without a place to break the line: the page wraps its path, on a telephone
// too.
TEST_F(PageTest, LongPathsWrap) {
  const fs::path folder = traces() / std::string(120, 'd') / std::string(120, 'e');
  fs::create_directories(folder);
  fs::copy_file(Program("work_before"), folder / "before");
  fs::copy_file(Program("work_after"), folder / "after");
  const fs::path before = ExpectSoundRun({folder / "before"}).trace;
  const fs::path after = ExpectSoundRun({folder / "after"}).trace;
  const Json seen = Use(PageOf({"report", before, after}));
  EXPECT_EQ(seen["problems"], Json::array());
  EXPECT_EQ(seen["wider_than_window"], Json::array({false, false, false})) << "at 1280, 400 and 320 pixels";
}

// What `memtrace leaks` makes of each place's curve stands beside it.
TEST_F(PageTest, LeaksAreJudgedAsLeaksJudgesThem) {
  trace_ = ExpectSoundRun({MEMTRACE_PHASES, "x", "22"}).trace;
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::string> expected;
  const Json leaks = MemtraceJson({"leaks", trace_, "-n", "1000"});
  for (const Json& row : leaks["rows"]) {
    expected[{row["bytes"], row["blocks"]}] = row["growth"]["verdict"];
  }
  const Json seen = Use(PageOf({"report", trace_}));
  std::size_t growing = 0;
  for (const Json& leak : seen["start"]["leaks"]) {
    const std::string verdict = expected.at({leak["bytes"], leak["blocks"]});
    const std::string text = leak["growth"];
    EXPECT_EQ(text.starts_with("still growing"), verdict == "growing") << leak["text"];
    EXPECT_EQ(text.starts_with("flat since"), verdict == "flat") << leak["text"];
    growing += verdict == "growing" ? 1 : 0;
  }
  EXPECT_GE(growing, 1U) << "KeepSome goes on to the end";
  for (const Json& leak : seen["ranges"][0]["leaks"])
    EXPECT_EQ(leak["growth"], "") << "of a part nothing is said";
}

TEST_F(PageTest, FlameAlone) {
  const Json seen = Use(PageOf({"flame", trace_, "--metric", "total", "--inverted"}));
  EXPECT_EQ(seen["problems"], Json::array());
  EXPECT_EQ(seen["start"]["flame"], Total({"--metric", "total"}).bytes);
  EXPECT_EQ(seen["ranges"], Json::array());
}

// The page formats sizes by itself, as the command was told to.
TEST_F(PageTest, SizesAreInTheUnitsAskedFor) {
  const std::uint64_t bytes = Total({"--metric", "total"}).bytes;
  const auto flame_text = [this](const char* option) {
    const Json seen = Use(PageOf({"flame", trace_, "--metric", "total", option}));
    EXPECT_EQ(seen["problems"], Json::array());
    return seen["start"]["flame_text"].get<std::string>();
  };
  const std::string si = flame_text("--si");
  EXPECT_THAT(si, testing::ContainsRegex("All: [0-9.]+ (kB|MB) \\([0-9,]+ B\\)"));
  std::string digits = flame_text("--bytes");
  digits = digits.substr(0, digits.find(" B"));
  digits.erase(std::remove(digits.begin(), digits.end(), ','), digits.end());
  EXPECT_EQ(digits, "All: " + std::to_string(bytes));
}

TEST_F(PageTest, SourceOnlyOnRequest) {
  const auto has_source = [this](const std::string& mode) {
    return ReadFile(PageOf({"report", trace_, "--no-compress", "--source=" + mode}))
               .find("cache.push_back(") != std::string::npos;
  };
  EXPECT_FALSE(has_source("none"));
  EXPECT_TRUE(has_source("lines"));
  EXPECT_TRUE(has_source("files"));
}

TEST_F(PageTest, FlameAsAPicture) {
  const Outcome outcome = Memtrace({"flame", trace_, "-o", work() / "flame.svg"});
  EXPECT_EQ(EndOf(outcome), "exit code 0") << outcome.err;
  const std::string svg = ReadFile(work() / "flame.svg");
  EXPECT_THAT(svg, testing::HasSubstr("FillCache"));
  EXPECT_EQ(EndOf(Memtrace({"flame", trace_, "--bytes", "-o", work() / "bytes.svg"})), "exit code 0");
  EXPECT_THAT(ReadFile(work() / "bytes.svg"), testing::Not(testing::HasSubstr("iB (")));
  const Outcome parsed =
      Run({"python3", "-c", "import sys, xml.dom.minidom as m; m.parse(sys.argv[1])", work() / "flame.svg"});
  EXPECT_EQ(EndOf(parsed), "exit code 0") << parsed.err;
}

}  // namespace
}  // namespace memtrace::e2e
