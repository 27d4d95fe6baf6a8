// SPDX-License-Identifier: MIT
#include "analyzer/reader/table_memory.h"

#include <sys/mman.h>

#include <cstdlib>
#include <cstring>
#include <new>

namespace memtrace::reader {
namespace {

constexpr std::size_t kHugePageBytes = 2 << 20;
constexpr std::size_t kCacheLineBytes = 64;

constexpr std::size_t RoundUp(std::size_t bytes, std::size_t to) {
  return (bytes + to - 1) / to * to;
}

}  // namespace

void* NewTable(std::size_t bytes) {
  const bool is_large = bytes >= kHugePageBytes;
  const std::size_t alignment = is_large ? kHugePageBytes : kCacheLineBytes;
  const std::size_t size = RoundUp(bytes, alignment);
  void* table = size < bytes ? nullptr : std::aligned_alloc(alignment, size);
  if (table == nullptr) throw std::bad_alloc();
  if (is_large) madvise(table, size, MADV_HUGEPAGE);  // a wish: without it all is as it was, but slower
  std::memset(table, 0, bytes);
  return table;
}

void FreeTable::operator()(void* table) const {
  std::free(table);
}

}  // namespace memtrace::reader
