// SPDX-License-Identifier: MIT
// Every command that reads a trace, as a person types it, on two fixed traces: what it prints or writes, word
// for word. The sample program and its names stand in the trace, so nothing of the machine comes in.
//
//     before.mtr    tests/unit/report/sample_program.h
//     after.mtr     the same program some days later: more postings, no second query, sessions that pile up
#include <cctype>
#include <regex>
#include <string_view>

#include "analyzer/reader/symbols_codec.h"
#include "tests/e2e/harness/fixture.h"
#include "tests/golden/golden_file.h"
#include "tests/golden/proto_text.h"
#include "tests/golden/sample_symbols.h"
#include "tests/unit/report/sample_program.h"

namespace memtrace::e2e {
namespace {

struct GoldenCommand {
  const char* name;  // the file with what is expected
  std::vector<std::string> words;
  int exit_code = 0;
};

void PrintTo(const GoldenCommand& command, std::ostream* out) {
  *out << command.name;
}

std::string NameOf(const ::testing::TestParamInfo<GoldenCommand>& info) {
  std::string name = info.param.name;
  for (char& c : name) {
    if (isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
  }
  return name;
}

class GoldenCommandsTest : public EndToEnd, public ::testing::WithParamInterface<GoldenCommand> {
 protected:
  void SetUp() override {
    const std::string symbols = reader::EncodeSymbols(memtrace::testing::SampleSymbols());
    for (const bool is_later : {false, true}) {
      memtrace::testing::SampleTrace(is_later)
          .Chunk(format::ChunkKind::kSymbols, symbols)
          .WriteTo(work() / (is_later ? "after.mtr" : "before.mtr"));
    }
  }
};

TEST_P(GoldenCommandsTest, SaysWhatItAlwaysSaid) {
  Command command{MemtracePath()};
  command.argv.insert(command.argv.end(), GetParam().words.begin(), GetParam().words.end());
  const Outcome outcome = Run(command.With("TZ", "UTC"));
  EXPECT_EQ(EndOf(outcome), "exit code " + std::to_string(GetParam().exit_code)) << outcome.err;
  const std::string name = GetParam().name;
  std::string text = outcome.out;
  for (const char* file : {"out.txt", "out.html", "out.svg"}) {
    if (fs::exists(work() / file)) text += ReadFile(work() / file);
  }
  if (name.ends_with(".pprof.txt")) text = memtrace::testing::PprofAsText(text);
  if (name.ends_with(".heaptrack.txt")) text = memtrace::testing::Unzipped(text);
  // Of a page its data; what draws it is tested in a browser.
  if (name.ends_with(".page.json")) {
    constexpr std::string_view kBegin = "data-encoding=\"json\">";
    const std::size_t begin = text.find(kBegin) + kBegin.size();
    text = text.substr(begin, text.find("</script>", begin) - begin) + "\n";
    text = std::regex_replace(text, std::regex(",\"(?=[a-z_]+\":)"), ",\n\"");
  }
  // How much room a file takes is the file system's and the compressor's matter.
  if (name == "pack.txt") text = std::regex_replace(text, std::regex("[0-9.]+( B| KiB|%)"), "N$1");
  // The version stands in what other tools read.
  text = std::regex_replace(text, std::regex("memtrace [0-9]+\\.[0-9]+(\\.[0-9]+)?"), "memtrace VERSION");
  memtrace::testing::ExpectGolden(MEMTRACE_GOLDEN_EXPECTED, name, text);
}

using Words = std::vector<std::string>;
const GoldenCommand kCommands[] = {
    {"top.txt", {"top", "before.mtr"}},
    {"top_traceback.txt", {"top", "before.mtr", "--by", "traceback", "-n", "3"}},
    {"top_si.txt", {"top", "before.mtr", "--si", "--metric", "total"}},
    {"top_bytes.txt", {"top", "before.mtr", "--bytes", "--by", "function"}},
    {"top.json", {"top", "before.mtr", "-n", "2", "--json"}},
    {"leaks.txt", {"leaks", "after.mtr"}},
    {"leaks_exit_code.txt", {"leaks", "after.mtr", "--min-bytes", "10000", "--error-exitcode", "9"}, 9},
    {"leaks.json", {"leaks", "after.mtr", "-n", "2", "--json"}},
    {"tree.txt", {"tree", "before.mtr"}},
    {"tree_inverted.txt", {"tree", "before.mtr", "--inverted", "--metric", "total"}},
    {"tree.json", {"tree", "before.mtr", "--json", "--depth", "2"}},
    {"lines.txt", {"lines", "before.mtr", "posting.cpp"}},
    {"lines_function.txt", {"lines", "before.mtr", "Arena::reserve"}},
    {"lines.json", {"lines", "before.mtr", "load", "--json"}},
    {"diff.txt", {"diff", "before.mtr", "after.mtr"}},
    {"diff_moments.txt", {"diff", "before.mtr", "--at", "loaded", "--at", "done"}},
    {"diff_plain.txt", {"diff", "before.mtr", "after.mtr", "--plain"}},
    {"diff.json", {"diff", "before.mtr", "after.mtr", "--json", "-n", "1"}},
    {"compare.txt", {"compare", "old=before.mtr", "new=after.mtr"}},
    {"compare_causes.txt", {"compare", "after.mtr", "--causes"}},
    {"compare_causes_at.md", {"compare", "after.mtr", "--causes", "--at", "peak", "--markdown"}},
    {"compare_causes.csv", {"compare", "after.mtr", "--causes", "--csv"}},
    {"compare.md", {"compare", "before.mtr", "after.mtr", "--markdown"}},
    {"compare.csv", {"compare", "before.mtr", "after.mtr", "--csv"}},
    {"compare.svg", {"compare", "before.mtr", "after.mtr", "--svg", "--slices", "20"}},
    {"compare.json", {"compare", "before.mtr", "after.mtr", "--json"}},
    {"timeline.txt", {"timeline", "before.mtr", "--x", "64", "--y", "10"}},
    {"timeline_si.txt", {"timeline", "before.mtr", "--x", "64", "--y", "10", "--si"}},
    {"timeline_process.txt", {"timeline", "after.mtr", "--process", "--x", "64", "--y", "10"}},
    {"timeline.csv", {"timeline", "before.mtr", "--csv", "--slices", "10"}},
    {"timeline.svg", {"timeline", "before.mtr", "--svg", "--slices", "10"}},
    {"timeline.json", {"timeline", "before.mtr", "--json", "--slices", "4"}},
    {"stats.txt", {"stats", "before.mtr"}},
    {"stats.json", {"stats", "before.mtr", "--json"}},
    {"summary.txt", {"summary", "after.mtr"}},
    {"summary_at.txt", {"summary", "after.mtr", "--at", "done"}},
    {"summary_at.json", {"summary", "after.mtr", "--at", "3s", "--json"}},
    {"summary.json", {"summary", "after.mtr", "--json"}},
    {"check_ok.txt", {"check", "before.mtr", "--max-peak", "2MiB"}},
    {"check_broken.txt",
     {"check", "after.mtr", "--max-peak", "1MiB", "--baseline", "before.mtr", "--max-growth", "5%"},
     1},
    {"check.json", {"check", "after.mtr", "--max-count", "100", "-n", "1", "--json"}, 1},
    {"info.txt", {"info", "before.mtr"}},
    {"info.json", {"info", "before.mtr", "--json"}},
    {"dump.txt", {"dump", "before.mtr", "-n", "12"}},
    {"dump.json", {"dump", "before.mtr", "-n", "2", "--json"}},
    {"flame.svg", {"flame", "before.mtr", "-o", "out.svg"}},
    {"flame_inverted_bytes.svg",
     {"flame", "before.mtr", "--inverted", "--bytes", "--metric", "total", "-o", "out.svg"}},
    {"flame.page.json", {"flame", "before.mtr", "--no-compress", "-o", "out.html"}},
    {"report.page.json", {"report", "after.mtr", "--no-compress", "--source=lines", "-o", "out.html"}},
    {"report_si.page.json", {"report", "before.mtr", "after.mtr", "--si", "--no-compress", "-o", "out.html"}},
    {"export.pprof.txt", {"export", "-f", "pprof", "-o", "-", "before.mtr"}},
    {"export.heaptrack.txt", {"export", "-f", "heaptrack", "-o", "-", "before.mtr"}},
    {"export.folded", {"export", "-f", "folded", "-o", "-", "before.mtr"}},
    {"export.speedscope.json", {"export", "-f", "speedscope", "-o", "-", "before.mtr"}},
    {"export.dhat.json", {"export", "-f", "dhat", "-o", "-", "before.mtr"}},
    {"export.massif", {"export", "-f", "massif", "-o", "-", "before.mtr"}},
    {"export.chrome.json", {"export", "-f", "chrome", "-o", "-", "before.mtr"}},
    {"export.heapprofile", {"export", "-f", "heapprofile", "-o", "-", "before.mtr"}},
    {"export.mprof.dat", {"export", "-f", "mprof", "-o", "-", "before.mtr"}},
    {"export.csv", {"export", "-f", "csv", "-o", "-", "before.mtr"}},
    {"export.json", {"export", "-f", "json", "-o", "-", "before.mtr"}},
    {"pack.txt", {"pack", "before.mtr", "-o", "packed.mtr", "--sources"}},
};

INSTANTIATE_TEST_SUITE_P(Commands, GoldenCommandsTest, ::testing::ValuesIn(kCommands), NameOf);

// A packed trace says the same as the one it was made of.
TEST_P(GoldenCommandsTest, OfAPackedTraceItSaysTheSame) {
  const Words& words = GetParam().words;
  const bool is_about_the_file = words[0] == "dump" || words[0] == "info" || words[0] == "pack";
  if (is_about_the_file) return;
  Command plain{MemtracePath()}, packed{MemtracePath()};
  plain.argv.insert(plain.argv.end(), words.begin(), words.end());
  const Outcome before = Run(plain);
  for (const char* trace : {"before.mtr", "after.mtr"}) {
    EXPECT_EQ(EndOf(Memtrace({"pack", "--in-place", "--sources", trace})), "exit code 0");
  }
  const std::regex file_bytes("\"file_bytes\": [0-9]+");
  EXPECT_EQ(std::regex_replace(Run(plain).out, file_bytes, ""),
            std::regex_replace(before.out, file_bytes, ""));
}

}  // namespace
}  // namespace memtrace::e2e
