// SPDX-License-Identifier: MIT
// Python's part of a heap: its domains, and how full its arenas are.
#include "analyzer/aggregate/python_heap.h"

#include "analyzer/aggregate/statistics.h"
#include "analyzer/aggregate/timeline.h"
#include "tests/unit/aggregate/profile_fixture.h"

namespace memtrace::aggregate {
namespace {

constexpr std::uint64_t kArena = 1 << 20;

class PythonHeapTest : public ProfileTest {
 protected:
  PythonHeapTest() {
    const auto module = trace_.PythonNode(0, 1, 0);
    native_ = trace_.Node(module, 0x401000);
    object_ = trace_.PythonNode(module, 2, 3, AllocKind::kPythonObject);
    buffer_ = trace_.PythonNode(module, 2, 4, AllocKind::kPythonMem);
    arena_ = trace_.PythonNode(module, 2, 5, AllocKind::kPythonArena);
    mapping_ = trace_.PythonNode(module, 2, 6, AllocKind::kMmap);
    trace_.On(0)
        .Map(1, 0x100000, kArena, arena_)
        .Alloc(2, 0x100010, 100, object_)
        .Alloc(3, 0x100100, 50, buffer_)
        .Alloc(4, 0x900000, 5000, object_)  // too large for an arena
        .Alloc(5, 0xa00000, 700, native_)
        .Map(6, 0x300000, 8192, mapping_)
        .Free(10, 0x100100)
        .Map(11, 0x500000, kArena, arena_)
        .Alloc(12, 0x500000, 16, object_)
        .Free(20, 0x500000)
        .Unmap(21, 0x500000, kArena);
  }

  Amount TotalOf(Domain domain) const { return Build({}, domain).total; }

  model::NodeId native_, object_, buffer_, arena_, mapping_;
};

TEST_F(PythonHeapTest, TheHeapHasBothPartsAndEachCanBeAskedForAlone) {
  EXPECT_EQ(TotalOf(Domain::kHeap), (Amount{100 + 50 + 5000 + 700 + 16, 5}));
  EXPECT_EQ(TotalOf(Domain::kPython), (Amount{100 + 50 + 5000 + 16, 4}));
  EXPECT_EQ(TotalOf(Domain::kNative), (Amount{700, 1}));
  EXPECT_EQ(Build({}, Domain::kPython).peak, (Amount{5150, 3}));
  EXPECT_EQ(Build({}, Domain::kNative).frees, 0U);
}

// What lies in arenas is counted block by block; that they are mapped, too, is not counted again.
TEST_F(PythonHeapTest, ArenasAreNotMappedByTheProgram) {
  EXPECT_EQ(TotalOf(Domain::kMapped), (Amount{8192, 1}));
  EXPECT_EQ(TotalOf(Domain::kArenas), (Amount{2 * kArena, 2}));
  EXPECT_EQ(Build({}, Domain::kArenas).not_freed, (Amount{kArena, 1}));
  EXPECT_EQ(Build().peak_mapped, (Amount{8192, 1}));
}

TEST_F(PythonHeapTest, ARangeUntilThePeakIsThatOfTheDomain) {
  auto reader = Open();
  Query query{.domain = Domain::kPython};
  query.to = Moment{Moment::Kind::kPeak, 0, "at peak"};
  ResolvePeaks(reader, query);
  EXPECT_EQ(query.to->time_ns, 4U);
  query = {.domain = Domain::kHeap};
  query.to = Moment{Moment::Kind::kPeak, 0, "at peak"};
  ResolvePeaks(reader, query);
  EXPECT_EQ(query.to->time_ns, 5U);
}

TEST_F(PythonHeapTest, StatisticsAndTimelinesTakeTheDomain) {
  auto reader = Open();
  EXPECT_EQ(BuildStatistics(reader, {.domain = Domain::kPython}).total, (Amount{5166, 4}));
  EXPECT_EQ(BuildStatistics(reader, {.domain = Domain::kNative}).total, (Amount{700, 1}));
  TimelineRequest request;
  request.query.domain = Domain::kPython;
  EXPECT_EQ(BuildTimeline(reader, request).allocated, (Amount{5166, 4}));
  request.query.domain = Domain::kArenas;
  EXPECT_EQ(BuildTimeline(reader, request).allocated, (Amount{2 * kArena, 2}));
}

TEST_F(PythonHeapTest, TellsHowFullTheArenasAreAtEachMoment) {
  auto reader = Open();
  EXPECT_TRUE(HasPythonBlocks(reader.trace()));
  const std::vector<PythonHeap> heaps = PythonHeapAt(reader, {5, 12, 100});
  ASSERT_EQ(heaps.size(), 3U);
  EXPECT_EQ(heaps[0].objects, (Amount{5150, 3}));
  EXPECT_EQ(heaps[0].in_arenas, (Amount{150, 2}));
  EXPECT_EQ(heaps[0].arenas, (Amount{kArena, 1}));
  EXPECT_EQ(heaps[1].in_arenas, (Amount{116, 2}));
  EXPECT_EQ(heaps[1].arenas, (Amount{2 * kArena, 2}));
  EXPECT_EQ(heaps[2].objects, (Amount{5100, 2}));
  EXPECT_EQ(heaps[2].in_arenas, (Amount{100, 1}));
  EXPECT_EQ(heaps[2].arenas, (Amount{kArena, 1}));
}

TEST_F(ProfileTest, AProgramWithoutPythonHasNoneOfIt) {
  trace_.On(0).Alloc(1, 0x10, 5, trace_.Node(0, 0x1000));
  auto reader = Open();
  EXPECT_FALSE(HasPythonBlocks(reader.trace()));
  EXPECT_EQ(PythonHeapAt(reader, {1})[0].objects, Amount{});
  EXPECT_EQ(Build({}, Domain::kPython).total, Amount{});
}

}  // namespace
}  // namespace memtrace::aggregate
