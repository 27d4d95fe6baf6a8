// SPDX-License-Identifier: MIT
#include "analyzer/aggregate/mappings.h"

#include <map>
#include <random>
#include <set>

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

// The model: the owner of every page.
class PageModel {
 public:
  void Map(std::uint64_t first, std::uint64_t count, int mapping, model::NodeId node) {
    Unmap(first, count);
    for (std::uint64_t page = first; page < first + count; ++page) owners_[page] = {mapping, node};
    peak_bytes_ = std::max(peak_bytes_, owners_.size() * kPage);
  }
  void Unmap(std::uint64_t first, std::uint64_t count) {
    owners_.erase(owners_.lower_bound(first), owners_.lower_bound(first + count));
  }
  Amount LiveOf(model::NodeId node) const {
    std::set<int> mappings;
    std::uint64_t pages = 0;
    for (const auto& [page, owner] : owners_) {
      if (owner.second != node) continue;
      mappings.insert(owner.first);
      ++pages;
    }
    return {pages * kPage, mappings.size()};
  }
  std::uint64_t peak_bytes() const { return peak_bytes_; }

 private:
  std::map<std::uint64_t, std::pair<int, model::NodeId>> owners_;
  std::uint64_t peak_bytes_ = 0;
};

// One random step, in the trace and in the model.
void RandomStep(std::mt19937_64& random, int step, testing::WindowBuilder* events, PageModel* pages) {
  const std::uint64_t from = random() % 200, count = 1 + random() % 30;
  const std::uint64_t to = random() % 200, new_count = 1 + random() % 30;
  const auto node = static_cast<model::NodeId>(1 + random() % 4);
  const auto ticks = static_cast<std::uint64_t>(step) + 1;
  switch (random() % 3) {
    case 0:
      events->Unmap(ticks, from * kPage, count * kPage);
      pages->Unmap(from, count);
      break;
    case 1:
      events->Map(ticks, from * kPage, count * kPage - random() % kPage, node);
      pages->Map(from, count, step, node);
      break;
    default:
      events->Remap(ticks, from * kPage, count * kPage, to * kPage, new_count * kPage, node);
      pages->Unmap(from, count);
      pages->Map(to, new_count, step, node);
  }
}

TEST_F(MappingsTest, BehavesLikeAMapOfPages) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    std::mt19937_64 random(seed);
    trace_ = TraceBuilder();
    for (std::uint64_t i = 0; i < 4; ++i) trace_.Node(0, 0x1000 + 16 * i);
    PageModel pages;
    for (int step = 0; step < 1500; ++step) {
      RandomStep(random, step, &trace_.On(static_cast<model::ThreadId>(random() % 2)), &pages);
    }
    const Profile profile = Mapped();
    ASSERT_EQ(profile.peak.bytes, pages.peak_bytes());
    for (model::NodeId node = 1; node <= 4; ++node) {
      ASSERT_EQ(Site(profile, node, 0).not_freed + Site(profile, node, 1).not_freed, pages.LiveOf(node));
    }
  }
}

}  // namespace
}  // namespace memtrace::aggregate
