// SPDX-License-Identifier: MIT
// CPython's line tables: which source line an instruction of a code object was made from.
//
//   offset   0      6      10          20 …     bytes into the code object's instructions
//            ├──────┼───────┼───────────┤
//   line       41      43     none        41     none: what the compiler added of its own accord
//
// Three encodings (cpython: Objects/lnotab_notes.txt, Objects/locations.md):
//
//   kLnotab     to 3.9   pairs: bytes until the next row (unsigned), lines until then (signed)
//   kLines310   3.10     pairs: bytes of this row (unsigned), lines since the last one (signed; -128: none)
//   kLocations  3.11 on  entries of a head byte 1kkkklll (kind, number of instructions - 1) and, by kind,
//   numbers of
//                        six bits a byte: lines since the last entry, columns
#pragma once

#include <cstdint>
#include <vector>

#include "analyzer/model/python.h"

namespace memtrace::symbolize {

struct PythonPlace {
  std::uint32_t line = 0;    // 0: none
  std::uint32_t column = 0;  // counted from 1, in bytes of UTF-8; 0: unknown

  bool operator==(const PythonPlace&) const = default;
};

// One code object's table, decoded once. Whatever the table's bytes are, it takes no more than 16 bytes for
// each of them.
class PythonLines {
 public:
  explicit PythonLines(const model::PythonCode& code);

  // `offset`: in bytes from the first instruction. No line behind the table's end.
  PythonPlace Find(std::uint32_t offset) const;

 private:
  struct Row {
    std::uint32_t begin;
    PythonPlace place;
  };

  void Add(std::uint64_t begin, std::int64_t line, std::uint32_t column);
  void ReadLnotab(const model::PythonCode& code);
  void ReadLines310(const model::PythonCode& code);
  void ReadLocations(const model::PythonCode& code);

  std::vector<Row> rows_;  // by begin; each lasts until the next one
};

}  // namespace memtrace::symbolize
