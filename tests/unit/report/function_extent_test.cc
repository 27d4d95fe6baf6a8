// SPDX-License-Identifier: MIT
// Where functions end, by braces and by indentation.
#include "analyzer/report/function_extent.h"

#include <gtest/gtest.h>

#include <sstream>
#include <vector>

namespace memtrace::report {
namespace {

SourceLines Lines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return {static_cast<std::uint32_t>(lines.size()),
          [lines](std::uint32_t line) { return lines.at(line - 1); }};
}

TEST(EndOfBracesTest, IsWhereTheyAreClosed) {
  const SourceLines source = Lines("int f() {\n  if (x) { g(\"}\"); }  // }\n  return '}';\n}\nint h() {}\n");
  EXPECT_EQ(EndOfBraces(source, 1), 4U);
  EXPECT_EQ(EndOfBraces(source, 5), 5U);
  EXPECT_EQ(EndOfBraces(Lines("int f();\n"), 1), 0U);
}

TEST(EndOfCodeAndBracesTest, CodeCountsMoreThanBraces) {
  const SourceLines source = Lines(
      "void f() {\n"  // 1
      "  print(R\"(\n"
      "}\n"
      ")\");\n"
      "#if WIDE\n"
      "  if (x) {\n"
      "#else\n"
      "  if (y) {\n"
      "#endif\n"
      "  }\n"
      "}\n"  // 11
      "void g() {\n"
      "  for (;;) {\n"
      "    h();\n"  // 14
      "  }\n"
      "}\n"  // 16
      "#if 0\n"
      "}\n");
  EXPECT_EQ(EndOfBraces(source, 1), 3U) << "the test shows nothing";
  EXPECT_EQ(EndOfCodeAndBraces(source, 1, 11), 11U);
  EXPECT_EQ(EndOfCodeAndBraces(source, 12, 14), 16U) << "its closing braces have no code";
  EXPECT_EQ(EndOfCodeAndBraces(source, 12, 60), 60U) << "behind the end of another version of the file";
}

TEST(EndOfCodeAndBracesTest, BracesThatNeverCloseAreNotFollowed) {
  std::string text = "void f() {\n  /* { */ g();\n  h();\n}\n";
  for (int i = 0; i < 100; ++i) text += "int filler;\n";
  EXPECT_EQ(EndOfCodeAndBraces(Lines(text + "}\n"), 1, 3), 3U);
}

TEST(EndOfIndentationTest, IsTheLastLineThatIsDeeper) {
  const SourceLines source = Lines(
      "class Cache:\n"  // 1
      "    size = 1\n"
      "\n"
      "    def load(self, name,\n"  // 4
      "             size=None):\n"
      "        if name:\n"
      "            return 1\n"
      "# a comment that stands out\n"
      "        return 2\n"  // 9
      "\n"
      "    def other(self): pass\n"  // 11
      "\n"
      "value = 1\n");
  EXPECT_EQ(EndOfIndentation(source, 1), 11U);
  EXPECT_EQ(EndOfIndentation(source, 4), 9U);
  EXPECT_EQ(EndOfIndentation(source, 11), 11U);
  EXPECT_EQ(EndOfIndentation(source, 13), 13U);
}

// The code of a decorated function begins at its first decorator.
TEST(EndOfIndentationTest, DecoratorsAndClosingParenthesesBelongToTheFunction) {
  const SourceLines source = Lines(
      "@cached(\n"
      "    size=3)\n"
      "@other\n"
      "async def load(\n"
      "    name,\n"
      ") -> int:\n"
      "\treturn 1\n"
      "after = 2\n");
  EXPECT_EQ(EndOfIndentation(source, 1), 7U);
}

TEST(EndOfIndentationTest, LinesThatAreNotThereHaveNoEnd) {
  EXPECT_EQ(EndOfIndentation(Lines("f = 1\n"), 2), 0U);
  EXPECT_EQ(EndOfIndentation(Lines("f = 1\n"), 0), 0U);
  EXPECT_EQ(EndOfIndentation(Lines("# f\n"), 1), 0U);
  EXPECT_EQ(EndOfIndentation(Lines("@only_a_decorator\n"), 1), 1U);
}

}  // namespace
}  // namespace memtrace::report
