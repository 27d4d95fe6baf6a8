// SPDX-License-Identifier: MIT
// Tests process_memory: what of a reading's resident pages is whose.
#include "analyzer/aggregate/process_memory.h"

#include "analyzer/aggregate/chunk_sizes.h"
#include "tests/unit/aggregate/profile_fixture.h"

namespace memtrace::aggregate {
namespace {

using format::MemoryKind;

constexpr std::uint64_t kPage = format::kPageBytes;
constexpr std::uint64_t kHeap = 0x10000000;

class ProcessMemoryTest : public ProfileTest {
 protected:
  ProcessMemoryTest() {
    main_ = trace_.Node(0, 0x401000);
    load_ = trace_.Node(main_, 0x402000);
    map_ = trace_.Node(main_, 0x403000, AllocKind::kMmap);
  }

  std::vector<ProcessSplit> Splits(bool in_detail = true) const {
    auto reader = Open();
    std::vector<std::size_t> all;
    for (std::size_t i = 0; i < reader.trace().memory.size(); ++i) all.push_back(i);
    ProcessMemoryWatch watch(reader.trace(), all, in_detail);
    BuildProfile(reader, {}, {}, &watch);
    return watch.splits();
  }
  ProcessSplit Split(bool in_detail = true) const { return Splits(in_detail).at(0); }

  // A range all of which is resident.
  static testing::RangeSpec Whole(std::uint64_t start, std::uint64_t pages, MemoryKind kind) {
    return {start, pages, kind, pages, 0, {0, pages}};
  }

  std::uint32_t main_ = 0, load_ = 0, map_ = 0;
};

std::uint64_t OwnedBytes(format::ServingAllocator allocator, std::uint64_t size_bytes,
                         const model::BlockSizes& told = {}) {
  return ChunkSizes(allocator, told).OwnedBytes(size_bytes);
}

TEST(ChunkSizes, OfGlibcAsMallocUsableSizeTells) {
  // malloc_usable_size(malloc(n)) of glibc 2.36.
  EXPECT_EQ(OwnedBytes(format::ServingAllocator::kGlibc, 0), 24u);
  EXPECT_EQ(OwnedBytes(format::ServingAllocator::kGlibc, 24), 24u);
  EXPECT_EQ(OwnedBytes(format::ServingAllocator::kGlibc, 25), 40u);
  EXPECT_EQ(OwnedBytes(format::ServingAllocator::kGlibc, 100), 104u);
  EXPECT_EQ(OwnedBytes(format::ServingAllocator::kGlibc, 1000), 1000u);
}

TEST(ChunkSizes, OfJemallocAsNallocxTells) {
  const std::uint64_t sizes[][2] = {{1, 8},       {9, 16},        {17, 32},     {100, 112},      {129, 160},
                                    {160, 160},   {161, 192},     {257, 320},   {1000, 1024},    {1025, 1280},
                                    {4097, 5120}, {16385, 20480}, {5000, 5120}, {100000, 114688}};
  for (const auto& [asked, given] : sizes) {
    EXPECT_EQ(OwnedBytes(format::ServingAllocator::kJemalloc, asked), given) << asked;
  }
}

TEST(ChunkSizes, OfOthersAsTheyToldTheRecorder) {
  const model::BlockSizes told{format::ServingAllocator::kTcmalloc, {8, 16, 48, 8192}, 4096};
  const std::uint64_t sizes[][2] = {{0, 8},     {8, 8},       {9, 16},          {17, 48},
                                    {49, 8192}, {8192, 8192}, {8193, 3 * 4096}, {3 * 4096, 3 * 4096}};
  for (const auto& [asked, given] : sizes) {
    EXPECT_EQ(OwnedBytes(format::ServingAllocator::kTcmalloc, asked, told), given) << asked;
  }
  // Another one than serves the program, and one that said nothing.
  EXPECT_EQ(OwnedBytes(format::ServingAllocator::kMimalloc, 9, told), 9u);
  EXPECT_EQ(OwnedBytes(format::ServingAllocator::kTcmalloc, 9), 9u);
  EXPECT_EQ(OwnedBytes(format::ServingAllocator::kTcmalloc, ~0ULL, told), ~0ULL);
}

TEST_F(ProcessMemoryTest, BlocksTheirHeadersAndWhatIsFreeBetweenAndAbove) {
  // Two live blocks with five pages between them, one page above; the first block starts at the heap's start.
  trace_.On(0).Alloc(10, kHeap + 16, 1000, load_).Alloc(20, kHeap + 6 * kPage, 504, load_);
  trace_.Memory(100, {Whole(kHeap, 8, MemoryKind::kBreak)});
  const ProcessParts parts = Split().parts;
  EXPECT_EQ(parts.live, 1504u);
  EXPECT_EQ(parts.overhead, 16u);  // 1000 and 504 leave no rounding
  EXPECT_EQ(parts.kept_pages, 4 * kPage);
  EXPECT_EQ(parts.kept_holes, 8 + (kPage - 1016) + (kPage - 8));
  EXPECT_EQ(parts.kept_top, 2 * kPage - 504);
  EXPECT_EQ(parts.total(), 8 * kPage);
  EXPECT_EQ(parts.unexplained, 0u);
}

TEST_F(ProcessMemoryTest, TheLastBlockPinsWhatIsBelowIt) {
  for (std::uint64_t i = 0; i < 100; ++i) trace_.On(0).Alloc(i, kHeap + 16 + i * kPage, 4000, load_);
  const std::uint32_t pin = trace_.Node(main_, 0x404000);
  trace_.On(0).Alloc(150, kHeap + 16 + 100 * kPage, 24, pin);
  for (std::uint64_t i = 0; i < 100; ++i) trace_.On(0).Free(200 + i, kHeap + 16 + i * kPage);
  trace_.Memory(1000, {Whole(kHeap, 101, MemoryKind::kBreak)});
  const ProcessSplit split = Split();
  EXPECT_EQ(split.parts.live, 24u);
  EXPECT_EQ(split.parts.kept_pages, 100 * kPage);
  ASSERT_EQ(split.pinning.size(), 1u);
  EXPECT_EQ(split.pinning[0].node, pin);
  EXPECT_EQ(split.pinning[0].blocks, (Amount{24, 1}));
  EXPECT_EQ(split.pinning[0].kept_bytes, 100 * kPage + 8);
  EXPECT_EQ(split.parts.kept_top, kPage - 8 - 8 - 24);
}

TEST_F(ProcessMemoryTest, UntouchedPagesOfABlockAreNotProcessMemory) {
  trace_.On(0).Alloc(10, 0x7f0000000010, 1 << 20, load_);
  trace_.Memory(100, {{0x7f0000000000, 257, MemoryKind::kAnonymous, 3, 0, {0, 3}}});
  const ProcessSplit split = Split();
  EXPECT_EQ(split.parts.live, 3 * kPage - 16);
  EXPECT_EQ(split.parts.overhead, 16u);
  EXPECT_EQ(split.untouched_live_bytes, (1 << 20) - 3 * kPage + 16);
  EXPECT_EQ(split.parts.unexplained, 0u);
}

TEST_F(ProcessMemoryTest, ProgramsMappingsByCallSiteWithTheirResidentPart) {
  trace_.On(0).Map(10, 0x7f0000000000, 10 * kPage, map_).Map(20, 0x7f0000010000, 4 * kPage, map_);
  trace_.Memory(100, {{0x7f0000000000, 20, MemoryKind::kAnonymous, 6, 0, {1, 3, 12, 3}}});
  const ProcessSplit split = Split();
  EXPECT_EQ(split.parts.mapped, 6 * kPage);
  EXPECT_EQ(split.parts.unexplained, 0u);
  ASSERT_EQ(split.mapped.size(), 1u);
  EXPECT_EQ(split.mapped[0].node, map_);
  EXPECT_EQ(split.mapped[0].bytes, 14 * kPage);
  EXPECT_EQ(split.mapped[0].resident_bytes, 6 * kPage);
}

TEST_F(ProcessMemoryTest, AMappingWithBlocksInItIsAnAllocators) {
  trace_.On(0).Map(10, 0x7f0000000000, 4 * kPage, map_).Alloc(20, 0x7f0000000000, 64, load_);
  trace_.Memory(100, {Whole(0x7f0000000000, 4, MemoryKind::kAnonymous)},
                [](format::LogMemory* memory) { memory->allocator = 0; });
  const ProcessSplit split = Split();
  EXPECT_EQ(split.parts.live, 64u);
  EXPECT_EQ(split.parts.kept_pages, 3 * kPage);
  EXPECT_EQ(split.parts.kept_holes, kPage - 64);
  EXPECT_EQ(split.parts.mapped, 0u);
}

// Of a heap whose mapping was made before the first call that could be seen.
TEST_F(ProcessMemoryTest, BlocksOfAnotherAllocatorsUnknownMapping) {
  const std::uint64_t heap = 0x7f0000000000;
  trace_.On(0).Alloc(10, heap + 2 * kPage, 1000, load_).Alloc(20, heap + 2 * kPage + 1024, 1000, load_);
  trace_.On(0).Alloc(30, heap + 4 * kPage, 1024, load_);
  trace_.Memory(100, {Whole(heap, 8, MemoryKind::kAnonymous)}, [](format::LogMemory* memory) {
    memory->allocator = static_cast<std::uint32_t>(format::ServingAllocator::kJemalloc);
    memory->reason = static_cast<std::uint32_t>(format::CheckpointReason::kEnd);
  });
  const ProcessParts parts = Split().parts;
  EXPECT_EQ(parts.live, 3024u);
  EXPECT_EQ(parts.overhead, 48u);
  EXPECT_EQ(parts.kept(), 3 * kPage - 3072);
  EXPECT_EQ(parts.unexplained, 5 * kPage);
  EXPECT_EQ(Split(false).parts.live, 3024u);
}

TEST_F(ProcessMemoryTest, LargeBlocksThatShareAPage) {
  const std::uint64_t start = 0x7f0000000010;
  trace_.On(0).Alloc(10, start, 5000, load_).Alloc(20, start + 5016, 5000, load_);
  trace_.Memory(100, {Whole(0x7f0000000000, 3, MemoryKind::kAnonymous)});
  const ProcessParts parts = Split().parts;
  EXPECT_EQ(parts.live, 10000u);
  EXPECT_EQ(parts.overhead, 3 * kPage - 10000);
  EXPECT_EQ(parts.unexplained, 0u);
}

TEST_F(ProcessMemoryTest, ArenasEndAtTheirWindow) {
  const std::uint64_t arena = 0x7f0000000000 & ~(format::kArenaBytes - 1);
  trace_.On(0)
      .Alloc(10, arena + 0x1000, 24, load_)
      .Alloc(20, arena + format::kArenaBytes + 0x1000, 24, load_);
  trace_.Memory(
      100, {Whole(arena, 4, MemoryKind::kArena), Whole(arena + format::kArenaBytes, 4, MemoryKind::kArena)});
  const ProcessSplit split = Split();
  EXPECT_EQ(split.arenas, 2u);
  EXPECT_EQ(split.parts.live, 48u);
  // The first arena's top is its own, although a block lies above in the second.
  EXPECT_EQ(split.parts.kept_top, 2 * (3 * kPage - 24));
  EXPECT_EQ(split.arenas_kept_bytes, split.parts.kept());
  EXPECT_EQ(split.parts.total(), 8 * kPage);
}

TEST_F(ProcessMemoryTest, EveryKindHasItsPart) {
  trace_.Memory(5, {Whole(0x7f0000000000, 2, MemoryKind::kAnonymous)},
                [](format::LogMemory* memory) { memory->reason = 0; });  // there from the start: the linker's
  trace_.Memory(100, {Whole(0x7f0000000000, 3, MemoryKind::kAnonymous),
                      Whole(0x7f0000010000, 1, MemoryKind::kThreadStack),
                      {0x7f0000020000, 9, MemoryKind::kFile, 7, 2, {}, "/lib/libc.so.6"},
                      Whole(0x7f0000030000, 5, MemoryKind::kModuleData),
                      Whole(0x7f0000040000, 11, MemoryKind::kOwn),
                      {0x7f0000050000, 20, MemoryKind::kOwnFile, 13, 0},
                      Whole(0x7f0000070000, 17, MemoryKind::kShared),
                      Whole(0x7fff00000000, 4, MemoryKind::kMainStack),
                      {0, 50, MemoryKind::kSmallFiles, 19, 6}});
  const ProcessSplit split = Splits().at(1);
  EXPECT_EQ(split.parts.loader, 2 * kPage);
  EXPECT_EQ(split.parts.unexplained, kPage);
  EXPECT_EQ(split.parts.stacks, 5 * kPage);
  EXPECT_EQ(split.parts.files, (5 + 13) * kPage);
  EXPECT_EQ(split.parts.file_data, (2 + 6 + 5) * kPage);
  EXPECT_EQ(split.parts.memtrace, 24 * kPage);
  EXPECT_EQ(split.parts.shared, 17 * kPage);
  EXPECT_EQ(split.parts.total(), 80 * kPage);
}

TEST_F(ProcessMemoryTest, AForkedProcessHasItsParentsBlocks) {
  const auto forked = [](format::LogMemory* memory) {
    memory->flags |= format::kMemoryIsForked;
    memory->reason = 0;
  };
  trace_.Memory(5, {Whole(kHeap, 10, MemoryKind::kBreak)}, forked);
  trace_.On(0).Alloc(50, kHeap + 12 * kPage, 1000, load_);
  trace_.Memory(100, {Whole(kHeap, 14, MemoryKind::kBreak)},
                [](format::LogMemory* memory) { memory->flags |= format::kMemoryIsForked; });
  const ProcessParts parts = Splits().at(1).parts;
  EXPECT_EQ(parts.inherited, 10 * kPage);
  EXPECT_EQ(parts.live, 1000u);
  EXPECT_EQ(parts.kept(), 4 * kPage - 1008);
}

TEST_F(ProcessMemoryTest, PythonsArenasStandApart) {
  const std::uint32_t arena = trace_.Node(main_, 0x405000, AllocKind::kPythonArena);
  trace_.On(0).Map(10, 0x7f0000000000, 64 * kPage, arena).Alloc(20, 0x7f0000000100, 64, load_);
  trace_.Memory(100, {{0x7f0000000000, 64, MemoryKind::kAnonymous, 40, 0, {0, 40}}});
  const ProcessSplit split = Split();
  EXPECT_EQ(split.parts.python_arenas, 40 * kPage);
  EXPECT_EQ(split.python_live_bytes, 64u);
  EXPECT_EQ(split.parts.live, 0u);
}

TEST_F(ProcessMemoryTest, WithoutDetailTheSumsAreTheSame) {
  for (std::uint64_t i = 0; i < 50; ++i) trace_.On(0).Alloc(i, kHeap + 16 + i * 2 * kPage, 4000, load_);
  trace_.On(0).Alloc(60, 0x7f0000000010, 1 << 20, load_);
  trace_.Memory(100,
                {Whole(kHeap, 100, MemoryKind::kBreak), Whole(0x7f0000000000, 257, MemoryKind::kAnonymous)});
  const ProcessParts detailed = Split().parts;
  const ProcessParts coarse = Split(false).parts;
  EXPECT_EQ(coarse.live, detailed.live);
  EXPECT_EQ(coarse.overhead, detailed.overhead);
  EXPECT_EQ(coarse.kept(), detailed.kept());
  EXPECT_EQ(coarse.total(), detailed.total());
}

TEST_F(ProcessMemoryTest, HighestIsTheFirstThatIsAboutTheHighest) {
  for (const std::uint64_t pages : {100, 990, 1000, 1001, 300}) {
    trace_.Memory(pages, {Whole(kHeap, pages, MemoryKind::kBreak)});
  }
  const auto reader = Open();
  // By time, which is its size here.
  EXPECT_EQ(reader.trace().memory.back().resident, 1001 * kPage);
  EXPECT_EQ(HighestAndLastReading(reader.trace()), (std::vector<std::size_t>{3, 4}));
  EXPECT_TRUE(HighestAndLastReading(model::Trace{}).empty());
}

TEST_F(ProcessMemoryTest, NearestIsTheOneNextInTime) {
  for (const std::uint64_t time : {100, 200, 300}) trace_.Memory(time, {Whole(kHeap, 1, MemoryKind::kBreak)});
  const auto reader = Open();
  const std::uint64_t times[][2] = {{0, 0}, {100, 0}, {150, 0}, {151, 1}, {299, 2}, {5000, 2}};
  for (const auto& [time_ns, reading] : times) {
    EXPECT_EQ(ReadingFor(reader.trace(), time_ns), reading) << time_ns;
  }
  EXPECT_FALSE(ReadingFor(model::Trace{}, 0));
}

TEST_F(ProcessMemoryTest, AMarkHasAReadingOfItsOwn) {
  const auto take = [this](std::uint64_t time, std::uint32_t thread, format::CheckpointReason reason) {
    trace_.Memory(time, {Whole(kHeap, 1, MemoryKind::kBreak)}, [&](format::LogMemory* memory) {
      memory->thread = thread;
      memory->reason = static_cast<std::uint32_t>(reason);
    });
  };
  trace_.Mark(100, 0, "first").Mark(200, 0, "second").Mark(205, 1, "other").Mark(500, 0, "none");
  take(99, 0, format::CheckpointReason::kPeriodic);
  take(130, 0, format::CheckpointReason::kMark);  // the machine was busy
  take(206, 1, format::CheckpointReason::kMark);
  take(240, 0, format::CheckpointReason::kMark);
  take(510, 0, format::CheckpointReason::kPeriodic);
  const auto reader = Open();
  const std::uint64_t times[][2] = {{100, 1}, {101, 0}, {200, 3}, {205, 2}, {500, 4}};
  for (const auto& [time_ns, reading] : times)
    EXPECT_EQ(ReadingFor(reader.trace(), time_ns), reading) << time_ns;
}

TEST_F(ProcessMemoryTest, ReadingsInAnyOrder) {
  for (const std::uint64_t pages : {2, 3, 4}) trace_.Memory(pages, {Whole(kHeap, pages, MemoryKind::kBreak)});
  auto reader = Open();
  ProcessMemoryWatch watch(reader.trace(), {2, 0, 1}, true);
  BuildProfile(reader, {}, {}, &watch);
  for (const std::size_t reading : {0, 1, 2})
    EXPECT_EQ(watch.SplitOf(reading).parts.total(), (reading + 2) * kPage);
}

TEST_F(ProcessMemoryTest, RoundingByWhatTheAllocatorTold) {
  trace_.BlockSizes(format::ServingAllocator::kMimalloc, {64, 1024}, 4096);
  for (std::uint64_t i = 0; i < 4; ++i) trace_.On(0).Alloc(i, kHeap + i * 1024, 1000, load_);
  trace_.Memory(100, {Whole(kHeap, 1, MemoryKind::kBreak)}, [](format::LogMemory* memory) {
    memory->allocator = static_cast<std::uint32_t>(format::ServingAllocator::kMimalloc);
  });
  for (const bool in_detail : {true, false}) {
    const ProcessParts parts = Split(in_detail).parts;
    EXPECT_EQ(parts.live, 4000u);
    EXPECT_EQ(parts.overhead, 96u);
    EXPECT_EQ(parts.kept(), 0u);
  }
}

// Sizes and addresses of a damaged trace may be anything.
TEST_F(ProcessMemoryTest, SurvivesImpossibleBlocks) {
  trace_.On(0)
      .Alloc(10, kHeap + 16, ~0ULL >> 8, load_)
      .Alloc(20, kHeap + 8, 100, load_)
      .Alloc(30, 8, 0, load_);
  trace_.On(0).Alloc(40, ~0ULL << 4 >> 8, ~0ULL >> 8, load_);
  trace_.Memory(100, {Whole(kHeap, 8, MemoryKind::kBreak), Whole(0x7f0000000000, 3, MemoryKind::kAnonymous)});
  for (const bool in_detail : {true, false}) {
    EXPECT_EQ(Split(in_detail).parts.total(), 11 * kPage);
  }
}

}  // namespace
}  // namespace memtrace::aggregate
