// SPDX-License-Identifier: MIT
// Runs the call frame instructions of a CIE or FDE (DWARF 5, section 6.4.2) up to a pc.
#pragma once

#include <cstdint>

#include "preload/stack/dwarf_cursor.h"
#include "preload/stack/unwind_row.h"

namespace memtrace::preload {

struct CfaProgram {
  DwarfCursor instructions;
  std::uint64_t code_alignment;
  std::int64_t data_alignment;
  std::uint8_t pointer_encoding;
  std::uint64_t start;   // pc of the first instruction covered
  std::uint64_t target;  // the row that is in force here is wanted
};

// Changes `row` from its state at program.start to that at program.target. `initial` is what
// DW_CFA_restore goes back to. False: an instruction or a value that we do not know.
bool RunCfaProgram(CfaProgram program, const UnwindRow& initial, UnwindRow& row);

}  // namespace memtrace::preload
