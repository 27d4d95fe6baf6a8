// SPDX-License-Identifier: MIT
// Memory for hash tables: zeroed, and in huge pages where it is large. A table is hit all over; with pages of
// 4 KiB each of these hits would look for its page first, which takes longer than the hit.
#pragma once

#include <cstddef>
#include <memory>

namespace memtrace::reader {

struct FreeTable {
  void operator()(void* table) const;
};

// Zeros. Throws std::bad_alloc.
void* NewTable(std::size_t bytes);

// An array of plain data that is all zero at first.
template <typename Entry>
using Table = std::unique_ptr<Entry[], FreeTable>;

template <typename Entry>
Table<Entry> MakeTable(std::size_t count) {
  return Table<Entry>(static_cast<Entry*>(NewTable(count * sizeof(Entry))));
}

}  // namespace memtrace::reader
