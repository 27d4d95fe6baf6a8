// SPDX-License-Identifier: MIT
// One recorded program or library: its file, its debug information wherever that is, and look-ups in both.
//
//   ModuleFile ─┬─ file        the ELF file that was mapped, build-id checked   ┐
//               ├─ debug file  separate debug information, if any               ├─► symbols
//               ├─ mini        symbols packed into a stripped file             ┘     (names without lines)
//               └─ DWARF       of the debug file, else of the file
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/model/trace.h"
#include "analyzer/symbolize/debug_files.h"
#include "analyzer/symbolize/dwarf_info.h"
#include "analyzer/symbolize/elf_symbols.h"
#include "analyzer/symbolize/mini_symbols.h"

namespace memtrace::symbolize {

// Opened when its first address is looked up, so that modules nobody asks for cost nothing. Not thread-safe.
class ModuleFile {
 public:
  ModuleFile(const model::Module& module, const DebugFiles& files);

  // Innermost first, at least one. Without `inlines` the function that holds the code, at its own line.
  std::vector<Location> Find(std::uint64_t elf_address, bool inlines);

  // Why this module's frames lack names or lines, without the module's name; empty: nothing to say.
  const std::string& problem() const { return problem_; }

 private:
  std::string SymbolName(std::uint64_t elf_address) const;

  std::unique_ptr<ElfFile> file_;
  std::unique_ptr<ElfFile> debug_file_;
  std::unique_ptr<MiniSymbols> mini_symbols_;
  std::unique_ptr<DwarfInfo> dwarf_;
  std::optional<ElfSymbols> symbols_;
  std::string problem_;
};

}  // namespace memtrace::symbolize
