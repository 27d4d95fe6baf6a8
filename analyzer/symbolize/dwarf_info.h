// SPDX-License-Identifier: MIT
// ELF address → source frames by DWARF: finds the unit, then its line and the chain of inlined calls.
//
//   address ─► unit (all of the module, by their ranges)
//                ├─► line table ─► file:line of the instruction ─┐
//                └─► scopes ─► innermost function ───────────────┴─► frame 0
//                                  │ called at file:line ────────┐
//                                  └► what it was inlined into ──┴─► frame 1 …
#pragma once

#include <elfutils/libdw.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/symbolize/address_map.h"
#include "analyzer/symbolize/dwarf_lines.h"
#include "analyzer/symbolize/dwarf_names.h"
#include "analyzer/symbolize/dwarf_scopes.h"

namespace memtrace::symbolize {

// A source position in a function. What is unknown is empty or 0.
struct Location {
  std::string function;  // demangled
  std::string file;
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  std::uint32_t function_line = 0;  // where the function is declared, if that is in `file`
  bool is_inlined = false;          // into the next location
};

// Units are indexed by their ranges when the module is opened; a unit's functions and lines are read when an
// address falls into it. Damaged DWARF gives fewer frames, never an error. Not thread-safe.
class DwarfInfo {
 public:
  // Null if the file has no DWARF. `elf` must stay open; `code` are the executable segments.
  static std::unique_ptr<DwarfInfo> Open(Elf* elf, std::vector<AddressSpan> code);

  ~DwarfInfo();
  DwarfInfo(const DwarfInfo&) = delete;
  DwarfInfo& operator=(const DwarfInfo&) = delete;

  // True if functions are in .dwo files of which one was not there.
  bool is_incomplete() const { return is_incomplete_; }

  // Innermost first; empty if the DWARF says nothing about the address.
  std::vector<Location> Find(std::uint64_t address);

  // The last line of the function declared at a line of `file` whose code is at `address`, as far as there is
  // code of it: itself, wherever it was inlined, and instances of a template, in that unit. 0: not known.
  std::uint32_t LastLineOf(std::uint64_t address, const std::string& file, std::uint32_t declared);

 private:
  struct Unit {
    Dwarf_Die lines;      // the entry with the line table
    Dwarf_Die functions;  // the entry with the functions: another one with split DWARF
    std::optional<DwarfScopes> scopes;
  };

  Unit* UnitAt(std::uint64_t address);
  DwarfInfo(Dwarf* dwarf, std::vector<AddressSpan> code);
  void IndexUnits();
  void AddUnit(Dwarf_Die lines, Dwarf_Die functions, std::vector<AddressRange>* ranges);
  std::vector<Location> Chain(Unit& unit, std::uint32_t scope, const SourceLine& innermost);

  Dwarf* dwarf_;
  std::vector<AddressSpan> code_;
  bool is_incomplete_ = false;
  std::vector<Unit> units_;
  AddressMap unit_map_;
  SourcePaths paths_;
  FunctionNames names_;
};

}  // namespace memtrace::symbolize
