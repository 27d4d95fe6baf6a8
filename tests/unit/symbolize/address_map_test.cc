// SPDX-License-Identifier: MIT
// AddressMap against a slow reference, and the picture of its header.
#include "analyzer/symbolize/address_map.h"

#include <gtest/gtest.h>

#include <random>

namespace memtrace::symbolize {
namespace {

constexpr std::uint32_t kNone = AddressMap::kNone;

TEST(AddressMapTest, FindsTheInnermostRange) {
  enum : std::uint32_t { f, g, h, i, k };
  const AddressMap map({{10, 30, f, 0}, {14, 24, h, 1}, {16, 20, i, 2}, {40, 60, g, 0}, {45, 50, k, 1}});
  EXPECT_EQ(map.Find(9).value, kNone);
  EXPECT_EQ(map.Find(10).value, f);
  EXPECT_EQ(map.Find(14).value, h);
  EXPECT_EQ(map.Find(19).value, i);
  EXPECT_EQ(map.Find(20).value, h);
  EXPECT_EQ(map.Find(29).value, f);
  EXPECT_EQ(map.Find(30).value, kNone);
  EXPECT_EQ(map.Find(47).value, k);
  EXPECT_EQ(map.Find(60).value, kNone);
}

TEST(AddressMapTest, TellsWhereTheSegmentBegins) {
  const AddressMap map({{10, 30, 0, 0}, {14, 24, 1, 1}});
  EXPECT_EQ(map.Find(13).segment_begin, 10U);
  EXPECT_EQ(map.Find(14).segment_begin, 14U);
  EXPECT_EQ(map.Find(29).segment_begin, 24U);
}

TEST(AddressMapTest, RankDecidesBetweenEqualRanges) {
  EXPECT_EQ(AddressMap({{1, 5, 7, 1}, {1, 5, 8, 2}, {1, 5, 9, 0}}).Find(3).value, 8U);
}

TEST(AddressMapTest, DropsEmptyAndCutsCrossingRanges) {
  const AddressMap map({{5, 5, 0, 0}, {10, 20, 1, 0}, {15, 30, 2, 0}});
  EXPECT_EQ(map.Find(5).value, kNone);
  EXPECT_EQ(map.Find(15).value, 2U);
  EXPECT_EQ(map.Find(25).value, kNone);
}

TEST(AddressMapTest, EmptyMapFindsNothing) {
  EXPECT_EQ(AddressMap().Find(1).value, kNone);
}

// Nested ranges as a compiler would make them, to a depth where several begin or end together.
void AddNested(std::mt19937& random, std::uint64_t begin, std::uint64_t end, std::uint32_t depth,
               std::vector<AddressRange>* ranges) {
  ranges->push_back({begin, end, static_cast<std::uint32_t>(ranges->size()), depth});
  if (depth == 6) return;
  for (std::uint64_t at = begin; at < end;) {
    const std::uint64_t size = 1 + random() % (end - at);
    if (random() % 3 != 0) AddNested(random, at, at + size, depth + 1, ranges);
    at += size;
  }
}

TEST(AddressMapTest, AgreesWithLinearSearchOnRandomNesting) {
  for (unsigned seed = 0; seed < 50; ++seed) {
    std::mt19937 random(seed);
    std::vector<AddressRange> ranges;
    AddNested(random, 100, 300, 0, &ranges);
    std::vector<AddressRange> shuffled = ranges;
    std::shuffle(shuffled.begin(), shuffled.end(), random);
    const AddressMap map(shuffled);
    for (std::uint64_t address = 90; address < 310; ++address) {
      std::uint32_t expected = kNone;
      std::uint32_t depth = 0;
      for (const AddressRange& range : ranges) {
        if (address < range.begin || address >= range.end || range.rank < depth) continue;
        expected = range.value;
        depth = range.rank;
      }
      ASSERT_EQ(map.Find(address).value, expected) << "seed " << seed << ", address " << address;
    }
  }
}

}  // namespace
}  // namespace memtrace::symbolize
