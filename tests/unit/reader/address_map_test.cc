// SPDX-License-Identifier: MIT
#include "analyzer/reader/address_map.h"

#include <gtest/gtest.h>

#include <random>
#include <unordered_map>

namespace memtrace::reader {
namespace {

TEST(AddressMap, InsertsFindsErases) {
  AddressMap<int> map;
  EXPECT_EQ(map.Find(16), nullptr);
  auto [value, is_new] = map.Insert(16);
  EXPECT_TRUE(is_new);
  *value = 7;
  EXPECT_FALSE(map.Insert(16).second);
  EXPECT_EQ(*map.Find(16), 7);
  int erased = 0;
  EXPECT_TRUE(map.Erase(16, &erased));
  EXPECT_EQ(erased, 7);
  EXPECT_FALSE(map.Erase(16, &erased));
  EXPECT_EQ(map.size(), 0U);
}

TEST(AddressMap, HoldsAddressZeroToo) {
  AddressMap<int> map;
  *map.Insert(0).first = 3;
  EXPECT_EQ(map.size(), 1U);
  EXPECT_EQ(*map.Find(0), 3);
  int erased = 0;
  EXPECT_TRUE(map.Erase(0, &erased));
  EXPECT_FALSE(map.Erase(0, &erased));
  EXPECT_EQ(*map.Insert(0).first, 0);  // a new one starts afresh
}

// The same random operations on this map and on the standard one; few addresses, so that runs form and wrap.
TEST(AddressMap, BehavesLikeTheStandardMap) {
  for (const std::uint64_t addresses : {40ULL, 700ULL, 100'000ULL}) {
    std::mt19937_64 random(addresses);
    AddressMap<std::uint32_t> map;
    std::unordered_map<std::uint64_t, std::uint32_t> expected;
    for (std::uint32_t i = 0; i < 200'000; ++i) {
      const std::uint64_t address = random() % addresses * 16 + (random() % 8 == 0 ? 0x7f0000000000 : 0);
      if (random() % 2 == 0) {
        *map.Insert(address).first = i;
        expected[address] = i;
      } else {
        std::uint32_t value = 0;
        const auto found = expected.find(address);
        ASSERT_EQ(map.Erase(address, &value), found != expected.end());
        if (found == expected.end()) continue;
        ASSERT_EQ(value, found->second);
        expected.erase(found);
      }
    }
    ASSERT_EQ(map.size(), expected.size());
    std::size_t seen = 0;
    map.ForEach([&](std::uint64_t address, std::uint32_t value) {
      ++seen;
      ASSERT_EQ(expected.at(address), value);
    });
    EXPECT_EQ(seen, expected.size());
  }
}

}  // namespace
}  // namespace memtrace::reader
