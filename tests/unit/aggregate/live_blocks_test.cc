// SPDX-License-Identifier: MIT
// Allocations, frees and reallocs: counts, temporaries, mismatches, and events that do not fit.
#include "analyzer/aggregate/live_blocks.h"

#include "tests/unit/aggregate/profile_fixture.h"

namespace memtrace::aggregate {
namespace {

class LiveBlocksTest : public ProfileTest {};

TEST_F(LiveBlocksTest, CountsAsValgrindDoes) {
  const auto node = trace_.Node(0, 0x1000);
  trace_.On(0).Alloc(1, 0x10, 100, node).Alloc(2, 0x80, 50, node).Free(3, 0x10);
  const Profile profile = Build();
  EXPECT_EQ(profile.total, (Amount{150, 2}));
  EXPECT_EQ(profile.frees, 1U);
  EXPECT_EQ(profile.not_freed, (Amount{50, 1}));
  EXPECT_EQ(profile.peak, (Amount{150, 2}));
  EXPECT_EQ(profile.peak_time_ns, 2U);
  EXPECT_EQ(profile.events, 3U);
  EXPECT_EQ(Site(profile, node).total, (Amount{150, 2}));
  EXPECT_EQ(Site(profile, node).not_freed, (Amount{50, 1}));
}

TEST_F(LiveBlocksTest, BlocksOfNoBytesAreBlocks) {
  trace_.On(0).Alloc(1, 0x10, 0, 0).Alloc(2, 0x20, 0, 0).Free(3, 0x10);
  const Profile profile = Build();
  EXPECT_EQ(profile.total, (Amount{0, 2}));
  EXPECT_EQ(profile.not_freed, (Amount{0, 1}));
}

TEST_F(LiveBlocksTest, SizesBeyondFourGiBAreExact) {
  const std::uint64_t sizes[] = {(1ULL << 32) - 2, (1ULL << 32) - 1, 1ULL << 32, 1ULL << 40};
  std::uint64_t total = 0;
  for (std::uint64_t i = 0; i < std::size(sizes); ++i) {
    trace_.On(0).Alloc(10 * i, 0x1000 * (i + 1), sizes[i], 0);
    trace_.On(0).ReallocBegin(10 * i + 1, 0x1000 * (i + 1)).ReallocCancel(10 * i + 2, 0x1000 * (i + 1));
    total += sizes[i];
  }
  EXPECT_EQ(Build().not_freed, (Amount{total, 4}));
  // Lost: the address is handed out again; and freed.
  trace_.On(0).Alloc(100, 0x4000, 16, 0).Free(101, 0x3000).Free(102, 0x4000).Free(103, 0x2000);
  const Profile profile = Build();
  EXPECT_EQ(profile.peak, (Amount{total, 4}));
  EXPECT_EQ(profile.not_freed, (Amount{sizes[0], 1}));
}

TEST_F(LiveBlocksTest, AReallocIsOneFreeAndOneAllocation) {
  const auto first = trace_.Node(0, 0x1000), second = trace_.Node(0, 0x2000);
  trace_.On(0).Alloc(1, 0x10, 100, first).ReallocBegin(2, 0x10).Alloc(3, 0x10, 200, second);
  const Profile profile = Build();
  EXPECT_EQ(profile.total, (Amount{300, 2}));
  EXPECT_EQ(profile.frees, 1U);
  EXPECT_EQ(profile.peak, (Amount{200, 1}));  // never both
  EXPECT_EQ(Site(profile, first).not_freed, Amount{});
  EXPECT_EQ(Site(profile, second).not_freed, (Amount{200, 1}));
}

TEST_F(LiveBlocksTest, AFailedReallocNeverHappened) {
  const auto node = trace_.Node(0, 0x1000, AllocKind::kNew);  // its realloc would even be a mismatch
  trace_.On(0).Alloc(1, 0x10, 100, node).ReallocBegin(2, 0x10).ReallocCancel(3, 0x10);
  const Profile profile = Build();
  EXPECT_EQ(profile.total, (Amount{100, 1}));
  EXPECT_EQ(profile.frees, 0U);
  EXPECT_EQ(profile.temporary, Amount{});
  EXPECT_EQ(profile.mismatched_frees, 0U);
  EXPECT_EQ(profile.not_freed, (Amount{100, 1}));
  EXPECT_EQ(Site(profile, node).peak, (Amount{100, 1}));
}

TEST_F(LiveBlocksTest, AFailedReallocOfAnUnknownBlockIsNoUnknownFree) {
  trace_.On(0).ReallocBegin(2, 0x10).ReallocCancel(3, 0x10);
  EXPECT_EQ(Build().unknown_frees, 0U);
}

TEST_F(LiveBlocksTest, ABlockInsideAReallocAtTheEndIsLive) {
  trace_.On(0).Alloc(1, 0x10, 100, 0).ReallocBegin(2, 0x10);
  trace_.On(1).Alloc(3, 0x20, 1, 0);  // another thread's events do not end it
  const Profile profile = Build({Moment::Kind::kEnd, 0, "at end"});
  EXPECT_EQ(profile.not_freed, (Amount{101, 2}));
  EXPECT_EQ(profile.live, (Amount{101, 2}));
  EXPECT_EQ(profile.frees, 0U);
}

TEST_F(LiveBlocksTest, OnlyTheNextEventOfTheThreadCancels) {
  trace_.On(0).Alloc(1, 0x10, 100, 0).ReallocBegin(2, 0x10).Alloc(3, 0x20, 5, 0).ReallocCancel(4, 0x10);
  const Profile profile = Build();
  EXPECT_EQ(profile.frees, 1U);
  EXPECT_EQ(profile.not_freed, (Amount{5, 1}));
}

TEST_F(LiveBlocksTest, AMappingEndsAReallocToo) {
  trace_.On(0).Alloc(1, 0x10, 100, 0).ReallocBegin(2, 0x10).Map(3, 0x10000, 4096, 0);
  EXPECT_EQ(Build().not_freed, Amount{});
}

TEST_F(LiveBlocksTest, TemporaryIsFreedBeforeItsThreadsNextAllocation) {
  const auto node = trace_.Node(0, 0x1000);
  trace_.On(0)
      .Alloc(1, 0x10, 100, node)
      .Alloc(2, 0x20, 30, node)
      .Free(3, 0x20)  // temporary
      .Free(4, 0x10)  // not: something was allocated in between
      .Alloc(5, 0x10, 7, node)
      .Free(6, 0x10);  // temporary
  const Profile profile = Build();
  EXPECT_EQ(profile.temporary, (Amount{37, 2}));
  EXPECT_EQ(Site(profile, node).temporary, (Amount{37, 2}));
}

TEST_F(LiveBlocksTest, OtherThreadsNeitherMakeNorBreakATemporary) {
  trace_.On(0).Alloc(1, 0x10, 100, 0).Free(5, 0x10);  // temporary, whatever thread 1 does
  trace_.On(1).Alloc(2, 0x20, 1, 0).Alloc(3, 0x30, 2, 0);
  trace_.On(2).Free(6, 0x30);  // by another thread: not temporary
  EXPECT_EQ(Build().temporary, (Amount{100, 1}));
}

TEST_F(LiveBlocksTest, AnAddressThatWentToAnotherThreadIsNotTemporary) {
  trace_.On(0).Alloc(1, 0x10, 100, 0);
  trace_.On(1).Free(2, 0x10).Alloc(3, 0x10, 50, 0);
  trace_.On(0).Free(4, 0x10);  // the address it allocated last, but another's block
  EXPECT_EQ(Build().temporary, Amount{});
}

TEST_F(LiveBlocksTest, UnknownFreesAreCountedAndChangeNothing) {
  trace_.On(0).Free(1, 0x10).Alloc(2, 0x20, 5, 0).Free(3, 0x20).Free(4, 0x20);
  const Profile profile = Build();
  EXPECT_EQ(profile.unknown_frees, 2U);
  EXPECT_EQ(profile.frees, 1U);
  EXPECT_EQ(profile.not_freed, Amount{});
}

TEST_F(LiveBlocksTest, ALostFreeDropsTheOldBlock) {
  const auto first = trace_.Node(0, 0x1000), second = trace_.Node(0, 0x2000);
  trace_.On(0).Alloc(1, 0x10, 100, first).Alloc(2, 0x10, 30, second);
  const Profile profile = Build();
  EXPECT_EQ(profile.lost_frees, 1U);
  EXPECT_EQ(profile.frees, 0U);
  EXPECT_EQ(profile.not_freed, (Amount{30, 1}));
  EXPECT_EQ(Site(profile, first).not_freed, Amount{});
  EXPECT_EQ(Site(profile, first).peak, (Amount{100, 1}));
  EXPECT_EQ(profile.peak, (Amount{100, 1}));
}

struct Pairing {
  AllocKind kind;
  FreeForm right_form;
};

TEST_F(LiveBlocksTest, EveryWrongWayToFreeIsAMismatch) {
  static constexpr Pairing kPairings[] = {
      {AllocKind::kMalloc, FreeForm::kFree},
      {AllocKind::kCalloc, FreeForm::kFree},
      {AllocKind::kAlignedAlloc, FreeForm::kFree},
      {AllocKind::kNew, FreeForm::kDelete},
      {AllocKind::kNewAligned, FreeForm::kDelete},
      {AllocKind::kNewArray, FreeForm::kDeleteArray},
      {AllocKind::kNewArrayAligned, FreeForm::kDeleteArray},
      {AllocKind::kMimalloc, FreeForm::kFree},
  };
  std::uint64_t address = 0;
  std::uint64_t wrong = 0;
  for (const Pairing& pairing : kPairings) {
    const auto node = trace_.Node(0, 0x1000, pairing.kind);
    for (const FreeForm form : {FreeForm::kFree, FreeForm::kDelete, FreeForm::kDeleteArray}) {
      address += 16;
      trace_.On(0).Alloc(address, address, 1, node).Free(address, address, form);
      wrong += form != pairing.right_form ? 1 : 0;
    }
    address += 16;  // realloc is for malloc's blocks
    trace_.On(0)
        .Alloc(address, address, 1, node)
        .ReallocBegin(address, address)
        .Alloc(address, address, 2, 0);
    wrong += pairing.right_form != FreeForm::kFree ? 1 : 0;
  }
  EXPECT_EQ(Build().mismatched_frees, wrong);
}

TEST_F(LiveBlocksTest, SitesAreKeptApartByThread) {
  const auto node = trace_.Node(0, 0x1000);
  trace_.On(0).Alloc(1, 0x10, 100, node);
  trace_.On(1).Alloc(2, 0x20, 10, node);
  trace_.On(2).Alloc(3, 0x30, 1, node).Free(4, 0x10);  // freed elsewhere: charged where it was allocated
  const Profile profile = Build();
  EXPECT_EQ(profile.sites.size(), 3U);
  EXPECT_EQ(Site(profile, node, 0).not_freed, Amount{});
  EXPECT_EQ(Site(profile, node, 1).not_freed, (Amount{10, 1}));
  EXPECT_EQ(Site(profile, node, 2).total, (Amount{1, 1}));
}

}  // namespace
}  // namespace memtrace::aggregate
