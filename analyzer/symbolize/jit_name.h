// SPDX-License-Identifier: MIT
// Reads what V8 writes into a perf map: which function a piece of machine code was made from, and where it
// stands.
//
//   JS:*parse /srv/app.js:12:20              function parse, file /srv/app.js, line 12, column 20
//   ╰┬╯│                                     kind of code; the mark says which compiler made it
//   LazyCompile:~ node:internal/fs:7:1       a function without a name
//   Builtin:ArrayPrototypeSort               no place: taken as it is
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace memtrace::symbolize {

struct JitName {
  std::string function;
  std::string file;  // empty: the name tells no place
  std::uint32_t line = 0;
  std::uint32_t column = 0;
};

// Never fails: a name of another shape is the function, whole.
JitName ParseJitName(std::string_view text);

}  // namespace memtrace::symbolize
