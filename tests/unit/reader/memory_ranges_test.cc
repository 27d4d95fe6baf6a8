// SPDX-License-Identifier: MIT
// Tests readings of process memory as the reader takes them in: over several records, and damaged.
#include "analyzer/reader/memory_ranges.h"

#include "tests/unit/reader/reader_fixture.h"

namespace memtrace::reader {
namespace {

using format::MemoryKind;

constexpr std::uint64_t kPage = format::kPageBytes;

class MemoryRecordsTest : public ReaderTest {};

TEST_F(MemoryRecordsTest, RangesComeBackAsTheyWere) {
  TraceBuilder builder;
  builder.Memory(7, {{0x10000, 5, MemoryKind::kBreak, 3, 0, {1, 3}},
                     {0x40000, 9, MemoryKind::kFile, 7, 2, {}, "/lib/libc.so.6"},
                     {0, 4, MemoryKind::kSmallFiles, 2, 1}});
  const auto reader = Open(builder);
  ASSERT_EQ(reader.trace().memory.size(), 1u);
  const model::MemoryReading& reading = reader.trace().memory[0];
  EXPECT_EQ(reading.time_ns, 7u);
  EXPECT_EQ(reading.resident, 12 * kPage);
  EXPECT_EQ(reading.allocator, format::ServingAllocator::kGlibc);
  EXPECT_EQ(reading.jemalloc_active, format::kUnknown);
  ASSERT_EQ(reading.ranges.size(), 3u);
  EXPECT_EQ(reading.ranges[0].start, 0x10000u);
  EXPECT_EQ(reading.ranges[0].end, 0x15000u);
  EXPECT_EQ(reading.ranges[0].runs, (std::vector<std::uint64_t>{1, 3}));
  EXPECT_EQ(reading.ranges[1].name, "/lib/libc.so.6");
  EXPECT_EQ(reading.ranges[1].private_bytes, 2 * kPage);
  EXPECT_EQ(reading.ranges[2].resident_bytes, 2 * kPage);
}

TEST_F(MemoryRecordsTest, SeveralRecordsMakeOneReading) {
  const auto part = [](std::uint32_t number, bool is_last) {
    return [=](format::LogMemory* memory) {
      memory->number = number;
      memory->flags = is_last ? format::kMemoryIsLast : 0;
    };
  };
  TraceBuilder builder;
  builder.Memory(10, {{0x10000, 1, MemoryKind::kAnonymous, 1}}, part(0, false))
      .Memory(11, {{0x90000, 1, MemoryKind::kAnonymous, 1}}, part(1, true))
      .Memory(12, {{0x20000 - 0x11000, 2, MemoryKind::kAnonymous, 2}}, part(0, true))
      .Memory(13, {{0x10000, 1, MemoryKind::kAnonymous, 1}}, part(2, false));  // never ends
  const auto reader = Open(builder);
  ASSERT_EQ(reader.trace().memory.size(), 2u);
  EXPECT_EQ(reader.trace().memory[0].time_ns, 10u);
  ASSERT_EQ(reader.trace().memory[0].ranges.size(), 2u);
  EXPECT_EQ(reader.trace().memory[0].ranges[1].start, 0x20000u);  // counted from the end of the record before
  EXPECT_TRUE(reader.trace().damage.empty());
}

TEST_F(MemoryRecordsTest, SizesOfBlocksMustRise) {
  TraceBuilder sound;
  sound.BlockSizes(format::ServingAllocator::kMimalloc, {8, 16, 1024}, 4096);
  const auto reader = Open(sound);
  EXPECT_EQ(reader.trace().block_sizes.bytes, (std::vector<std::uint64_t>{8, 16, 1024}));
  EXPECT_EQ(reader.trace().block_sizes.step_bytes, 4096u);
  EXPECT_EQ(reader.trace().block_sizes.allocator, format::ServingAllocator::kMimalloc);
  const auto expect_damage = [this](const std::vector<std::uint64_t>& sizes, std::uint64_t step_bytes,
                                    std::uint32_t count) {
    TraceBuilder builder;
    builder.BlockSizes(format::ServingAllocator::kMimalloc, sizes, step_bytes, count);
    const auto damaged = Open(builder);
    EXPECT_TRUE(damaged.trace().block_sizes.bytes.empty());
    EXPECT_EQ(damaged.trace().damage.size(), 1u);
  };
  expect_damage({8, 8}, 8, 2);
  expect_damage({16, 8}, 8, 2);
  expect_damage({8, 16}, 0, 2);
  expect_damage({8, 16}, 8, 10);  // there are no so many
  expect_damage({8, 16}, 8, ~0U);
  expect_damage({8, 1ULL << 50}, 8, 2);
}

TEST_F(MemoryRecordsTest, ImpossibleRangesAreDamage) {
  const testing::RangeSpec impossible[] = {
      {0x10000, 5, MemoryKind::kBreak, 6},                     // more resident than there is
      {0x10000, 5, MemoryKind::kFile, 3, 4},                   // more copies than resident
      {0x10000, 5, MemoryKind::kBreak, 5, 0, {2, 4}},          // runs beyond the range
      {~0ULL & ~0xfffULL, ~0ULL >> 8, MemoryKind::kBreak, 1},  // beyond the address space
  };
  for (const testing::RangeSpec& range : impossible) {
    TraceBuilder builder;
    builder.Memory(7, {range});
    const auto reader = Open(builder);
    EXPECT_TRUE(reader.trace().memory.empty());
    EXPECT_EQ(reader.trace().damage.size(), 1u);
  }
}

TEST_F(MemoryRecordsTest, ABodyThatIsCutIsDamage) {
  TraceBuilder builder;
  builder.Memory(7, {{0x10000, 5, MemoryKind::kBreak, 5, 0, {0, 5}}},
                 [](format::LogMemory* memory) { --memory->body_bytes; });
  builder.Memory(8, {{0x10000, 5, MemoryKind::kBreak, 5}},
                 [](format::LogMemory* memory) { memory->body_bytes = ~0U; });
  const auto reader = Open(builder);
  EXPECT_TRUE(reader.trace().memory.empty());
  EXPECT_EQ(reader.trace().damage.size(), 2u);
}

TEST_F(MemoryRecordsTest, WhatLaterVersionsSayIsLeftOut) {
  TraceBuilder builder;
  builder.Memory(7, {{0x10000, 5, static_cast<MemoryKind>(77), 5}, {0x20000, 1, MemoryKind::kBreak, 1}},
                 [](format::LogMemory* memory) { memory->reason = memory->allocator = 99; });
  const auto reader = Open(builder);
  ASSERT_EQ(reader.trace().memory.size(), 1u);
  EXPECT_EQ(reader.trace().memory[0].reason, format::CheckpointReason::kPeriodic);
  EXPECT_EQ(reader.trace().memory[0].allocator, format::ServingAllocator::kOther);
  ASSERT_EQ(reader.trace().memory[0].ranges.size(), 1u);
  EXPECT_EQ(reader.trace().memory[0].ranges[0].start, 0x20000u);
  EXPECT_TRUE(reader.trace().damage.empty());
}

}  // namespace
}  // namespace memtrace::reader
