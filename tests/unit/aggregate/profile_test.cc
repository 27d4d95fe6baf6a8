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

constexpr std::uint64_t kSteps = 4000;
constexpr std::uint64_t kStepNs = 20'000;  // steps lie further apart than any clock skew that is repaired
constexpr model::NodeId kNodes = 20;
constexpr model::ThreadId kThreads = 3;

// One random step, in the trace and in the model: allocations, frees, reallocs that move, stay or fail, of
// blocks that may be live or not.
void RandomStep(std::mt19937_64& random, std::uint64_t addresses, std::uint64_t step, TraceBuilder* trace,
                Model* model) {
  const std::uint64_t ticks = kStepNs * step;
  const auto thread = static_cast<model::ThreadId>(random() % kThreads);
  const auto node = static_cast<model::NodeId>(random() % (kNodes + 1));
  const std::uint64_t address = 16 * (1 + random() % addresses), target = 16 * (1 + random() % addresses);
  const std::uint64_t size = random() % 1000;
  auto& events = trace->On(thread);
  switch (random() % 8) {
    case 0:
      events.ReallocBegin(ticks, address).Alloc(ticks, target, size, node);
      model->Free(thread, address);
      model->Allocate(thread, target, size, node);
      break;
    case 1:
      events.ReallocBegin(ticks, address).ReallocCancel(ticks, address);
      break;
    case 2:
    case 3:
    case 4:
      events.Alloc(ticks, address, size, node);
      model->Allocate(thread, address, size, node);
      break;
    default:
      events.Free(ticks, address);
      model->Free(thread, address);
  }
  if (random() % 200 == 0) trace->Seal(thread);
}

class RandomHeaps : public ProfileTest, public ::testing::WithParamInterface<std::uint64_t> {};

TEST_P(RandomHeaps, AgreeWithTheModel) {
  std::mt19937_64 random(GetParam());
  Model model;
  const std::uint64_t addresses = 20 + random() % 300;
  const std::uint64_t moment = random() % kSteps;
  for (model::NodeId i = 0; i < kNodes; ++i) trace_.Node(0, 0x1000 + 16ULL * i);
  for (std::uint64_t step = 0; step < kSteps; ++step) {
    RandomStep(random, addresses, step, &trace_, &model);
    if (step == moment) model.sums_at_moment = model.sums;
  }
  const Profile profile = BuildAt(kStepNs * moment);
  EXPECT_EQ(profile.peak, model.peak);
  EXPECT_EQ(profile.not_freed, model.sum);
  EXPECT_EQ(profile.frees, model.frees);
  EXPECT_EQ(profile.unknown_frees, model.unknown);
  EXPECT_EQ(profile.lost_frees, model.lost);
  for (model::NodeId node = 0; node <= kNodes; ++node) {
    for (model::ThreadId thread = 0; thread < kThreads; ++thread) {
      const SiteAmounts site = Site(profile, node, thread);
      const auto key = std::pair(node, thread);
      EXPECT_EQ(site.peak, model.sums_at_peak[key]);
      EXPECT_EQ(site.not_freed, model.sums[key]);
      EXPECT_EQ(site.total, model.totals[key]);
      EXPECT_EQ(site.temporary, model.temporary[key]);
      EXPECT_EQ(site.live, model.sums_at_moment[key]);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomHeaps, ::testing::Range<std::uint64_t>(0, 30));

}  // namespace
}  // namespace memtrace::aggregate
