// SPDX-License-Identifier: MIT
// Python's code objects: address → id, and the text of each, written down when it is first seen.
//
//   address ──► entries [address | id] …       open addressing, looked up without a lock (version: a seqlock)
//   content ──► contents [hash | id] …         equal files, names and line tables have one id: eval in a
//   loop,
//                                              modules imported again, children of a fork before they diverge
//   freed block ──► filter[16 bits of a hash]  how many known code objects lie there; 0 for nearly all blocks
//
// A code object is a block of CPython's object allocator and begins where the block does, so our own free
// hook sees it die. Then its address is forgotten and the epoch moves on, and every thread drops what it
// remembers of frames. All of this lies in fork-local memory: a child starts anew and writes the texts into
// its own trace.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "preload/python/runtime.h"

namespace memtrace::preload {

struct PythonCodeText {
  std::uint32_t id;
  std::uint32_t first_line;
  format::PythonLineTable line_table_form;
  const char* name;
  std::size_t name_bytes;
  const char* file;
  std::size_t file_bytes;
  const void* line_table;
  std::size_t line_table_bytes;
};

// Takes the text of a code object into the trace. False: no room.
using PythonCodeSink = bool (*)(const PythonCodeText& code);

struct PythonCodeFilter {
  static constexpr unsigned kBits = 16;
  std::atomic<std::uint8_t> counts[1 << kBits];  // 255: that many or more, for ever

  // Blocks that lie near each other have slots near each other: the program's data and ours share a cache.
  static constexpr std::uint32_t SlotOf(std::uintptr_t address) {
    return static_cast<std::uint32_t>(address >> 8 ^ address >> 24) & ((1U << kBits) - 1);
  }
};

// Never null once PythonCodesInit was called.
extern constinit PythonCodeFilter* g_python_code_filter;
// Moves on whenever a known code object has died.
extern constinit std::atomic<std::uint64_t> g_python_codes_epoch;

bool PythonCodesInit(PythonCodeSink sink);

// The id of a code object that the caller knows to be alive; 0: it has none, for lack of room. Any thread.
std::uint32_t PythonCodeId(const PythonRuntime& runtime, std::uintptr_t code);

// A block of the object allocator is about to be freed: almost always one load.
void PythonBlockMayBeCode(std::uintptr_t block);
[[gnu::always_inline]] inline void PythonObjectFreed(std::uintptr_t block) {
  const PythonCodeFilter& filter = *g_python_code_filter;
  const bool may_be = filter.counts[PythonCodeFilter::SlotOf(block)].load(std::memory_order_relaxed) != 0;
  if (__builtin_expect(may_be, 0)) PythonBlockMayBeCode(block);
}

// Forgets all addresses: deaths may have gone by unseen.
void PythonCodesForget();

}  // namespace memtrace::preload
