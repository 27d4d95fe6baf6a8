// SPDX-License-Identifier: MIT
// Which pages of a range of this process's memory are resident. Two ways, see memory_reading.h.
#pragma once

#include <cstddef>
#include <cstdint>

#include "memtrace/mapping_kinds.h"

namespace memtrace::preload {

using format::PageState;

// Lives in the scratch memory of a reading. Not thread-safe.
class Residency {
 public:
  static constexpr std::size_t kPagesAtOnce = 4096;

  // Opens /proc/self/pagemap, which a process that changed its user id may not.
  void Open();
  void Close();
  bool has_pagemap() const { return pagemap_ >= 0; }

  // The states of `pages` pages, at most kPagesAtOnce, from `address`; valid until the next call. Null:
  // unknown. What was unmapped meanwhile is absent. By mincore, private memory is kResident or kAbsent.
  const PageState* ByMincore(std::uintptr_t address, std::size_t pages);
  const PageState* ByPagemap(std::uintptr_t address, std::size_t pages);

 private:
  int pagemap_;
  PageState states_[kPagesAtOnce];
  std::uint64_t entries_[kPagesAtOnce];
};

}  // namespace memtrace::preload
