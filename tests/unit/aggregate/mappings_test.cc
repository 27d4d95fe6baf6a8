// SPDX-License-Identifier: MIT
#include "analyzer/aggregate/mappings.h"

#include <map>
#include <random>

#include "tests/unit/aggregate/profile_fixture.h"

namespace memtrace::aggregate {
namespace {

constexpr std::uint64_t kPage = 4096;

class MappingsTest : public ProfileTest {
 protected:
  Profile Mapped() const { return Build({Moment::Kind::kEnd, 0, "at end"}, Domain::kMapped); }
};

TEST_F(MappingsTest, CountsMapsAndUnmaps) {
  const auto node = trace_.Node(0, 0x1000, AllocKind::kMmap);
  trace_.On(0).Map(1, 0x10000, 4 * kPage, node).Map(2, 0x90000, 100, node).Unmap(3, 0x10000, 4 * kPage);
  const Profile profile = Mapped();
  EXPECT_EQ(profile.total, (Amount{5 * kPage, 2}));  // whole pages, as the kernel gives them
  EXPECT_EQ(profile.frees, 1U);
  EXPECT_EQ(profile.not_freed, (Amount{kPage, 1}));
  EXPECT_EQ(profile.live, (Amount{kPage, 1}));
  EXPECT_EQ(profile.peak, (Amount{5 * kPage, 2}));
  EXPECT_EQ(Site(profile, node).not_freed, (Amount{kPage, 1}));
}

TEST_F(MappingsTest, TheHeapIsNotMappedAndMappingsAreNotHeap) {
  trace_.On(0).Alloc(1, 0x10, 5, 0).Map(2, 0x10000, kPage, 0).Unmap(3, 0x10000, kPage);
  EXPECT_EQ(Mapped().total, (Amount{kPage, 1}));
  const Profile heap = Build();
  EXPECT_EQ(heap.total, (Amount{5, 1}));
  EXPECT_EQ(heap.peak_mapped, (Amount{kPage, 1}));
  EXPECT_EQ(heap.events, 3U);
}

TEST_F(MappingsTest, AHoleLeavesOneBlockInTwoPieces) {
  trace_.On(0).Map(1, 0x10000, 8 * kPage, 0).Unmap(2, 0x13000, 2 * kPage);
  EXPECT_EQ(Mapped().not_freed, (Amount{6 * kPage, 1}));
  trace_.On(0).Unmap(3, 0x10000, 3 * kPage);
  EXPECT_EQ(Mapped().not_freed, (Amount{3 * kPage, 1}));
  EXPECT_EQ(Mapped().frees, 0U);
  trace_.On(0).Unmap(4, 0x15000, 3 * kPage);
  EXPECT_EQ(Mapped().not_freed, Amount{});
  EXPECT_EQ(Mapped().frees, 1U);
}

TEST_F(MappingsTest, OneUnmapMayEndManyMappings) {
  trace_.On(0).Map(1, 0x10000, kPage, 0).Map(2, 0x12000, kPage, 0).Map(3, 0x13000, 2 * kPage, 0);
  trace_.On(0).Unmap(4, 0x0, 0x14000);
  EXPECT_EQ(Mapped().not_freed, (Amount{kPage, 1}));
  EXPECT_EQ(Mapped().frees, 2U);
}

TEST_F(MappingsTest, AnOverlayReplacesWhatLayThere) {
  const auto below = trace_.Node(0, 0x1000), above = trace_.Node(0, 0x2000);
  trace_.On(0).Map(1, 0x10000, 8 * kPage, below).Map(2, 0x13000, 2 * kPage, above);
  const Profile profile = Mapped();
  EXPECT_EQ(Site(profile, below).not_freed, (Amount{6 * kPage, 1}));
  EXPECT_EQ(Site(profile, above).not_freed, (Amount{2 * kPage, 1}));
  EXPECT_EQ(profile.peak, (Amount{8 * kPage, 1}));  // the first of two equal ones
}

TEST_F(MappingsTest, RemapMovesAndResizes) {
  const auto first = trace_.Node(0, 0x1000), second = trace_.Node(0, 0x2000, AllocKind::kMremap);
  trace_.On(0).Map(1, 0x10000, 2 * kPage, first).Remap(2, 0x10000, 2 * kPage, 0x50000, 5 * kPage, second);
  const Profile profile = Mapped();
  EXPECT_EQ(Site(profile, first).not_freed, Amount{});
  EXPECT_EQ(Site(profile, second).not_freed, (Amount{5 * kPage, 1}));
  EXPECT_EQ(profile.frees, 1U);
  trace_.On(0).Remap(3, 0x50000, 5 * kPage, 0x50000, kPage, second);  // shrinks where it is
  EXPECT_EQ(Mapped().not_freed, (Amount{kPage, 1}));
}

TEST_F(MappingsTest, BreakGrowsAndShrinks) {
  trace_.On(0).Break(1, 0x100000, 0x103000, 0).Break(2, 0x103000, 0x106000, 0);
  EXPECT_EQ(Mapped().not_freed, (Amount{6 * kPage, 2}));
  trace_.On(0).Break(3, 0x106000, 0x101000, 0);
  EXPECT_EQ(Mapped().not_freed, (Amount{kPage, 1}));
}

TEST_F(MappingsTest, UnknownUnmapsAreCounted) {
  trace_.On(0).Unmap(1, 0x10000, kPage).Map(2, 0x20000, kPage, 0).Unmap(3, 0x1f000, 3 * kPage);
  EXPECT_EQ(Mapped().unknown_frees, 1U);
}

TEST_F(MappingsTest, TemporaryMappings) {
  trace_.On(0).Map(1, 0x10000, 4 * kPage, 0).Unmap(2, 0x10000, kPage).Unmap(3, 0x11000, 3 * kPage);
  EXPECT_EQ(Mapped().temporary, (Amount{4 * kPage, 1}));
  trace_.On(1).Map(4, 0x10000, kPage, 0).Map(5, 0x20000, kPage, 0).Unmap(6, 0x10000, kPage);
  trace_.On(0).Unmap(7, 0x20000, kPage);
  EXPECT_EQ(Mapped().temporary, (Amount{4 * kPage, 1}));
}

TEST_F(MappingsTest, RangesAtTheEdgeOfTheAddressSpaceAreHarmless) {
  trace_.On(0).Map(1, ~0ULL, ~0ULL, 0).Map(2, 0, ~0ULL, 0).Map(3, 0x1000, 0, 0).Unmap(4, ~0ULL - 5, 100);
  trace_.On(0).Remap(5, ~0ULL, 5, 5, ~0ULL, 0).Break(6, ~0ULL, 0, 0).Break(7, 0, ~0ULL, 0).Unmap(8, 0, ~0ULL);
  Mapped();
}

// Property: against a model that keeps the owner of every page.
TEST_F(MappingsTest, BehavesLikeAMapOfPages) {
  std::mt19937_64 random(3);
  for (int round = 0; round < 20; ++round) {
    trace_ = TraceBuilder();
    std::vector<model::NodeId> nodes;
    for (int i = 0; i < 4; ++i) nodes.push_back(trace_.Node(0, 0x1000 + 16 * static_cast<std::uint64_t>(i)));
    std::map<std::uint64_t, std::pair<int, model::NodeId>> owner;  // page → mapping, node
    const auto remove = [&](std::uint64_t first, std::uint64_t count) {
      owner.erase(owner.lower_bound(first), owner.lower_bound(first + count));
    };
    std::uint64_t peak = 0;
    for (int step = 0; step < 1500; ++step) {
      const std::uint64_t first = random() % 200, count = 1 + random() % 30;
      const model::NodeId node = nodes[random() % nodes.size()];
      auto& events = trace_.On(static_cast<std::uint32_t>(random() % 2));
      const auto ticks = static_cast<std::uint64_t>(step) + 1;
      const std::uint64_t to = random() % 200, new_count = 1 + random() % 30;
      switch (random() % 3) {
        case 0:
          events.Unmap(ticks, first * kPage, count * kPage);
          remove(first, count);
          continue;
        case 1:
          events.Map(ticks, first * kPage, count * kPage - random() % kPage, node);
          remove(first, count);
          for (std::uint64_t page = first; page < first + count; ++page) owner[page] = {step, node};
          break;
        default:
          events.Remap(ticks, first * kPage, count * kPage, to * kPage, new_count * kPage, node);
          remove(first, count);
          remove(to, new_count);
          for (std::uint64_t page = to; page < to + new_count; ++page) owner[page] = {step, node};
      }
      peak = std::max(peak, owner.size() * kPage);
    }
    std::map<model::NodeId, std::uint64_t> bytes;
    std::map<model::NodeId, std::map<int, bool>> blocks;
    for (const auto& [page, who] : owner) {
      bytes[who.second] += kPage;
      blocks[who.second][who.first] = true;
    }
    const Profile profile = Mapped();
    ASSERT_EQ(profile.peak.bytes, peak);
    for (const model::NodeId node : nodes) {
      const Amount both = Site(profile, node, 0).not_freed + Site(profile, node, 1).not_freed;
      ASSERT_EQ(both, (Amount{bytes[node], blocks[node].size()}));
    }
  }
}

}  // namespace
}  // namespace memtrace::aggregate
