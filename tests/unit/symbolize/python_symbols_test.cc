// SPDX-License-Identifier: MIT
// Frames of Python sites, and the text of their lines.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "analyzer/symbolize/collect_symbols.h"
#include "analyzer/symbolize/source_cache.h"
#include "analyzer/symbolize/symbolizer.h"

namespace memtrace::symbolize {
namespace {

namespace fs = std::filesystem;

// Python sites of one code object each: "load" in `file`, from line 40 on; every second unit is a line more.
class PythonSymbolsTest : public ::testing::Test {
 protected:
  PythonSymbolsTest() {
    std::string pattern = (fs::temp_directory_path() / "memtrace_python_XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) std::abort();
    folder_ = pattern;
    trace_.info.working_directory = pattern;
    trace_.sites.resize(1);
  }
  ~PythonSymbolsTest() override { fs::remove_all(folder_); }

  model::NodeId Site(const std::string& file, std::uint32_t unit) {
    model::PythonCode code;
    code.id = static_cast<std::uint32_t>(trace_.python_codes.size() + 1);
    code.first_line = 40;
    code.table_kind = format::PythonLineTable::kLines310;
    code.name = "Cache.load";
    code.file = file;
    for (int i = 0; i < 20; ++i) code.line_table += "\x04\x01";  // four bytes a line
    trace_.python_codes.push_back(code);
    model::Site site;
    site.is_python = true;
    site.pc = std::uint64_t{code.id} << format::kPythonCodeShift | unit;
    trace_.sites.push_back(site);
    return static_cast<model::NodeId>(trace_.sites.size() - 1);
  }

  Frame FrameOf(model::NodeId node) const {
    Symbolizer symbolizer(trace_);
    return symbolizer.FramesOf(node).front();
  }

  void Write(const std::string& name, const std::string& first_line) const {
    std::ofstream file(folder_ / name);
    file << first_line << "\n";
    for (int line = 2; line < 60; ++line) file << "line " << line << "\n";
  }

  model::Trace trace_;
  fs::path folder_;
};

TEST_F(PythonSymbolsTest, AFrameHasItsCodesNameFileAndLine) {
  const Frame frame = FrameOf(Site("/srv/app/site-packages/cache/table.py", 5));
  EXPECT_TRUE(frame.is_python);
  EXPECT_EQ(frame.function, "Cache.load");
  EXPECT_EQ(frame.file, "/srv/app/site-packages/cache/table.py");
  EXPECT_EQ(frame.line, 43U);  // bytes 8 to 11
  EXPECT_EQ(frame.function_line, 40U);
  EXPECT_EQ(frame.module, "cache");
  EXPECT_FALSE(frame.is_plumbing.value());
}

TEST_F(PythonSymbolsTest, WithoutAPlaceTheFunctionsOwnLineCounts) {
  EXPECT_EQ(FrameOf(Site("app.py", format::kPythonOffsetUnknown)).line, 40U);
  EXPECT_EQ(FrameOf(Site("app.py", 5000)).line, 40U);
  EXPECT_EQ(FrameOf(Site("app.py", 0)).file, (folder_ / "app.py").string());
}

TEST_F(PythonSymbolsTest, CodeThatIsNotInTheTraceIsSaidToBeSo) {
  const model::NodeId node = Site("app.py", 0);
  trace_.python_codes.clear();
  EXPECT_EQ(FrameOf(node).function, "[Python code that is not in the trace]");
  EXPECT_FALSE(FrameOf(node).has_line());
}

// A node of Python and one of native code may have the same number.
TEST_F(PythonSymbolsTest, NumbersOfCodeAreNoAddresses) {
  const model::NodeId python = Site("app.py", 4);
  model::Site native = trace_.sites[python];
  native.is_python = false;
  trace_.sites.push_back(native);
  Symbolizer symbolizer(trace_);
  EXPECT_EQ(symbolizer.FramesOf(python).front().function, "Cache.load");
  EXPECT_NE(symbolizer.FramesOf(python + 1).front().function, "Cache.load");
}

TEST_F(PythonSymbolsTest, OnlyPythonsSourcesAreShown) {
  Write("app.py", "import os");
  Write("run", "#!/usr/bin/python3");
  Write("secret", "password");
  SourceCache sources;
  EXPECT_EQ(sources.PythonLine((folder_ / "app.py").string(), 42), "line 42");
  EXPECT_EQ(sources.PythonLine((folder_ / "run").string(), 42), "line 42");
  EXPECT_EQ(sources.PythonLine((folder_ / "secret").string(), 42), std::nullopt);
}

TEST_F(PythonSymbolsTest, APackedTraceBringsTheTextOfItsPythonLines) {
  Write("app.py", "import os");
  Write("secret", "password");
  Site("app.py", 4);
  Site("secret", 4);
  Symbolizer symbolizer(trace_);
  SourceCache sources;
  const model::Symbols symbols = CollectSymbols(trace_, symbolizer, &sources).symbols;
  EXPECT_TRUE(symbols.modules.empty());  // names are in the trace's own code objects
  ASSERT_EQ(symbols.sources.size(), 1U);
  fs::remove(folder_ / "app.py");
  SourceCache packed(&symbols);
  EXPECT_EQ(packed.PythonLine((folder_ / "app.py").string(), 43), "line 43");
}

}  // namespace
}  // namespace memtrace::symbolize
