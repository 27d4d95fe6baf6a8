// SPDX-License-Identifier: MIT
// Finds the unwind row of a pc in the .eh_frame of the module that holds it.
//
//   .eh_frame_hdr   [version|encodings|table of (function start, FDE), sorted]   binary search
//        │
//        └► FDE  [length|CIE|start|range|augmentation|instructions]  ─► CIE [augmentation|instructions]
//
// Formats: LSB Core 5.0, sections 10.6.1 (.eh_frame) and 10.6.2 (.eh_frame_hdr).
// Thread-safe: reads mapped modules only. Costs about half a microsecond.
#pragma once

#include <dlfcn.h>

#include <cstdint>

#include "preload/stack/unwind_row.h"

namespace memtrace::preload {

enum class RowResult : std::uint8_t {
  kFound,
  kNoEntry,      // code without unwind information
  kUnsupported,  // there is an entry that we cannot read
};

// `pc` is an address inside the instruction in question: a return address minus one, or an interrupted pc.
// `module` is what _dl_find_object said about it.
RowResult FindUnwindRow(std::uintptr_t pc, const dl_find_object& module, UnwindRow& row);

// The part behind the search, for tests: the row at pc according to the FDE at `fde`.
RowResult ReadUnwindRow(std::uintptr_t pc, const std::uint8_t* fde, const std::uint8_t* limit,
                        const std::uint8_t* expression_base, UnwindRow& row);

}  // namespace memtrace::preload
