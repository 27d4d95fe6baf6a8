// SPDX-License-Identifier: MIT
// What is told of single blocks adds up to the profile, also where reallocs fail, frees are lost and blocks
// were there before the recording.
#include "analyzer/aggregate/block_lives.h"

#include <numeric>
#include <random>

#include "analyzer/aggregate/growth.h"
#include "analyzer/aggregate/statistics.h"
#include "tests/unit/aggregate/profile_fixture.h"

namespace memtrace::aggregate {
namespace {

class BlockLivesTest : public ProfileTest {
 protected:
  Statistics Count(const Query& query = {}) const {
    auto reader = Open();
    return BuildStatistics(reader, query);
  }

  // Two threads at eight sites and sixteen addresses: every oddity comes up within a few hundred events.
  void TellOddHistory(std::uint64_t seed) {
    std::mt19937_64 random(seed);
    std::vector<model::NodeId> nodes;
    for (int i = 0; i < 8; ++i) {
      nodes.push_back(trace_.Node(0, 0x1000 + 16 * i, i % 2 == 0 ? AllocKind::kMalloc : AllocKind::kNew));
    }
    for (std::uint64_t time = 1; time < 2000; time += 1 + random() % 5) {
      const auto thread = static_cast<std::uint32_t>(random() % 2);
      const std::uint64_t address = 0x1000 + random() % 16 * 16;
      switch (random() % 6) {
        case 0:
          trace_.On(thread).ReallocBegin(time, address).ReallocCancel(time + 1, address);
          break;
        case 1:
          trace_.On(thread).ReallocBegin(time, address);
          break;
        case 2:
        case 3:
          trace_.On(thread).Free(time, address, random() % 2 == 0 ? FreeForm::kFree : FreeForm::kDelete);
          break;
        default:
          trace_.On(thread).Alloc(time, address, random() % 100, nodes[random() % nodes.size()]);
      }
      ++time;
    }
  }
};

TEST_F(BlockLivesTest, AFailedReallocEndsNoLife) {
  const auto node =
      trace_.Node(0, 0x1000, AllocKind::kNew);  // its realloc would be a mismatch, and temporary
  trace_.On(0).Alloc(10, 0x10, 100, node).ReallocBegin(20, 0x10).ReallocCancel(30, 0x10);
  trace_.On(0).Free(5000, 0x10, FreeForm::kDelete);
  const Statistics counted = Count();
  EXPECT_TRUE(counted.mismatched.empty());
  EXPECT_EQ(counted.by_lifetime[0], Amount{});
  EXPECT_EQ(counted.by_lifetime[1], (Amount{100, 1}));
  EXPECT_EQ(counted.temporary, (Amount{100, 1}));
  EXPECT_EQ(Count({.lifetime_ns = {0, 100}}).total, Amount{});
  EXPECT_EQ(Count({.lifetime_ns = {4000, 6000}}).total, (Amount{100, 1}));
}

TEST_F(BlockLivesTest, ABlockInAReallocAtTheEndLivesOn) {
  trace_.On(0).Alloc(10, 0x10, 100, trace_.Node(0, 0x1000)).ReallocBegin(20, 0x10);
  EXPECT_EQ(Count().not_freed, (Amount{100, 1}));
  EXPECT_EQ(Count({.lifetime_ns = {0, 11}}).total, Amount{});  // how long is not known
}

TEST_F(BlockLivesTest, SumsAreThoseOfTheProfile) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    trace_ = TraceBuilder();
    TellOddHistory(seed);
    const Profile profile = Build();
    const Statistics counted = Count();
    EXPECT_EQ(counted.total, profile.total) << seed;
    EXPECT_EQ(counted.not_freed, profile.not_freed) << seed;
    EXPECT_EQ(counted.temporary, profile.temporary) << seed;
    const Amount ended = std::accumulate(counted.by_lifetime.begin(), counted.by_lifetime.end(), Amount{});
    EXPECT_EQ(ended.blocks, profile.frees + profile.lost_frees) << seed;
    std::uint64_t mismatched = 0;
    for (const auto& [place, amount] : counted.mismatched) mismatched += amount.blocks;
    EXPECT_EQ(mismatched, profile.mismatched_frees) << seed;
    // Short lives and all others are disjoint and everything.
    Amount in_parts = Count({.lifetime_ns = {0, 50}}).total;
    in_parts += Count({.lifetime_ns = {51, ~0ULL}}).total;
    EXPECT_LE(in_parts.blocks, profile.total.blocks) << seed;
    EXPECT_GE(in_parts.blocks + profile.not_freed.blocks, profile.total.blocks) << seed;
    auto reader = Open();
    for (const auto& [node, curve] : BuildCurves(reader, profile)) {
      Amount left;
      for (const SiteAmounts& site : profile.sites) left += site.node == node ? site.not_freed : Amount{};
      EXPECT_EQ(curve.LiveBytes().back(), left.bytes) << seed;
      EXPECT_EQ(curve.blocks_left, left.blocks) << seed;
    }
  }
}

}  // namespace
}  // namespace memtrace::aggregate
