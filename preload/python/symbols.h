// SPDX-License-Identifier: MIT
// A module's exported symbols, read from its own tables in memory.
//
// Why not dlsym: it takes the dynamic linker's lock, and we look while the program is inside malloc, perhaps
// on its way through dlopen. The GNU hash table is all that is read: "The GNU hash" section of the gABI
// supplement, as binutils and glibc implement it. Modules without one (DT_HASH alone) have no symbols for us.
#pragma once

#include <link.h>

#include <cstddef>
#include <cstdint>

namespace memtrace::preload {

class ModuleSymbols {
 public:
  // `module` must stay loaded while this is used.
  explicit ModuleSymbols(const link_map& module);

  // Where the symbol is and how large (0: not said); address 0: not defined here.
  struct Found {
    std::uintptr_t address = 0;
    std::size_t bytes = 0;
  };
  Found Find(const char* name) const;

  template <typename Function>
  void Get(const char* name, Function** function) const {
    *function = reinterpret_cast<Function*>(Find(name).address);
  }

 private:
  std::uintptr_t bias_;
  const ElfW(Sym) * symbols_ = nullptr;
  const char* strings_ = nullptr;
  const std::uint32_t* hash_ = nullptr;
};

}  // namespace memtrace::preload
