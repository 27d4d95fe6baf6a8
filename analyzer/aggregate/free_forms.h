// SPDX-License-Identifier: MIT
// Which kind of free belongs to which kind of allocation.
#pragma once

#include "memtrace/trace_format.h"

namespace memtrace::aggregate {

// What a block that was asked for by `kind` must be given back with.
constexpr format::FreeForm ExpectedFreeForm(format::AllocKind kind) {
  switch (kind) {
    case format::AllocKind::kNew:
    case format::AllocKind::kNewAligned:
      return format::FreeForm::kDelete;
    case format::AllocKind::kNewArray:
    case format::AllocKind::kNewArrayAligned:
      return format::FreeForm::kDeleteArray;
    default:
      return format::FreeForm::kFree;
  }
}

}  // namespace memtrace::aggregate
