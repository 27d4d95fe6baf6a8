// SPDX-License-Identifier: MIT
// A set of allocations, named by their number in the recording: one bit each, in pages that exist once
// something is in them.
//
//     page 0  ─► 4 KiB: allocations 0 to 32767
//     page 1     none of them is in the set
//     page 2  ─► 4 KiB
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

namespace memtrace::aggregate {

// Not thread-safe. O(1).
class OrdinalSet {
 public:
  void Add(std::uint64_t ordinal) {
    const std::uint64_t page = ordinal / kPageBits;
    if (page >= pages_.size()) pages_.resize(page + 1);
    if (pages_[page] == nullptr) pages_[page] = std::make_unique<Page>();
    (*pages_[page])[ordinal % kPageBits / 64] |= std::uint64_t{1} << ordinal % 64;
  }

  void Remove(std::uint64_t ordinal) {
    if (!Contains(ordinal)) return;
    (*pages_[ordinal / kPageBits])[ordinal % kPageBits / 64] &= ~(std::uint64_t{1} << ordinal % 64);
  }

  bool Contains(std::uint64_t ordinal) const {
    const std::uint64_t page = ordinal / kPageBits;
    if (page >= pages_.size() || pages_[page] == nullptr) return false;
    return ((*pages_[page])[ordinal % kPageBits / 64] >> ordinal % 64 & 1) != 0;
  }

 private:
  static constexpr std::uint64_t kPageBits = 32768;
  using Page = std::array<std::uint64_t, kPageBits / 64>;

  std::vector<std::unique_ptr<Page>> pages_;
};

}  // namespace memtrace::aggregate
