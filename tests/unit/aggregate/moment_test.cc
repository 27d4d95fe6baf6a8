// SPDX-License-Identifier: MIT
#include <gmock/gmock.h>

#include "analyzer/aggregate/profile.h"

namespace memtrace::aggregate {
namespace {

using ::testing::HasSubstr;

model::Trace TraceWithMarks() {
  model::Trace trace;
  trace.marks.push_back({"Start", 100, 0, std::nullopt});
  trace.marks.push_back({"200ms", 300, 0, std::nullopt});
  trace.marks.push_back({"Start", 900, 0, std::nullopt});
  return trace;
}

Moment Parsed(const std::string& text) {
  const auto moment = ParseMoment(text, TraceWithMarks());
  EXPECT_TRUE(moment.ok()) << text;
  return moment.ok() ? moment.value() : Moment{};
}

TEST(ParseMoment, PeakAndEnd) {
  EXPECT_EQ(Parsed("peak").kind, Moment::Kind::kPeak);
  EXPECT_EQ(Parsed("peak").label, "at peak");
  EXPECT_EQ(Parsed("end").kind, Moment::Kind::kEnd);
  EXPECT_EQ(Parsed("end").label, "at end");
}

TEST(ParseMoment, Times) {
  EXPECT_EQ(Parsed("1.5").time_ns, 1'500'000'000U);
  EXPECT_EQ(Parsed("1.5s").time_ns, 1'500'000'000U);
  EXPECT_EQ(Parsed("250ms").time_ns, 250'000'000U);
  EXPECT_EQ(Parsed("30us").time_ns, 30'000U);
  EXPECT_EQ(Parsed("7ns").time_ns, 7U);
  EXPECT_EQ(Parsed("0").time_ns, 0U);
  EXPECT_EQ(Parsed("1.5").label, "at 1.500 s");
  EXPECT_EQ(Parsed("1.5").kind, Moment::Kind::kTime);
}

TEST(ParseMoment, AMarksLastOccurrence) {
  EXPECT_EQ(Parsed("Start").time_ns, 900U);
  EXPECT_EQ(Parsed("Start").label, "at mark \"Start\"");
}

TEST(ParseMoment, AMarkGoesBeforeATime) {
  EXPECT_EQ(Parsed("200ms").time_ns, 300U);
}

TEST(ParseMoment, AnythingElseIsAUsageErrorThatNamesTheMarks) {
  for (const char* text :
       {"", "start", "-1", "1.5 s", "1h", "nan", "inf", "1e99", "99999999999", "1.5.5", "0x10"}) {
    const auto moment = ParseMoment(text, TraceWithMarks());
    ASSERT_FALSE(moment.ok()) << text;
    EXPECT_EQ(moment.error().code, ErrorCode::kUsage);
    EXPECT_THAT(moment.error().message, HasSubstr("\"Start\", \"200ms\""));
  }
  EXPECT_THAT(ParseMoment("x", {}).error().message, HasSubstr("no marks"));
}

TEST(ParseMoment, AHundredMarksAreNotAllNamed) {
  model::Trace trace;
  for (int i = 0; i < 100; ++i) trace.marks.push_back({"mark " + std::to_string(i), 0, 0, std::nullopt});
  const std::string message = ParseMoment("x", trace).error().message;
  EXPECT_THAT(message, HasSubstr("and 90 more"));
  EXPECT_LT(message.size(), 400U);
}

}  // namespace
}  // namespace memtrace::aggregate
