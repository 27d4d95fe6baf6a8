// SPDX-License-Identifier: MIT
// Peaks, moments and marks; and everything at once against a model that keeps whole copies.
#include "analyzer/aggregate/profile.h"

#include <map>
#include <random>

#include "tests/unit/aggregate/profile_fixture.h"

namespace memtrace::aggregate {
namespace {

TEST_F(ProfileTest, NothingRecordedIsNothing) {
  const Profile profile = Build();
  EXPECT_EQ(profile.peak, Amount{});
  EXPECT_EQ(profile.peak_time_ns, 0U);
  EXPECT_EQ(profile.sites.size(), 0U);
}

TEST_F(ProfileTest, ThePeakIsTheMomentOfMostBytesNotOfMostBlocks) {
  const auto big = trace_.Node(0, 0x1000), small = trace_.Node(0, 0x2000);
  trace_.On(0)
      .Alloc(10, 0x10, 1000, big)
      .Free(20, 0x10)
      .Alloc(30, 0x20, 10, small)
      .Alloc(40, 0x30, 10, small);
  const Profile profile = Build();
  EXPECT_EQ(profile.peak, (Amount{1000, 1}));
  EXPECT_EQ(profile.peak_time_ns, 10U);
  EXPECT_EQ(profile.moment_time_ns, 10U);
  EXPECT_EQ(profile.live, profile.peak);
  EXPECT_EQ(Site(profile, big).live, (Amount{1000, 1}));
  EXPECT_EQ(Site(profile, small).live, Amount{});
  EXPECT_EQ(Site(profile, small).peak, Amount{});
}

TEST_F(ProfileTest, OfEqualPeaksTheFirstCounts) {
  trace_.On(0).Alloc(10, 0x10, 100, 0).Free(20, 0x10).Alloc(30, 0x10, 100, 0);
  EXPECT_EQ(Build().peak_time_ns, 10U);
}

TEST_F(ProfileTest, LiveAtATime) {
  const auto node = trace_.Node(0, 0x1000), late = trace_.Node(0, 0x2000);
  trace_.On(0).Alloc(10, 0x10, 100, node).Alloc(20, 0x20, 50, node).Free(30, 0x10).Alloc(40, 0x30, 5, late);
  EXPECT_EQ(BuildAt(9).live, Amount{});
  EXPECT_EQ(BuildAt(10).live, (Amount{100, 1}));
  EXPECT_EQ(BuildAt(29).live, (Amount{150, 2}));
  EXPECT_EQ(Site(BuildAt(30), node).live, (Amount{50, 1}));
  EXPECT_EQ(Site(BuildAt(30), late).live, Amount{});
  EXPECT_EQ(BuildAt(1000).live, (Amount{55, 2}));  // after the end is at the end
  EXPECT_EQ(BuildAt(30).moment_time_ns, 30U);
  EXPECT_EQ(BuildAt(30).peak, (Amount{150, 2}));  // the trace's, whatever the moment
}

TEST_F(ProfileTest, MarksKnowWhatWasLiveAndTheHighestUntilThen) {
  trace_.Mark(5, 0, "before").Mark(25, 0, "second").Mark(35, 0, "third").Mark(99, 0, "after");
  trace_.On(0).Alloc(10, 0x10, 100, 0).Free(20, 0x10).Alloc(30, 0x10, 30, 0).Alloc(40, 0x20, 500, 0);
  const Profile profile = Build();
  ASSERT_EQ(profile.marks.size(), 4U);
  EXPECT_EQ(profile.marks[0].live, Amount{});
  EXPECT_EQ(profile.marks[1].live, Amount{});
  EXPECT_EQ(profile.marks[1].peak_bytes, 100U);
  EXPECT_EQ(profile.marks[2].live, (Amount{30, 1}));
  EXPECT_EQ(profile.marks[2].peak_bytes, 100U);
  EXPECT_EQ(profile.marks[3].live, (Amount{530, 2}));
  EXPECT_EQ(profile.marks[3].peak_bytes, 530U);
  EXPECT_EQ(profile.marks[3].mark, 3U);
}

TEST_F(ProfileTest, DamagedSizesWrapRatherThanCrash) {
  trace_.On(0).Alloc(1, 0x10, ~0ULL, 0).Alloc(2, 0x20, ~0ULL, 0).Free(3, 0x10).Alloc(4, 0, 5, 99).Free(5, 0);
  const Profile profile = Build();
  EXPECT_EQ(profile.not_freed, (Amount{~0ULL, 1}));
}

// The model: whole copies of all sums at each peak, and rules written out one by one.
struct Model {
  struct Block {
    std::uint64_t size;
    std::pair<model::NodeId, model::ThreadId> site;
    std::uint64_t allocation;  // its number among its thread's allocations
  };
  using Sums = std::map<std::pair<model::NodeId, model::ThreadId>, Amount>;

  std::map<std::uint64_t, Block> live;
  std::map<model::ThreadId, std::uint64_t> allocations;
  Sums sums, sums_at_peak, totals, temporary, sums_at_moment;
  Amount sum, peak;
  std::uint64_t frees = 0, unknown = 0, lost = 0;

  void Allocate(model::ThreadId thread, std::uint64_t address, std::uint64_t size, model::NodeId node) {
    if (live.contains(address)) {
      ++lost;
      Drop(address);
    }
    const auto site = std::pair(node, thread);
    live[address] = {size, site, ++allocations[thread]};
    sums[site] += {size, 1};
    totals[site] += {size, 1};
    sum += {size, 1};
    if (sum.bytes > peak.bytes) {
      peak = sum;
      sums_at_peak = sums;
    }
  }

  Block Drop(std::uint64_t address) {
    const Block block = live.at(address);
    sums[block.site] -= {block.size, 1};
    sum -= {block.size, 1};
    live.erase(address);
    return block;
  }

  void Free(model::ThreadId thread, std::uint64_t address) {
    if (!live.contains(address)) {
      ++unknown;
      return;
    }
    const Block block = Drop(address);
    ++frees;
    if (block.site.second == thread && block.allocation == allocations[thread])
      temporary[block.site] += {block.size, 1};
  }
};

// Property: random heaps of several threads, with reallocs, failed ones, unknown and lost frees.
TEST_F(ProfileTest, RandomHeapsAgreeWithTheModel) {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    std::mt19937_64 random(seed);
    trace_ = TraceBuilder();
    Model model;
    const std::uint64_t addresses = 20 + random() % 300;
    const std::uint64_t moment = random() % 4000;
    const auto node = [&] { return static_cast<model::NodeId>(random() % 20); };
    for (int i = 0; i < 20; ++i) trace_.Node(0, 0x1000 + 16 * static_cast<std::uint64_t>(i));
    for (std::uint64_t step = 0; step < 4000; ++step) {
      if (step == moment + 1) model.sums_at_moment = model.sums;
      const std::uint64_t ticks = 20'000 * step;  // beyond any repair of skew
      const auto thread = static_cast<model::ThreadId>(random() % 3);
      const std::uint64_t address = 16 * (1 + random() % addresses);
      const std::uint64_t size = random() % 1000;
      auto& events = trace_.On(thread);
      switch (random() % 8) {
        case 0: {
          const model::NodeId at = node();
          const std::uint64_t target = 16 * (1 + random() % addresses);
          events.ReallocBegin(ticks, address).Alloc(ticks, target, size, at);
          model.Free(thread, address);
          model.Allocate(thread, target, size, at);
          break;
        }
        case 1:
          events.ReallocBegin(ticks, address).ReallocCancel(ticks, address);
          break;
        case 2:
        case 3:
        case 4: {
          const model::NodeId at = node();
          events.Alloc(ticks, address, size, at);
          model.Allocate(thread, address, size, at);
          break;
        }
        default:
          events.Free(ticks, address);
          model.Free(thread, address);
      }
      if (random() % 200 == 0) trace_.Seal(thread);
    }
    if (moment + 1 >= 4000) model.sums_at_moment = model.sums;
    const Profile profile = BuildAt(20'000 * moment);
    ASSERT_EQ(profile.peak, model.peak) << seed;
    ASSERT_EQ(profile.not_freed, model.sum) << seed;
    ASSERT_EQ(profile.frees, model.frees) << seed;
    ASSERT_EQ(profile.unknown_frees, model.unknown) << seed;
    ASSERT_EQ(profile.lost_frees, model.lost) << seed;
    for (model::NodeId at = 0; at <= 20; ++at) {
      for (model::ThreadId thread = 0; thread < 3; ++thread) {
        const SiteAmounts site = Site(profile, at, thread);
        const auto key = std::pair(at, thread);
        ASSERT_EQ(site.peak, model.sums_at_peak[key]) << seed;
        ASSERT_EQ(site.not_freed, model.sums[key]) << seed;
        ASSERT_EQ(site.total, model.totals[key]) << seed;
        ASSERT_EQ(site.temporary, model.temporary[key]) << seed;
        ASSERT_EQ(site.live, model.sums_at_moment[key]) << seed;
      }
    }
  }
}

}  // namespace
}  // namespace memtrace::aggregate
