// SPDX-License-Identifier: MIT
// Which frame of a stack is charged.
#include "analyzer/symbolize/attribution.h"

#include <gtest/gtest.h>

namespace memtrace::symbolize {
namespace {

Frame Line(const std::string& function, const std::string& file, std::uint32_t line) {
  Frame frame;
  frame.function = function;
  frame.file = file;
  frame.line = line;
  frame.module = "app";
  frame.module_path = "/bin/app";
  return frame;
}

Frame Library(const std::string& function, const std::string& module) {
  Frame frame;
  frame.function = function;
  frame.module = module;
  frame.module_path = "/usr/lib/" + module;
  return frame;
}

bool IsPlumbing(const std::string& function) {
  return IsAllocationPlumbing(Library(function, "libx.so"));
}

constexpr std::size_t kNone = Attribution::kNone;

TEST(PlumbingTest, IsWhatHandsMemoryOn) {
  for (const char* function : {"operator new(unsigned long)",
                               "operator new[](unsigned long, std::nothrow_t const&)",
                               "Pool::operator new(unsigned long)",
                               "std::vector<int, std::allocator<int> >::push_back(int const&)",
                               "void std::vector<int, std::allocator<int> >::_M_realloc_insert<int>(int&&)",
                               "std::__cxx11::basic_string<char, std::char_traits<char>, "
                               "std::allocator<char> >::_M_create(unsigned long&)",
                               "std::__1::vector<int>::push_back(int)",
                               "__gnu_cxx::new_allocator<int>::allocate(unsigned long)",
                               "std::operator+<char>(char const*)",
                               "xmalloc",
                               "g_malloc0",
                               "g_strdup",
                               "__strdup",
                               "__libc_calloc",
                               "__cxa_allocate_exception",
                               "getline",
                               "asprintf",
                               "zmalloc",
                               "CRYPTO_malloc",
                               "PyMem_RawMalloc"}) {
    EXPECT_TRUE(IsPlumbing(function)) << function;
  }
}

TEST(PlumbingTest, IsNotWhatAllocatesForItself) {
  for (const char* function :
       {"main", "PQexec", "fopen", "store::std::Load()",
        "std::vector<int, std::allocator<int> > store::Make<int>()", "stdext::vector::push(int)",
        "store::getline(int)", "main::{lambda(std::vector<int>)#1}::operator()", "operator newline()",
        "core::Engine::Load()", "alloc::Pool::Grow()", ""}) {
    EXPECT_FALSE(IsPlumbing(function)) << function;
  }
}

TEST(PlumbingTest, KnowsRustsOwnLibraryByItsSources) {
  EXPECT_TRUE(IsAllocationPlumbing(
      Line("alloc::raw_vec::RawVec<T>::grow_one", "/rustc/59807616e/library/alloc/src/raw_vec.rs", 340)));
  EXPECT_FALSE(IsAllocationPlumbing(Line("alloc::Pool::Grow()", "/src/alloc/pool.cc", 12)));
}

TEST(PlumbingTest, KnowsTheRecorder) {
  EXPECT_TRUE(IsAllocationPlumbing(Library("malloc_hook", "libmemtrace.so.1")));
}

TEST(AttributionTest, SkipsToTheProgramsLine) {
  const Attribution result =
      Attribute({Library("operator new(unsigned long)", "libstdc++.so.6"),
                 Line("std::vector<int>::push_back(int)", "/usr/include/stl_vector.h", 1287),
                 Line("store::Add(int)", "/src/store.cc", 88), Line("main", "/src/main.cc", 5)});
  EXPECT_EQ(result.frame, 2U);
  EXPECT_EQ(result.caller_with_line, kNone);
}

TEST(AttributionTest, ChargesALibraryWithoutLinesAndNamesItsCaller) {
  const Attribution result = Attribute({Library("PQexec", "libpq.so.5.15"),
                                        Line("std::invoke<int>(int)", "/usr/include/invoke.h", 60),
                                        Line("Reader::Load()", "/src/reader.cc", 40)});
  EXPECT_EQ(result.frame, 0U);
  EXPECT_EQ(result.caller_with_line, 2U);
}

TEST(AttributionTest, PassesOverNamelessFramesOfALibrary) {
  const std::vector<Frame> stack = {Library("", "libpq.so.5.15"), Library("", "libpq.so.5.15"),
                                    Library("PQgetResult", "libpq.so.5.15"), Line("main", "/src/main.cc", 5)};
  EXPECT_EQ(Attribute(stack).frame, 2U);
  EXPECT_EQ(Attribute(stack).caller_with_line, 3U);
}

TEST(AttributionTest, KeepsANamelessFrameWhereItsLibraryHasNoNames) {
  const Attribution result = Attribute({Library("", "libx.so"), Line("main", "/src/main.cc", 5)});
  EXPECT_EQ(result.frame, 0U);
  EXPECT_EQ(result.caller_with_line, 1U);
}

TEST(AttributionTest, ChargesTheInnermostIfAllIsPlumbing) {
  Frame truncated;
  truncated.function = "[callers unknown]";
  truncated.is_truncated = true;
  EXPECT_EQ(Attribute({Library("g_malloc", "libglib.so"), Library("g_strdup", "libglib.so")}).frame, 0U);
  EXPECT_EQ(Attribute({Library("g_malloc", "libglib.so"), truncated}).frame, 0U);
}

TEST(AttributionTest, ChargesTheInnermostWithoutSkipping) {
  AttributionOptions options;
  options.skip = false;
  const Attribution result = Attribute(
      {Library("operator new(unsigned long)", "libstdc++.so.6"), Line("main", "/src/main.cc", 5)}, options);
  EXPECT_EQ(result.frame, 0U);
  EXPECT_EQ(result.caller_with_line, 1U);
}

Frame Python(const std::string& function, std::uint32_t line) {
  Frame frame = Line(function, "/srv/app.py", line);
  frame.is_python = true;
  return frame;
}

Frame Interpreter(const std::string& function) {
  Frame frame = Library(function, "python3.11");
  frame.is_interpreter = true;
  return frame;
}

TEST(PythonAttributionTest, WhatTheInterpreterDoesIsThePythonLines) {
  const std::vector<Frame> stack = {Interpreter("PyObject_Malloc"),
                                    Interpreter("list_resize"),
                                    Interpreter("_PyEval_EvalFrameDefault"),
                                    Python("load", 12),
                                    Python("<module>", 20),
                                    Interpreter("Py_RunMain")};
  EXPECT_EQ(Attribute(stack).frame, 3U);
  EXPECT_EQ(Attribute(stack).caller_with_line, kNone);
  EXPECT_EQ(Attribute(stack, {.skip = false}).frame, 0U);
}

TEST(PythonAttributionTest, AnInterpreterWithDebugInformationIsStillNotTheLine) {
  Frame inner = Interpreter("list_resize");
  inner.file = "/build/Objects/listobject.c";
  inner.line = 70;
  EXPECT_EQ(Attribute({inner, Python("load", 12)}).frame, 1U);
}

TEST(PythonAttributionTest, LibrariesWithoutLinesAreChargedToThePythonLine) {
  const std::vector<Frame> stack = {Library("PQgetResult", "libpq.so.5.15"), Library("", "_psycopg.so"),
                                    Interpreter("cfunction_call"), Python("fetch", 12)};
  EXPECT_EQ(Attribute(stack).frame, 3U);
}

TEST(PythonAttributionTest, AnExtensionWithDebugInformationHasItsOwnLine) {
  EXPECT_EQ(Attribute({Line("operator new(unsigned long)", "/gcc/new_op.cc", 50),
                       Line("grow", "/src/buffer.c", 40), Interpreter("cfunction_call"), Python("fetch", 12)})
                .frame,
            1U);
  // Its library has none: charged and shown as in any native program.
  const Attribution result = Attribute(
      {Library("inflateInit2_", "libz.so.1"), Line("unpack", "/src/unpack.c", 40), Python("fetch", 12)});
  EXPECT_EQ(result.frame, 0U);
  EXPECT_EQ(result.caller_with_line, 1U);
}

// Its debug information may be installed: that does not make an extension out of it.
TEST(PythonAttributionTest, LinesOfTheCLibraryAreNotAnExtensions) {
  Frame once = Line("__pthread_once_slow", "/glibc/nptl/pthread_once.c", 116);
  once.module = "libc.so.6";
  EXPECT_EQ(Attribute({Library("OPENSSL_LH_insert", "libcrypto.so.3"), once, Python("digest", 12)}).frame,
            2U);
}

TEST(PythonAttributionTest, NativeCodeAroundPythonDoesNotMatter) {
  EXPECT_EQ(Attribute({Python("on_event", 7), Interpreter("PyObject_Call"), Line("main", "/src/embed.c", 90)})
                .frame,
            0U);
}

// Before the first Python frame and after the last one the interpreter is a program like any other.
TEST(PythonAttributionTest, WithoutPythonFramesTheInterpreterIsCharged) {
  EXPECT_EQ(Attribute({Library("PyMem_RawMalloc", "python3.11"), Interpreter("Py_InitializeFromConfig"),
                       Library("_start", "python3.11")})
                .frame,
            1U);
}

TEST(PythonAttributionTest, PythonNamesAreNoPlumbing) {
  EXPECT_EQ(Attribute({Python("getline", 3), Python("main", 9)}).frame, 0U);
  EXPECT_EQ(Attribute({Python("calloc", 3), Python("main", 9)}).frame, 0U);
}

}  // namespace
}  // namespace memtrace::symbolize
