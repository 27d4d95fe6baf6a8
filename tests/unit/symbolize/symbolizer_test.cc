// SPDX-License-Identifier: MIT
// Frames of the fixture's calls, whose places the fixture itself tells; and of pcs that have no source.
#include "analyzer/symbolize/symbolizer.h"

#include <gtest/gtest.h>

#include <fstream>
#include <map>

#include "analyzer/symbolize/function_name.h"
#include "fixtures.h"

namespace memtrace::symbolize {
namespace {

// The fixture compiled in several ways; every test holds for all of them.
class SymbolizerTest : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (!HasFixture(GetParam())) GTEST_SKIP() << "no compiler for the fixture " << GetParam() << " was found";
    fixture_ = LoadFixture(GetParam());
  }

  std::vector<Frame> FramesOf(const std::string& label, SymbolizerOptions options = {}) const {
    const model::Trace trace = TraceOf(fixture_, {PcOf(fixture_.Call(label))});
    return Symbolizer(trace, std::move(options)).FramesOf(1);
  }

  LoadedFixture fixture_;
};

INSTANTIATE_TEST_SUITE_P(Fixtures, SymbolizerTest, testing::Values("full", "dwarf4", "split", "clang"),
                         FixtureOf);

TEST_P(SymbolizerTest, FindsEveryCallsLine) {
  ASSERT_EQ(fixture_.calls.size(), 7U);
  for (const FixtureCall& call : fixture_.calls) {
    const std::vector<Frame> frames = FramesOf(call.label);
    EXPECT_EQ(frames[0].line, static_cast<std::uint32_t>(call.line)) << call.label;
    EXPECT_TRUE(frames[0].file.ends_with("/symbolize/fixture/fixture.cc")) << frames[0].file;
    EXPECT_TRUE(frames[0].file.starts_with("/")) << frames[0].file;
    EXPECT_EQ(frames[0].module, "libfixture_" + std::string(GetParam()) + ".so");
    EXPECT_EQ(frames[0].pc - fixture_.load_bias, frames[0].module_address);
  }
}

// A function's code goes to its closing brace; that of one which is inlined everywhere only to its last
// statement.
TEST_P(SymbolizerTest, KnowsTheLastLineOfAFunction) {
  const auto frames_and_lines = [this](const std::string& label) {
    const model::Trace trace = TraceOf(fixture_, {PcOf(fixture_.Call(label))});
    Symbolizer symbolizer(trace);
    std::vector<std::pair<Frame, std::uint32_t>> found;
    for (const Frame& frame : symbolizer.FramesOf(1)) found.emplace_back(frame, symbolizer.LastLineOf(frame));
    return found;
  };
  const auto inlined = frames_and_lines("inlined twice");
  ASSERT_EQ(inlined.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i)
    EXPECT_EQ(inlined[i].second, inlined[i].first.line + (i == 2 ? 1 : 0)) << inlined[i].first.function;
  for (const char* label : {"anonymous namespace", "static function", "C function"}) {
    const auto& [frame, last] = frames_and_lines(label)[0];
    EXPECT_EQ(last, frame.line + 1) << label << ": the brace stands in the line behind the call";
  }
  for (const char* label : {"template member", "local class"}) {
    const auto& [frame, last] = frames_and_lines(label)[0];
    EXPECT_EQ(last, frame.line) << label << ": all of it is one line";
  }
}

TEST_P(SymbolizerTest, UnfoldsInlinedCallsInnermostFirst) {
  const std::vector<Frame> frames = FramesOf("inlined twice");
  ASSERT_EQ(frames.size(), 3U);
  EXPECT_EQ(QualifiedName(frames[0].function), "store::InnermostInlined");
  EXPECT_EQ(QualifiedName(frames[1].function), "store::MiddleInlined");
  EXPECT_EQ(QualifiedName(frames[2].function), "store::OuterFunction");
  EXPECT_TRUE(frames[0].is_inlined);
  EXPECT_TRUE(frames[1].is_inlined);
  EXPECT_FALSE(frames[2].is_inlined);
  // The calls stand four lines apart: three of each function's end and the empty line between them.
  EXPECT_EQ(frames[1].line, frames[0].line + 4);
  EXPECT_EQ(frames[2].line, frames[1].line + 5);
}

TEST_P(SymbolizerTest, TellsWhereFunctionsBegin) {
  std::ifstream source(FramesOf("inlined twice")[0].file);
  std::vector<std::string> lines(1);  // lines count from 1
  for (std::string line; std::getline(source, line);) lines.push_back(line);
  for (const Frame& frame : FramesOf("inlined twice")) {
    ASSERT_LT(frame.function_line, frame.line);
    ASSERT_LT(frame.line, lines.size());
    const std::string name = QualifiedName(frame.function).substr(std::string("store::").size());
    EXPECT_NE(lines[frame.function_line].find(name + "("), std::string::npos) << lines[frame.function_line];
  }
}

TEST_P(SymbolizerTest, WithoutInlinesGivesTheFunctionThatHoldsTheCode) {
  SymbolizerOptions options;
  options.inlines = false;
  const std::vector<Frame> all = FramesOf("inlined twice");
  const std::vector<Frame> frames = FramesOf("inlined twice", options);
  ASSERT_EQ(frames.size(), 1U);
  EXPECT_EQ(frames[0].function, all.back().function);
  EXPECT_EQ(frames[0].line, all.back().line);
  EXPECT_FALSE(frames[0].is_inlined);
}

TEST_P(SymbolizerTest, NamesFunctionsOfAllKinds) {
  const std::map<std::string, std::string> expected = {
      {"anonymous namespace", "store::(anonymous namespace)::Hidden::Method"},
      {"static function", "StaticFunction"},
      {"C function", "fixture_c_function"},
      {"template member", "store::Table<std::string, std::vector<int>>::Insert"},
      {"local class", "store::RunLocalClass::Local::Method"},
  };
  for (const auto& [label, name] : expected) {
    EXPECT_EQ(DisplayName(FramesOf(label)[0].function), name) << FramesOf(label)[0].function;
  }
}

TEST_P(SymbolizerTest, NamesLambdasReadably) {
  const std::string name = QualifiedName(FramesOf("lambda")[0].function);
  EXPECT_TRUE(name.starts_with("store::RunLambda::{lambda")) << name;
  EXPECT_TRUE(name.ends_with("}::operator()")) << name;
}

// The byte behind a call belongs to the next line; an interrupted pc is the instruction itself.
TEST_P(SymbolizerTest, LooksUpReturnAddressesInTheCall) {
  const FixtureCall& call = fixture_.Call("static function");
  const model::Trace as_return = TraceOf(fixture_, {PcOf(call)});
  const model::Trace as_instruction = TraceOf(fixture_, {PcOf(call)}, /*is_exact=*/true);
  const Frame in_call = Symbolizer(as_return).FramesOf(1)[0];
  const Frame behind = Symbolizer(as_instruction).FramesOf(1)[0];
  EXPECT_EQ(in_call.line, static_cast<std::uint32_t>(call.line));
  EXPECT_EQ(behind.function, in_call.function);
  EXPECT_EQ(behind.pc, in_call.pc);
}

class SpecialFramesTest : public testing::Test {
 protected:
  void SetUp() override { fixture_ = LoadFixture("full"); }
  LoadedFixture fixture_;
};

TEST_F(SpecialFramesTest, CodeWithoutModuleIsNamedByItsAddress) {
  model::Trace trace = TraceOf(fixture_, {0x7f0012345678});
  trace.sites[1].module = model::kNoModule;
  trace.sites[1].is_guessed = true;
  const Frame frame = Symbolizer(trace).FramesOf(1)[0];
  EXPECT_EQ(frame.function, "0x7f0012345678 (no module)");
  EXPECT_TRUE(frame.module.empty());
  EXPECT_TRUE(frame.is_guessed);
}

TEST_F(SpecialFramesTest, TheEndOfATruncatedStackIsNoFunction) {
  model::Trace trace = TraceOf(fixture_, {format::kTruncatedPc});
  trace.sites[1].module = model::kNoModule;
  const Frame frame = Symbolizer(trace).FramesOf(1)[0];
  EXPECT_EQ(frame.function, "[callers unknown]");
  EXPECT_TRUE(frame.is_truncated);
}

TEST_F(SpecialFramesTest, FramesThatShareANodeHaveNoAddress) {
  model::Trace trace = TraceOf(fixture_, {format::kManyCodesPc});
  trace.sites[1].module = model::kNoModule;
  EXPECT_EQ(Symbolizer(trace).FramesOf(1)[0].function, "[code made at run time]");
}

TEST_F(SpecialFramesTest, TheKernelsOwnModuleIsNoProblem) {
  model::Trace trace = TraceOf(fixture_, {0x7fff1000});
  trace.modules[0].path = "[vdso]";
  Symbolizer symbolizer(trace);
  EXPECT_EQ(symbolizer.FramesOf(1)[0].module, "[vdso]");
  EXPECT_TRUE(symbolizer.problems().empty());
}

TEST_F(SpecialFramesTest, StacksGoFromInnermostToOutermost) {
  model::Trace trace =
      TraceOf(fixture_, {PcOf(fixture_.Call("C function")), PcOf(fixture_.Call("inlined twice"))});
  trace.sites[2].parent = 1;
  Symbolizer symbolizer(trace);
  const std::vector<Frame> stack = symbolizer.StackOf(2);
  ASSERT_EQ(stack.size(), 4U);
  EXPECT_EQ(QualifiedName(stack[0].function), "store::InnermostInlined");
  EXPECT_EQ(stack[3].function, "fixture_c_function");
}

TEST_F(SpecialFramesTest, StackPointersAreTheSameStack) {
  model::Trace trace =
      TraceOf(fixture_, {PcOf(fixture_.Call("C function")), PcOf(fixture_.Call("inlined twice"))});
  trace.sites[2].parent = 1;
  Symbolizer symbolizer(trace);
  const std::vector<Frame> stack = symbolizer.StackOf(2);
  const std::vector<const Frame*> pointers = symbolizer.StackPointersOf(2);
  ASSERT_EQ(pointers.size(), stack.size());
  for (std::size_t i = 0; i < stack.size(); ++i) EXPECT_EQ(pointers[i]->function, stack[i].function);
  EXPECT_EQ(pointers[3], &symbolizer.FramesOf(1)[0]);
}

TEST_F(SpecialFramesTest, DamagedTreesAndNodesDoNoHarm) {
  model::Trace trace = TraceOf(fixture_, {PcOf(fixture_.Call("C function")), PcOf(fixture_.Call("lambda"))});
  trace.sites[1].parent = 2;
  trace.sites[2].parent = 1;
  Symbolizer symbolizer(trace);
  EXPECT_EQ(symbolizer.StackOf(1).size(), 1U);
  EXPECT_EQ(symbolizer.StackOf(2).size(), 2U);
  EXPECT_TRUE(symbolizer.StackOf(99).empty());
  EXPECT_TRUE(symbolizer.StackOf(0).empty());
  EXPECT_EQ(symbolizer.FramesOf(99).size(), 1U);
}

TEST_F(SpecialFramesTest, FramesStayWhereTheyAre) {
  const model::Trace trace =
      TraceOf(fixture_, std::vector<std::uint64_t>(1000, PcOf(fixture_.Call("lambda"))));
  Symbolizer symbolizer(trace);
  const std::vector<Frame>& first = symbolizer.FramesOf(1);
  for (model::NodeId node = 2; node <= 1000; ++node) EXPECT_EQ(&symbolizer.FramesOf(node), &first);
}

// One file at two addresses, as after dlclose and dlopen.
TEST_F(SpecialFramesTest, AModuleLoadedTwiceIsLookedUpAtBothPlaces) {
  const std::uint64_t pc = PcOf(fixture_.Call("lambda"));
  model::Trace trace = TraceOf(fixture_, {pc, pc + 0x1000});
  trace.modules.push_back(trace.modules[0]);
  trace.modules[1].load_bias += 0x1000;
  trace.sites[2].module = 1;
  Symbolizer symbolizer(trace);
  EXPECT_EQ(symbolizer.FramesOf(1)[0].line, symbolizer.FramesOf(2)[0].line);
  EXPECT_NE(symbolizer.FramesOf(1)[0].pc, symbolizer.FramesOf(2)[0].pc);
}

}  // namespace
}  // namespace memtrace::symbolize
