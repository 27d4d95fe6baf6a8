// SPDX-License-Identifier: MIT
// Stack selectors and suppressions: which stacks they let through, and how much of them.
#include "analyzer/report/stack_filter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/report/suppressions.h"
#include "tests/unit/report/made_up_stacks.h"

namespace memtrace::report {
namespace {

using testing::LibraryFrame;
using testing::LineFrame;

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const std::vector<symbolize::Frame> kFrames = {
    LibraryFrame("operator new(unsigned long)", "/usr/lib/libstdc++.so.6"),
    LineFrame("Arena::grow(int)", "/home/me/include/arena.h", 41),
    LineFrame("Index::add(int)", "/home/me/src/posting.cpp", 88),
    LibraryFrame("PQexec", "/usr/lib/libpq.so.5.15"),
    LineFrame("Index::load()", "/home/me/src/index.cpp", 12),
    LineFrame("main", "/home/me/src/main.cpp", 5)};

// Names of the frames that are left, the charged one first; nothing if the stack is not wanted.
std::vector<std::string> Selected(const StackSelectors& selectors, bool skip = true) {
  const auto stack = StackFilter::Create(selectors).value().Select(testing::PointersTo(kFrames), skip);
  if (!stack) return {};
  std::vector<std::string> names = {stack->frames[stack->attribution.frame]->function};
  for (const symbolize::Frame* frame : stack->frames) names.push_back(frame->function);
  return names;
}

bool Keeps(const StackSelectors& selectors) {
  return !Selected(selectors).empty();
}

TEST(StackFilter, LooksAtFunctionFileAndModuleOfEveryFrame) {
  EXPECT_TRUE(Keeps({.focus = {"Index::"}}));
  EXPECT_TRUE(Keeps({.focus = {"posting\\.cpp$"}}));
  EXPECT_TRUE(Keeps({.focus = {"libpq"}}));
  EXPECT_FALSE(Keeps({.focus = {"sqlite"}}));
  EXPECT_FALSE(Keeps({.ignore = {"PQ"}}));
}

TEST(StackFilter, FunctionsMayBeNamedAsReportsShowThem) {
  const std::vector<symbolize::Frame> stack = {
      LineFrame("app::(anonymous namespace)::Work(void*)", "/a.cc", 1)};
  for (const char* name : {"^app::Work$", "Work\\(void", "anonymous"}) {
    StackFilter filter = StackFilter::Create({.focus = {name}}).value();
    EXPECT_TRUE(filter.Select(testing::PointersTo(stack)).has_value()) << name;
  }
  SuppressionMatcher rules(Suppressions::Parse("leak:^app::Work$", "file").value());
  EXPECT_EQ(rules.RuleOf(testing::PointersTo(stack)), 0U);
}

TEST(StackFilter, NeedsEveryFocusAndNoIgnore) {
  EXPECT_TRUE(Keeps({.focus = {"Index", "libpq"}, .ignore = {"sqlite"}}));
  EXPECT_FALSE(Keeps({.focus = {"Index", "sqlite"}}));
  EXPECT_FALSE(Keeps({.focus = {"Index"}, .ignore = {"sqlite", "libpq"}}));
}

TEST(StackFilter, HiddenFramesAreTakenOutAndTheirCallerIsCharged) {
  EXPECT_THAT(Selected({}), ElementsAre("Arena::grow(int)", "operator new(unsigned long)", "Arena::grow(int)",
                                        "Index::add(int)", "PQexec", "Index::load()", "main"));
  EXPECT_THAT(Selected({.hide = {"Arena", "libpq"}}),
              ElementsAre("Index::add(int)", "operator new(unsigned long)", "Index::add(int)",
                          "Index::load()", "main"));
  EXPECT_THAT(Selected({.hide = {"."}}), IsEmpty()) << "with all frames hidden nothing is left to show";
  EXPECT_TRUE(Keeps({.focus = {"libpq"}, .hide = {"libpq"}})) << "focus sees hidden frames, as in pprof";
}

TEST(StackFilter, ShowFromCutsTheCallersOfTheOutermostMatch) {
  EXPECT_THAT(Selected({.show_from = "Index"}),
              ElementsAre("Arena::grow(int)", "operator new(unsigned long)", "Arena::grow(int)",
                          "Index::add(int)", "PQexec", "Index::load()"));
  EXPECT_THAT(Selected({.show_from = "sqlite"}), IsEmpty());
}

TEST(StackFilter, IncludeAndExcludeLookAtTheChargedPlace) {
  EXPECT_TRUE(Keeps({.include = {"arena.h"}}));
  EXPECT_TRUE(Keeps({.include = {"include/*.h:41"}}));
  EXPECT_TRUE(Keeps({.include = {"/home/me/*"}}));
  EXPECT_TRUE(Keeps({.include = {"other.cc", "arena.h"}})) << "one of them is enough";
  EXPECT_FALSE(Keeps({.include = {"rena.h"}})) << "names are whole";
  EXPECT_FALSE(Keeps({.include = {"arena.h:42"}}));
  EXPECT_FALSE(Keeps({.include = {"posting.cpp"}}));
  EXPECT_TRUE(Keeps({.include = {"posting.cpp"}, .all_frames = true}));
  EXPECT_FALSE(Keeps({.exclude = {"arena.h"}}));
  EXPECT_TRUE(Keeps({.exclude = {"posting.cpp"}}));
  EXPECT_FALSE(Keeps({.exclude = {"posting.cpp"}, .all_frames = true}));
  EXPECT_TRUE(Keeps({.include = {"libpq.so*"}, .all_frames = true})) << "frames without lines: their module";
  EXPECT_TRUE(Selected({.include = {"libstdc++*"}}, false).size() > 0) << "without skipping new is charged";
}

TEST(StackFilter, TheEmptyStackHasNoNames) {
  EXPECT_TRUE(StackFilter().Select({}).has_value());
  EXPECT_FALSE(StackFilter::Create({.focus = {"."}}).value().Select({}).has_value());
  EXPECT_FALSE(StackFilter::Create({.include = {"*"}}).value().Select({}).has_value());
  EXPECT_TRUE(StackFilter::Create({.ignore = {"."}, .exclude = {"*"}}).value().Select({}).has_value());
}

TEST(StackFilter, RefusesWhatIsNoRegularExpression) {
  const auto filter = StackFilter::Create({.ignore = {"a("}});
  ASSERT_FALSE(filter.ok());
  EXPECT_EQ(filter.error().code, ErrorCode::kUsage);
  EXPECT_TRUE(filter.error().message.starts_with("--ignore \"a(\" is no regular expression"));
  EXPECT_FALSE(StackFilter::Create({.hide = {"["}}).ok());
  EXPECT_FALSE(StackFilter::Create({.show_from = "*"}).ok());
}

TEST(StackFilter, SurvivesNamesThatAreVeryLong) {
  StackFilter filter = StackFilter::Create({.focus = {"(a|b)*z"}}).value();
  const std::vector<symbolize::Frame> stack = {LineFrame(std::string(1 << 20, 'a'), "/a.cc", 1)};
  EXPECT_FALSE(filter.Select(testing::PointersTo(stack)).has_value());
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
  SuppressionMatcher matcher(suppressions.value());
  EXPECT_EQ(matcher.RuleOf(testing::PointersTo(kFrames)), 0U) << "PQexec lies further in than main";
  EXPECT_EQ(matcher.RuleOf({&kFrames[4], &kFrames[5]}), 1U);
  EXPECT_EQ(matcher.RuleOf({&kFrames[4]}), std::nullopt);
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
