// SPDX-License-Identifier: MIT
// Focus, ignore and suppressions: which stacks they let through.
#include "analyzer/report/stack_filter.h"

#include <gtest/gtest.h>

#include "analyzer/report/suppressions.h"
#include "tests/unit/report/made_up_stacks.h"

namespace memtrace::report {
namespace {

using testing::LibraryFrame;
using testing::LineFrame;

const std::vector<symbolize::Frame> kStack = {LibraryFrame("PQexec", "/usr/lib/libpq.so.5.15"),
                                              LineFrame("Index::add(int)", "/home/me/src/posting.cpp", 88)};

bool Keeps(const std::vector<std::string>& focus, const std::vector<std::string>& ignore) {
  return StackFilter::Create(focus, ignore).value().Keeps(kStack);
}

TEST(StackFilter, LooksAtFunctionFileAndModuleOfEveryFrame) {
  EXPECT_TRUE(Keeps({"Index::"}, {}));
  EXPECT_TRUE(Keeps({"posting\\.cpp$"}, {}));
  EXPECT_TRUE(Keeps({"libpq"}, {}));
  EXPECT_FALSE(Keeps({"sqlite"}, {}));
  EXPECT_FALSE(Keeps({}, {"PQ"}));
}

TEST(StackFilter, NeedsEveryFocusAndNoIgnore) {
  EXPECT_TRUE(Keeps({"Index", "libpq"}, {"sqlite"}));
  EXPECT_FALSE(Keeps({"Index", "sqlite"}, {}));
  EXPECT_FALSE(Keeps({"Index"}, {"sqlite", "libpq"}));
}

TEST(StackFilter, RefusesWhatIsNoRegularExpression) {
  const auto filter = StackFilter::Create({}, {"a("});
  ASSERT_FALSE(filter.ok());
  EXPECT_EQ(filter.error().code, ErrorCode::kUsage);
  EXPECT_TRUE(filter.error().message.starts_with("--ignore \"a(\" is no regular expression"));
}

TEST(StackFilter, SurvivesNamesThatAreVeryLong) {
  StackFilter filter = StackFilter::Create({"(a|b)*z"}, {}).value();
  EXPECT_FALSE(filter.Keeps({LineFrame(std::string(1 << 20, 'a'), "/a.cc", 1)}));
}

TEST(MatchesSuppression, FindsPatternsAnywhere) {
  EXPECT_TRUE(MatchesSuppression("Registry", "Plugin::Registry::Add"));
  EXPECT_TRUE(MatchesSuppression("Plugin*Add", "Plugin::Registry::Add"));
  EXPECT_FALSE(MatchesSuppression("Plugin*Remove", "Plugin::Registry::Add"));
}

TEST(MatchesSuppression, AnchorsAtBothEnds) {
  EXPECT_TRUE(MatchesSuppression("^main$", "main"));
  EXPECT_FALSE(MatchesSuppression("^main$", "domain"));
  EXPECT_FALSE(MatchesSuppression("^main$", "main_loop"));
  EXPECT_TRUE(MatchesSuppression("^main", "main_loop"));
  EXPECT_TRUE(MatchesSuppression("loop$", "main_loop"));
  EXPECT_TRUE(MatchesSuppression("^*loop", "main_loop_2"));
}

TEST(MatchesSuppression, ManyStarsTakeNoTimeWithoutEnd) {
  EXPECT_FALSE(MatchesSuppression("a*a*a*a*a*a*a*a*a*a*b", std::string(5000, 'a')));
}

TEST(Suppressions, ReadsLeakSanitizersSyntax) {
  const auto suppressions = Suppressions::Parse("# comment\n\n  leak:PQexec\r\nleak:^main$\n", "file");
  ASSERT_TRUE(suppressions.ok());
  EXPECT_EQ(suppressions.value().patterns(), (std::vector<std::string>{"PQexec", "^main$"}));
  StackFilter filter;
  suppressions.value().AddTo(filter);
  EXPECT_FALSE(filter.Keeps(kStack));
}

TEST(Suppressions, NamesTheLineThatIsWrong) {
  EXPECT_EQ(Suppressions::Parse("leak:a\nrace:b\n", "lsan.supp").error().message,
            "lsan.supp:2: \"race:b\" is no suppression; write leak:PATTERN");
  EXPECT_FALSE(Suppressions::Parse("leak:\n", "lsan.supp").ok());
}

TEST(Suppressions, SaysThatAFileIsNotThere) {
  EXPECT_EQ(Suppressions::Load("/no/such/file").error().code, ErrorCode::kUnreadable);
}

}  // namespace
}  // namespace memtrace::report
