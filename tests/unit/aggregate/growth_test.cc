// SPDX-License-Identifier: MIT
// Curves of places that keep something, and what they are taken for.
#include "analyzer/aggregate/growth.h"

#include "tests/unit/aggregate/profile_fixture.h"

namespace memtrace::aggregate {
namespace {

constexpr std::uint64_t kSecondNs = 1'000'000'000;
constexpr std::uint64_t kDurationNs = 40 * kSecondNs;  // 20 slices of 2 s

// Tells a history in blocks of 100 bytes, one address each.
class GrowthTest : public ProfileTest {
 protected:
  GrowthTest() {
    node_ = trace_.Node(0, 0x1000);
    trace_.Thread(0, 1, "app").End(kDurationNs, format::EndReason::kExit, 0);
  }
  std::uint64_t Alloc(double second) {
    next_ += 0x100;
    trace_.On(0).Alloc(Ns(second), next_, 100, node_);
    return next_;
  }
  void Free(double second, std::uint64_t address) { trace_.On(0).Free(Ns(second), address); }

  SiteCurve Curve(const Query& query = {}) {
    auto reader = Open();
    const Profile profile = BuildProfile(reader, query);
    CurvesByNode curves = BuildCurves(reader, profile);
    return curves[node_];
  }
  GrowthVerdict Verdict() { return JudgeGrowth(Curve(), kDurationNs); }

  static std::uint64_t Ns(double second) { return static_cast<std::uint64_t>(second * 1e9); }
  std::uint32_t node_ = 0;
  std::uint64_t next_ = 0;
};

TEST_F(GrowthTest, ACurveIsWhatIsLiveAtTheEndOfEachSlice) {
  const std::uint64_t first = Alloc(1);
  Alloc(1.5);
  Alloc(10);
  Free(30, first);
  const auto live = Curve().LiveBytes();
  EXPECT_EQ(live[0], 200U);
  EXPECT_EQ(live[4], 200U);
  EXPECT_EQ(live[5], 300U);
  EXPECT_EQ(live[14], 300U);
  EXPECT_EQ(live[15], 200U);
  EXPECT_EQ(live[19], 200U);
  EXPECT_EQ(Curve().first_ns, Ns(1.5)) << "of what is left";
  EXPECT_EQ(Curve().last_ns, Ns(10));
  EXPECT_EQ(Curve().blocks_left, 2U);
}

TEST_F(GrowthTest, FollowsTheSelection) {
  Alloc(1);
  Alloc(10);
  EXPECT_EQ(Curve({.from = Moment{Moment::Kind::kTime, Ns(5), "then"}}).first_ns, Ns(10));
  EXPECT_TRUE(Curve({.size_bytes = {1, 99}}).is_empty());
}

TEST_F(GrowthTest, AFailedReallocKeepsTheBlockAndItsTime) {
  trace_.On(0).Alloc(10, 0x10, 8, node_).ReallocBegin(20, 0x10).ReallocCancel(21, 0x10);
  EXPECT_EQ(Curve().first_ns, 10U);
}

TEST_F(GrowthTest, ALinearLeakIsGrowing) {
  for (int i = 0; i < 400; ++i) Alloc(0.1 * i);
  const GrowthVerdict verdict = Verdict();
  EXPECT_EQ(verdict.growth, Growth::kGrowing);
  EXPECT_NEAR(verdict.bytes_per_second, 1000, 60);
}

TEST_F(GrowthTest, ALeakBesideMuchThatComesAndGoesIsGrowing) {
  for (int i = 0; i < 39; ++i) {
    Alloc(i + 0.1);
    std::vector<std::uint64_t> passing;
    for (int k = 0; k < i * 7 % 13; ++k) passing.push_back(Alloc(i + 0.2));
    for (const std::uint64_t address : passing) Free(i + 0.9, address);
  }
  EXPECT_EQ(Verdict().growth, Growth::kGrowing);
}

TEST_F(GrowthTest, ABoundedCacheIsFlatAlthoughItsBlocksAreNew) {
  std::vector<std::uint64_t> cache;
  for (int i = 0; i < 390; ++i) {
    if (cache.size() == 50) {  // full after 5 s
      Free(0.1 * i, cache.front());
      cache.erase(cache.begin());
    }
    cache.push_back(Alloc(0.1 * i + 0.01));
  }
  const GrowthVerdict verdict = Verdict();
  EXPECT_EQ(verdict.growth, Growth::kFlat);
  EXPECT_EQ(verdict.flat_since_ns / kSecondNs, 6U);  // the end of the slice
  EXPECT_GT(Curve().first_ns, Ns(30)) << "so age alone would say that it leaks";
}

TEST_F(GrowthTest, AnOscillatingPoolIsFlat) {
  for (int i = 0; i < 10; ++i) Alloc(1 + 0.5 * i);
  for (int i = 6; i < 39; ++i) {
    const std::uint64_t extra = Alloc(i + 0.2);
    Free(i + 0.3 + 0.2 * (i % 3), extra);
  }
  EXPECT_EQ(Verdict().growth, Growth::kFlat);
}

TEST_F(GrowthTest, WhatStartUpLeavesIsOneOff) {
  for (int i = 0; i < 100; ++i) Alloc(0.5 + 0.001 * i);
  EXPECT_EQ(Verdict().growth, Growth::kOneOff);
}

TEST_F(GrowthTest, GrowthThatHasNearlyEndedIsNotCalledALeak) {
  for (int i = 0; i < 100; ++i) Alloc(0.2 * i);  // until half of the time
  for (int i = 0; i < 10; ++i) Alloc(20 + i);
  for (int i = 0; i < 3; ++i) Alloc(31 + 2 * i);
  EXPECT_EQ(Verdict().growth, Growth::kUnclear);
}

TEST_F(GrowthTest, FewBlocksAreNotCalledGrowth) {
  for (const double second : {1.0, 11.0, 21.0, 31.0, 35.0}) Alloc(second);
  EXPECT_EQ(Verdict().growth, Growth::kUnclear);
}

TEST_F(GrowthTest, ABufferThatIsReallocatedEverLargerIsGrowing) {
  std::uint64_t address = 0x10;
  trace_.On(0).Alloc(Ns(0.5), address, 100, node_);
  for (int i = 1; i < 39; ++i) {
    trace_.On(0).ReallocBegin(Ns(i), address).Alloc(Ns(i), address + 0x10, 100 + 100 * i, node_);
    address += 0x10;
  }
  EXPECT_EQ(Verdict().growth, Growth::kGrowing);
}

TEST_F(GrowthTest, NothingIsSaidOfShortRecordings) {
  SiteCurve curve;
  curve.first_ns = 0;
  curve.last_ns = 90;
  curve.blocks_left = 100;
  curve.change.fill(50);
  EXPECT_EQ(JudgeGrowth(curve, 100).growth, Growth::kUnclear);
  EXPECT_EQ(JudgeGrowth(curve, kDurationNs).growth, Growth::kOneOff) << "within the first slice";
  EXPECT_EQ(JudgeGrowth({}, kDurationNs).growth, Growth::kUnclear);
}

}  // namespace
}  // namespace memtrace::aggregate
