// SPDX-License-Identifier: MIT
// What a trace says about Python: the interpreters it met and the code objects on their stacks. Plain data.
//
//   site (code 7, instruction 21) ─► PythonCode 7 ─► "Cache.load", cache.py, first line 40
//                                        └─ line table, as CPython keeps it: instruction 21 is line 43
//                                           (symbolize/python_lines.h reads it)
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>

#include "memtrace/trace_format.h"

namespace memtrace::model {

struct PythonCode {
  std::uint32_t id = 0;  // as sites name it; 1 or more
  std::uint32_t first_line = 0;
  format::PythonLineTable table_kind = format::PythonLineTable::kLocations;
  std::string name;  // qualified from 3.11 on: "Cache.load.<locals>.<listcomp>"
  std::string file;  // as the interpreter has it: may be relative, or "<string>"
  std::string line_table;
};

struct PythonRuntime {
  std::uint64_t time_ns = 0;
  std::uint32_t hex_version = 0;  // PY_VERSION_HEX; 0: unknown
  format::PythonSupport support = format::PythonSupport::kFull;
  std::string text;  // why support is not full
  // Of objects that free lists hand out again: never lost from some moment on.
  format::PythonReuse reuse = format::PythonReuse::kUnseen;
};

// Null if there is no such code. `codes` ascend by id.
inline const PythonCode* FindPythonCode(std::span<const PythonCode> codes, std::uint32_t id) {
  const auto found =
      std::lower_bound(codes.begin(), codes.end(), id,
                       [](const PythonCode& code, std::uint32_t wanted) { return code.id < wanted; });
  return found != codes.end() && found->id == id ? &*found : nullptr;
}

}  // namespace memtrace::model
