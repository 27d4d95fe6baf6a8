// SPDX-License-Identifier: MIT
// Tests memtrace's own memory and its count.
#include "preload/base/arena.h"

#include <gtest/gtest.h>

namespace memtrace::preload {
namespace {

TEST(ArenaTest, GivesZeroedPagesAndCountsThem) {
  const std::uint64_t before = OwnPrivateBytes();
  auto* numbers = MapArray<std::uint64_t>(1000);
  ASSERT_NE(numbers, nullptr);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(numbers) % 4096, 0u);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(numbers[i], 0u);
  EXPECT_EQ(OwnPrivateBytes(), before + 8192);
  UnmapPrivate(numbers, 1000 * sizeof(std::uint64_t));
  EXPECT_EQ(OwnPrivateBytes(), before);
}

TEST(ArenaTest, DroppedPagesReadAsZeroAndDoNotCount) {
  auto* numbers = MapArray<std::uint64_t>(1024);  // two pages
  ASSERT_NE(numbers, nullptr);
  for (int i = 0; i < 1024; ++i) numbers[i] = 7;
  const std::uint64_t before = OwnPrivateBytes();
  DropPrivate(numbers + 512, 4096);
  EXPECT_EQ(OwnPrivateBytes(), before - 4096);
  EXPECT_EQ(numbers[0], 7u);
  EXPECT_EQ(numbers[512], 0u);
  EXPECT_EQ(numbers[1023], 0u);
}

TEST(ArenaTest, SaysNoToTheImpossible) {
  const std::uint64_t before = OwnPrivateBytes();
  EXPECT_EQ(MapPrivate(1ULL << 60), nullptr);
  EXPECT_EQ(OwnPrivateBytes(), before);
}

}  // namespace
}  // namespace memtrace::preload
