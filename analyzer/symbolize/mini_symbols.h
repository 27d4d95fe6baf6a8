// SPDX-License-Identifier: MIT
// The symbols of local functions that Fedora and its relatives pack into stripped programs (.gnu_debugdata).
#pragma once

#include <elfutils/libdwfl.h>

#include <memory>

#include "analyzer/symbolize/elf_file.h"

namespace memtrace::symbolize {

// The section holds a whole ELF file, compressed by LZMA. Only libdwfl unpacks it; nothing else here uses
// libdwfl, whose search for debug files would ask servers.
class MiniSymbols {
 public:
  // Null if the module has no such section, or one that cannot be unpacked.
  static std::unique_ptr<MiniSymbols> Open(const ElfFile& module);

  ~MiniSymbols();
  MiniSymbols(const MiniSymbols&) = delete;
  MiniSymbols& operator=(const MiniSymbols&) = delete;

  Elf* elf() const { return elf_; }  // the unpacked file

 private:
  explicit MiniSymbols(Dwfl* dwfl) : dwfl_(dwfl) {}

  Dwfl* dwfl_;
  Elf* elf_ = nullptr;  // owned by dwfl_
};

}  // namespace memtrace::symbolize
