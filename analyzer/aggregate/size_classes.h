// SPDX-License-Identifier: MIT
// Blocks of about the same size: four classes a doubling, as jemalloc has them.
//
//     … | 33-40 | 41-48 | 49-56 | 57-64 | 65-80 | 81-96 | 97-112 | 113-128 | 129-160 | …
//                  └─ if all blocks in it had 48 bytes, its bounds are 48 and 48
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <vector>

#include "analyzer/aggregate/query.h"

namespace memtrace::aggregate {

inline constexpr std::uint32_t kSizeClasses = 252;

// 0 to kSizeClasses - 1, rising with the size. Blocks of up to 8 bytes have a class for each size.
constexpr std::uint32_t SizeClassOf(std::uint64_t bytes) {
  const std::uint64_t below = bytes == 0 ? 0 : bytes - 1;
  if (below < 8) return static_cast<std::uint32_t>(below);
  const auto doublings = static_cast<std::uint32_t>(std::bit_width(below)) - 1;
  return 8 + (doublings - 3) * 4 + static_cast<std::uint32_t>(below >> (doublings - 2) & 3);
}

// Remembers the smallest and the largest size that was seen in each class. Not thread-safe.
class SizeClasses {
 public:
  explicit SizeClasses(bool is_wanted) {
    if (is_wanted) bounds_.assign(kSizeClasses, Bounds{~0ULL, 0});
  }

  // 0 for all sizes if they are not wanted.
  std::uint32_t Note(std::uint64_t bytes) {
    if (bounds_.empty()) return 0;
    const std::uint32_t size_class = SizeClassOf(bytes);
    Bounds& bounds = bounds_[size_class];
    bounds = {std::min(bounds.min, bytes), std::max(bounds.max, bytes)};
    return size_class;
  }

  const std::vector<Bounds>& bounds() const { return bounds_; }

 private:
  std::vector<Bounds> bounds_;
};

}  // namespace memtrace::aggregate
