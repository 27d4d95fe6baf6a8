// SPDX-License-Identifier: MIT
// One recorded program or library: its file, its debug information wherever that is, and look-ups in both.
//
//   ModuleFile ─┬─ kept        what the cache has of earlier look-ups: asked first
//               ├─ file        the ELF file that was mapped, build-id checked   ┐
//               ├─ debug file  separate debug information, if any               ├─► symbols
//               ├─ mini        symbols packed into a stripped file             ┘     (names without lines)
//               └─ DWARF       of the debug file, else of the file
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "analyzer/model/trace.h"
#include "analyzer/symbolize/debug_files.h"
#include "analyzer/symbolize/dwarf_info.h"
#include "analyzer/symbolize/elf_symbols.h"
#include "analyzer/symbolize/mini_symbols.h"
#include "analyzer/symbolize/symbol_cache.h"

namespace memtrace::symbolize {

// The files are found at once; their tables are read when an address is looked up that the cache has not. Not
// thread-safe.
class ModuleFile {
 public:
  // Look-ups that took longer than this in all are worth a file in the cache.
  static constexpr std::chrono::milliseconds kWorthKeeping{50};

  // `cache` may be null; it must outlive this.
  ModuleFile(const model::Module& module, const DebugFiles& files, const SymbolCache* cache = nullptr,
             std::chrono::nanoseconds worth_keeping = kWorthKeeping);
  // Keeps what was looked up, if that is worth it.
  ~ModuleFile();
  ModuleFile(const ModuleFile&) = delete;
  ModuleFile& operator=(const ModuleFile&) = delete;

  // False if neither the module's file nor a debug file of it was found.
  bool is_open() const { return file_ != nullptr || debug_file_ != nullptr; }

  // Innermost first, at least one. Without `inlines` the function that holds the code, at its own line.
  std::vector<Location> Find(std::uint64_t elf_address, bool inlines);

  // See DwarfInfo::LastLineOf; nothing of it is kept. 0 without DWARF.
  std::uint32_t LastLineOf(std::uint64_t elf_address, const std::string& file, std::uint32_t declared);

  // Why this module's frames lack names or lines, without the module's name; empty: nothing to say.
  const std::string& problem() const { return problem_; }

 private:
  void ReadTables();
  std::vector<Location> LookUp(std::uint64_t elf_address);
  std::string SymbolName(std::uint64_t elf_address) const;
  void LoadKept();
  void Keep() const;

  std::unique_ptr<ElfFile> file_;
  std::unique_ptr<ElfFile> debug_file_;
  bool has_tables_ = false;
  std::unique_ptr<MiniSymbols> mini_symbols_;
  std::unique_ptr<DwarfInfo> dwarf_;
  std::optional<ElfSymbols> symbols_;
  std::string problem_;

  const SymbolCache* cache_;
  const std::chrono::nanoseconds worth_keeping_;
  SymbolCacheKey key_;
  model::Symbols kept_;
  std::unordered_map<std::uint64_t, std::vector<Location>> fresh_;  // looked up here, with a cache only
  std::chrono::nanoseconds spent_{0};
};

}  // namespace memtrace::symbolize
