// SPDX-License-Identifier: MIT
// ELF address → name of the function symbol that covers it, from .symtab and .dynsym.
#pragma once

#include <libelf.h>

#include <cstdint>
#include <vector>

#include "analyzer/symbolize/address_map.h"

namespace memtrace::symbolize {

// Holds pointers into the Elf handles it was built from; they must outlive it. Built in one pass, some 40
// bytes a symbol.
class ElfSymbols {
 public:
  // Takes the symbols of every handle: a stripped file's .dynsym, its debug file's .symtab.
  ElfSymbols(const std::vector<Elf*>& elves, const std::vector<AddressSpan>& code);

  // The symbol as it stands in the file (mangled), or nullptr where none covers the address. A symbol with a
  // size covers just that; one without (hand-written assembly) fills the gap to the next symbol or its
  // section's end.
  const char* Find(std::uint64_t address) const;

 private:
  std::vector<const char*> names_;
  AddressMap map_;
};

}  // namespace memtrace::symbolize
