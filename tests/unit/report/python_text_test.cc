// SPDX-License-Identifier: MIT
// What reports say about Python, and Python's frames in rows and chains.
#include "analyzer/report/python_text.h"

#include <gtest/gtest.h>

#include "analyzer/report/function_text.h"
#include "analyzer/report/row_text.h"
#include "tests/unit/report/made_up_stacks.h"

namespace memtrace::report {
namespace {

using format::PythonSupport;
using testing::LibraryFrame;
using testing::LineFrame;

symbolize::Frame PythonFrame(const std::string& function, const std::string& file, std::uint32_t line) {
  symbolize::Frame frame = LineFrame(function, file, line, file);
  frame.is_python = true;
  return frame;
}

symbolize::Frame InterpreterFrame(const std::string& function) {
  symbolize::Frame frame = LibraryFrame(function, "/usr/bin/python3.11");
  frame.is_interpreter = true;
  return frame;
}

model::Trace TraceWith(std::uint32_t hex_version, PythonSupport support = PythonSupport::kFull) {
  model::Trace trace;
  trace.python_runtimes.push_back({0, hex_version, support, "no offsets", format::PythonReuse::kUnseen});
  return trace;
}

TEST(PythonVersionTextTest, ReadsTheHexadecimalVersion) {
  EXPECT_EQ(PythonVersionText(0x030b02f0), "3.11.2");
  EXPECT_EQ(PythonVersionText(0x030f00a1), "3.15.0a1");
  EXPECT_EQ(PythonVersionText(0x030e00b3), "3.14.0b3");
  EXPECT_EQ(PythonVersionText(0x030e00c2), "3.14.0rc2");
  EXPECT_EQ(PythonVersionText(0), "of unknown version");
}

TEST(PythonRuntimeTextTest, SaysWhatIsRecordedAndWhyNotMore) {
  EXPECT_EQ(PythonRuntimeText({0, 0x030b02f0, PythonSupport::kFull, ""}), "3.11.2: objects with their lines");
  EXPECT_EQ(PythonRuntimeText({0, 0x030f00f0, PythonSupport::kNoStacks, "its layout is not known"}),
            "3.15.0: objects without lines: its layout is not known");
  EXPECT_EQ(PythonRuntimeText({0, 0, PythonSupport::kNotVisible, "PyPy\x1b"}),
            "of unknown version: objects not visible: PyPy\xEF\xBF\xBD");
}

TEST(FreeListRemarkTest, IsAboutInterpretersThatDoNotTell) {
  EXPECT_EQ(FreeListRemark(TraceWith(0x030b02f0)),
            "Python 3.11 reuses some freed objects: those count for the line that allocated them first.\n");
  model::Trace telling = TraceWith(0x030d00f0);
  EXPECT_NE(FreeListRemark(telling), "");
  telling.python_runtimes[0].reuse = format::PythonReuse::kSeen;
  EXPECT_EQ(FreeListRemark(telling), "");
  telling.python_runtimes[0].reuse = format::PythonReuse::kLost;
  EXPECT_NE(FreeListRemark(telling), "");
  EXPECT_EQ(FreeListRemark(TraceWith(0x030b02f0, PythonSupport::kNoStacks)), "");
  EXPECT_EQ(FreeListRemark({}), "");
}

TEST(ArenasTextTest, SaysHowFullTheyAre) {
  aggregate::PythonHeap heap;
  EXPECT_EQ(ArenasText(heap), "");
  heap.arenas = {4 << 20, 4};
  heap.in_arenas = {3 << 20, 70000};
  EXPECT_EQ(ArenasText(heap), "4096 KiB in 4 arenas, 3072 KiB of them in use (75.0%)");
}

TEST(PythonFunctionTextTest, NamesStayAsTheyAre) {
  for (const char* name : {"<module>", "Cache.load.<locals>.<listcomp>", "operator", "R\xC3\xA9sum\xC3\xA9.f",
                           "A_class_with_a_long_name.a_method_with_a_long_name.<locals>.<lambda>"}) {
    EXPECT_EQ(FunctionText(PythonFrame(name, "/srv/app.py", 3)), name);
  }
  EXPECT_EQ(FunctionText(PythonFrame("a\nb", "/srv/app.py", 3)),
            "a\xEF\xBF\xBD"
            "b");
}

// Names of older interpreters are not qualified: every class may have an "__init__".
TEST(PythonFunctionTextTest, FunctionsAreToldApartByFileAndFirstLine) {
  symbolize::Frame first = PythonFrame("__init__", "/srv/app.py", 12);
  symbolize::Frame second = PythonFrame("__init__", "/srv/app.py", 50);
  first.function_line = 10;
  second.function_line = 40;
  EXPECT_NE(FunctionIdentity(first), FunctionIdentity(second));
  second.function_line = 10;
  EXPECT_EQ(FunctionIdentity(first), FunctionIdentity(second));
  second.file = "/srv/other.py";
  EXPECT_NE(FunctionIdentity(first), FunctionIdentity(second));
}

TEST(PythonChainTextTest, LeavesOutTheInterpreter) {
  const std::vector<symbolize::Frame> stack = {
      InterpreterFrame("list_resize"),    PythonFrame("load", "/srv/app.py", 12),
      InterpreterFrame("_PyEval_Vector"), PythonFrame("<module>", "/srv/app.py", 20),
      InterpreterFrame("Py_BytesMain"),   LibraryFrame("__libc_start_call_main", "/lib/libc.so.6")};
  EXPECT_EQ(ChainText(testing::PointersTo(stack), 1), "load <- <module> of app.py");
  EXPECT_EQ(ChainText(testing::PointersTo(stack), 0, false),
            "list_resize <- load <- _PyEval_Vector <- <module> of app.py <- Py_BytesMain");
}

TEST(PythonChainTextTest, LeavesOutTheImportSystemAndNamesModules) {
  const std::string importlib = "<frozen importlib._bootstrap>";
  const std::vector<symbolize::Frame> stack = {
      PythonFrame("<module>", "/usr/lib/python3.11/json/__init__.py", 106),
      PythonFrame("_call_with_frames_removed", importlib, 241),
      PythonFrame("_find_and_load", importlib, 1178), PythonFrame("<module>", "app.py", 1)};
  EXPECT_EQ(ChainText(testing::PointersTo(stack), 0), "<module> of json/__init__.py <- <module> of app.py");
  EXPECT_EQ(ChainText(testing::PointersTo(stack), 1),
            "_call_with_frames_removed <- <module> of app.py");  // charged: shown
}

TEST(NativeChainTextTest, NamesTheNativeCodeBelowAPythonLine) {
  const std::vector<symbolize::Frame> stack = {
      LibraryFrame("malloc", "/lib/libc.so.6"), LibraryFrame("PQgetResult", "/lib/libpq.so.5"),
      LibraryFrame("", "/lib/_psycopg.so"), InterpreterFrame("cfunction_call"),
      PythonFrame("fetch", "/srv/app.py", 12)};
  EXPECT_EQ(NativeChainText(testing::PointersTo(stack), 4), "PQgetResult in libpq.so.5 <- ?? in _psycopg.so");
  EXPECT_EQ(NativeChainText(testing::PointersTo(stack), 1),
            "");  // a native frame is charged: the chain has it all
  const std::vector<symbolize::Frame> stripped = {LibraryFrame("", "/lib/libcrypto.so.3"),
                                                  LibraryFrame("EVP_do_all", "/lib/libcrypto.so.3"),
                                                  PythonFrame("digest", "/srv/app.py", 12)};
  EXPECT_EQ(NativeChainText(testing::PointersTo(stripped), 2), "EVP_do_all in libcrypto.so.3");
  const std::vector<symbolize::Frame> own = {InterpreterFrame("list_resize"),
                                             PythonFrame("fetch", "/srv/app.py", 12)};
  EXPECT_EQ(NativeChainText(testing::PointersTo(own), 1), "");
}

}  // namespace
}  // namespace memtrace::report
