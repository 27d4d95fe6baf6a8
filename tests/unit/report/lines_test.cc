// SPDX-License-Identifier: MIT
// Which lines a listing has, and how far the functions around them go.
#include "analyzer/report/lines.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/report/made_up_profile.h"
#include "tests/unit/report/made_up_stacks.h"

namespace memtrace::report {
namespace {

using ::testing::HasSubstr;
using testing::LineFrame;
using ::testing::Not;

TEST(LineTarget, TellsFilesLinesAndFunctionsApart) {
  EXPECT_EQ(LineTarget::Parse("a.cc:88").line, 88U);
  EXPECT_EQ(LineTarget::Parse("a.cc:88").file, "a.cc");
  EXPECT_EQ(LineTarget::Parse("src/a.cc:ns::Index::add").file, "src/a.cc");
  EXPECT_EQ(LineTarget::Parse("src/a.cc:ns::Index::add").function, "ns::Index::add");
  EXPECT_EQ(LineTarget::Parse("ns::Index::add").function, "ns::Index::add");
  EXPECT_EQ(LineTarget::Parse("a.cc:0x10").function, "0x10");
}

TEST(LineTarget, FunctionsMatchWithoutNamespacesAndTemplateArguments) {
  const LineTarget add = LineTarget::Parse("Index::add");
  EXPECT_TRUE(add.HasFunction("Index::add(int)"));
  EXPECT_TRUE(add.HasFunction("void ns::Index<Doc>::add<int>(int)"));
  EXPECT_FALSE(add.HasFunction("MyIndex::add(int)"));
  EXPECT_FALSE(add.HasFunction("Index::add_all(int)"));
}

class LinesTest : public ::testing::Test {
 protected:
  LinesTest() {
    const char* text[] = {"// }",                          // 1
                          "int helper() {",                // 2
                          "  return 1;",                   // 3
                          "}",                             // 4
                          "void work(int n) {",            // 5
                          "  const char brace = '}';",     // 6
                          "  auto s = \"}\\\"}\";  // }",  // 7
                          "  if (n) {",                    // 8
                          "    use(new int[n]);",          // 9
                          "  }",                           // 10
                          "}",                             // 11
                          "int after;"};                   // 12
    for (std::uint32_t i = 0; i < std::size(text); ++i) stacks_.Source("/a.cc", i + 1, text[i]);
    symbolize::Frame frame = LineFrame("work(int)", "/a.cc", 9);
    frame.function_line = 5;
    stacks_.Stack(1, {frame, frame, LineFrame("main", "/b.cc", 3)});
    profile_.Site(1, 0, 4096, 2, 1);
  }
  std::string Text(const std::string& target) {
    LineProfiles profiles;
    profiles.at = &*profile_;
    const auto report = LinesReport::Build(trace_, profiles, stacks_, {LineTarget::Parse(target), target});
    return report.ok() ? report->Text({}) : report.error().message;
  }

  model::Trace trace_;
  testing::MadeUpProfile profile_;
  testing::MadeUpStacks stacks_;
};

TEST_F(LinesTest, AFunctionIsShownFromItsDeclarationToItsClosingBrace) {
  const std::string text = Text("work");
  EXPECT_THAT(text, HasSubstr("     5                                          void work(int n) {\n"));
  EXPECT_THAT(
      text,
      HasSubstr("     9       4096 B       4096 B            2       use(new int[n]);   // 1 temporary\n"));
  EXPECT_THAT(text, HasSubstr("    11                                          }\n"));
  EXPECT_THAT(text, Not(HasSubstr("int after;")));
  EXPECT_THAT(text, Not(HasSubstr("helper")));
}

TEST_F(LinesTest, DebugInformationSaysWhereAFunctionEnds) {
  stacks_.Source("/a.cc", 12, "  /* not closed as far as text goes: { */");
  stacks_.Source("/a.cc", 7, "  auto s = R\"({)\";")
      .Source("/a.cc", 13, "}")
      .Source("/a.cc", 14, "int after;");
  EXPECT_THAT(Text("work"), Not(HasSubstr("    14 "))) << "two braces are left open";
  stacks_.LastLine("work(int)", 13);
  EXPECT_THAT(Text("work"), HasSubstr("    13                                          }\n"));
  EXPECT_THAT(Text("work"), Not(HasSubstr("int after;")));
}

TEST_F(LinesTest, RecursionCountsOnceALine) {
  EXPECT_THAT(Text("a.cc"), HasSubstr("4096 B            2 "));
}

TEST_F(LinesTest, ALineWithoutAmountsShowsWhatIsAroundIt) {
  EXPECT_THAT(Text("a.cc:7"), HasSubstr("use(new int[n]);")) << "the line is in that function";
  EXPECT_THAT(Text("a.cc:2"), HasSubstr("int helper() {"));
}

TEST_F(LinesTest, WithoutItsSourceOnlyLinesWithAmountsAreShown) {
  const std::string text = Text("main");
  EXPECT_THAT(text, HasSubstr("     3       4096 B       4096 B            2"));
  EXPECT_THAT(text, HasSubstr("The source file is not here"));
}

TEST_F(LinesTest, SaysWhatWasPerhapsMeant) {
  EXPECT_EQ(Text("wrok"), "no stack goes through \"wrok\"; did you mean \"work\"?");
}

}  // namespace
}  // namespace memtrace::report
