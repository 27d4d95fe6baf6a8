// SPDX-License-Identifier: MIT
// The functions of one unit and what was inlined into them, by address.
//
//   void A() {                 scopes              map
//     B();   // inlined         0 A      ◄─┐       A  [0x10, 0x50)
//   }                           1 B in A ──┘◄─┐    B      [0x20, 0x40)
//   B calls C, inlined          2 C in B ─────┘    C        [0x24, 0x2c)
//
// At 0x28 the innermost scope is 2; following `parent` gives C, B, A.
#pragma once

#include <elfutils/libdw.h>

#include <cstdint>
#include <vector>

#include "analyzer/symbolize/address_map.h"

namespace memtrace::symbolize {

struct Scope {
  Dwarf_Die die;         // a subprogram or an inlined subroutine
  std::uint32_t parent;  // what it was inlined into; AddressMap::kNone for a subprogram
  Dwarf_Word call_file;  // where it was called; an index into the unit's file table
  std::uint32_t call_line;
  std::uint32_t call_column;
};

// Built by one walk over the unit; about 80 bytes a scope.
class DwarfScopes {
 public:
  // `unit` is the entry with the functions in it: with split DWARF that of the .dwo file. Ranges outside
  // `code` are those of functions that the linker dropped.
  DwarfScopes(Dwarf_Die unit, const std::vector<AddressSpan>& code);

  // The innermost scope at an address, as a number for scope(), and where its piece of code begins.
  AddressMap::Hit Find(std::uint64_t address) const { return map_.Find(address); }

  const Scope& scope(std::uint32_t index) const { return scopes_[index]; }
  std::uint32_t size() const { return static_cast<std::uint32_t>(scopes_.size()); }

 private:
  std::vector<Scope> scopes_;
  AddressMap map_;
};

// The code ranges of an entry that lie in `code`, each with the given value and rank, added to `ranges`.
void AddRangesOf(Dwarf_Die& die, const std::vector<AddressSpan>& code, std::uint32_t value,
                 std::uint32_t rank, std::vector<AddressRange>* ranges);

}  // namespace memtrace::symbolize
