// SPDX-License-Identifier: MIT
// Hostile names lose what a terminal would act on; honest ones stay as they are.
#include "analyzer/util/terminal_text.h"

#include <gtest/gtest.h>

namespace memtrace {
namespace {

constexpr const char* kBad = "\xEF\xBF\xBD";

TEST(Printable, KeepsHonestText) {
  EXPECT_EQ(Printable("src/größe.cc: vector<int>"), "src/größe.cc: vector<int>");
  EXPECT_EQ(Printable("日本 😀"), "日本 😀");
  EXPECT_EQ(Printable("a\tb"), "a b");
}

TEST(Printable, ReplacesEscapeSequences) {
  EXPECT_EQ(Printable("\x1b]0;owned\x07"), std::string(kBad) + "]0;owned" + kBad);
  EXPECT_EQ(Printable("a\r\nb"), std::string("a") + kBad + kBad + "b");
  EXPECT_EQ(Printable(std::string_view("\0", 1)), kBad);
  EXPECT_EQ(Printable("\x7f"), kBad);
}

TEST(Printable, ReplacesControlsOfTwoBytes) {
  EXPECT_EQ(Printable("\xC2\x9B"
                      "31m"),
            std::string(kBad) + "31m");
}

TEST(Printable, ReplacesDirectionOverrides) {
  EXPECT_EQ(Printable("a\xE2\x80\xAE"
                      "b"),
            std::string("a") + kBad + "b");
}

TEST(Printable, ReplacesBytesThatAreNoUtf8) {
  EXPECT_EQ(Printable("a\xFFz"), std::string("a") + kBad + "z");
  EXPECT_EQ(Printable("\xC3"), kBad);                                     // cut off
  EXPECT_EQ(Printable("\xC0\xAF"), std::string(kBad) + kBad);             // overlong '/'
  EXPECT_EQ(Printable("\xED\xA0\x80"), std::string(kBad) + kBad + kBad);  // surrogate
}

TEST(EllipsizeMiddle, KeepsBothEnds) {
  EXPECT_EQ(EllipsizeMiddle("/usr/include/c++/12/vector", 11), "/usr/…ector");
  EXPECT_EQ(EllipsizeMiddle("short", 5), "short");
  EXPECT_EQ(EllipsizeMiddle("äöüäöü", 3), "ä…ü");
  EXPECT_EQ(EllipsizeMiddle("abc", 1), "…");
  EXPECT_EQ(EllipsizeMiddle("abc", 0), "");
}

TEST(EllipsizeEnd, CutsTheEnd) {
  EXPECT_EQ(EllipsizeEnd("entries_.push_back(x);", 8), "entries…");
  EXPECT_EQ(EllipsizeEnd("ä", 1), "ä");
}

TEST(Trimmed, RemovesBlanksAtBothEnds) {
  EXPECT_EQ(Trimmed("\t  return x; \r\n"), "return x;");
  EXPECT_EQ(Trimmed(" \t"), "");
}

}  // namespace
}  // namespace memtrace
