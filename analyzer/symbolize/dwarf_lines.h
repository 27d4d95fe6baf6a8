// SPDX-License-Identifier: MIT
// ELF address → source line by a unit's line table, and the one spelling of each source path.
#pragma once

#include <elfutils/libdw.h>

#include <cstdint>
#include <functional>
#include <string>
#include <unordered_map>

namespace memtrace::symbolize {

struct SourceLine {
  const std::string* file = nullptr;  // owned by SourcePaths; null: unknown
  std::uint32_t line = 0;             // 0: unknown
  std::uint32_t column = 0;
};

// Makes paths absolute where the unit's folder allows it, and removes "./", "//" and "x/../", so that a file
// reached by two ways counts as one. One per module: it remembers paths by the address libdw gave them.
class SourcePaths {
 public:
  // `name` as libdw gives it for `unit`; null or empty gives null. The reference stays valid.
  const std::string* Canonical(Dwarf_Die& unit, const char* name);

  // The file that an index of the unit's file table names, as in DW_AT_call_file.
  const std::string* OfFileIndex(Dwarf_Die& unit, Dwarf_Word index);

 private:
  std::unordered_map<const char*, std::string> canonical_;
};

// The line of the instruction at `address`. Where the compiler gave it none (line 0: moved or merged code),
// the last line before it counts, back to `scope_begin`, since that is still the same piece of the same
// function.
SourceLine LineAt(Dwarf_Die& unit, std::uint64_t address, std::uint64_t scope_begin, SourcePaths& paths);

// The highest line number of `file` above `least` among the instructions that `is_wanted` takes, by their
// addresses and lines; `least` if there is none.
std::uint32_t LastLineAmong(Dwarf_Die& unit, const std::string& file, std::uint32_t least, SourcePaths& paths,
                            const std::function<bool(std::uint64_t, std::uint32_t)>& is_wanted);

// Where a function is declared: what is left to say about code of it that has no line of its own.
SourceLine DeclarationOf(Dwarf_Die& function, SourcePaths& paths);

}  // namespace memtrace::symbolize
