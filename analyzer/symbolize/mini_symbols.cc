// SPDX-License-Identifier: MIT
// Lets libdwfl unpack .gnu_debugdata.
#include "analyzer/symbolize/mini_symbols.h"

#include <gelf.h>

#include <cstring>

namespace memtrace::symbolize {
namespace {

bool HasSection(Elf* elf, const char* wanted) {
  std::size_t names = 0;
  if (elf_getshdrstrndx(elf, &names) != 0) return false;
  for (Elf_Scn* section = nullptr; (section = elf_nextscn(elf, section)) != nullptr;) {
    GElf_Shdr header;
    if (gelf_getshdr(section, &header) == nullptr) continue;
    const char* name = elf_strptr(elf, names, header.sh_name);
    if (name != nullptr && std::strcmp(name, wanted) == 0) return true;
  }
  return false;
}

int FindNoDebugInfo(Dwfl_Module*, void**, const char*, Dwarf_Addr, const char*, const char*, GElf_Word,
                    char**) {
  return -1;
}

const Dwfl_Callbacks kCallbacks = {.find_elf = nullptr,  // the file is given
                                   .find_debuginfo = FindNoDebugInfo,
                                   .section_address = dwfl_offline_section_address,
                                   .debuginfo_path = nullptr};

// libdwfl tells of each symbol which file it is from; those that are not from the module are from the packed
// one.
Elf* UnpackedFile(Dwfl_Module* module) {
  GElf_Addr bias = 0;
  Elf* main = dwfl_module_getelf(module, &bias);
  const int count = dwfl_module_getsymtab(module);
  for (int i = 0; i < count; ++i) {
    GElf_Sym symbol;
    GElf_Addr address = 0;
    Elf* elf = nullptr;
    if (dwfl_module_getsym_info(module, i, &symbol, &address, nullptr, &elf, &bias) == nullptr) continue;
    if (elf != nullptr && elf != main) return elf;
  }
  return nullptr;
}

}  // namespace

std::unique_ptr<MiniSymbols> MiniSymbols::Open(const ElfFile& module) {
  if (!HasSection(module.elf(), ".gnu_debugdata")) return nullptr;
  Dwfl* dwfl = dwfl_begin(&kCallbacks);
  if (dwfl == nullptr) return nullptr;
  std::unique_ptr<MiniSymbols> symbols(new MiniSymbols(dwfl));
  Dwfl_Module* reported = dwfl_report_elf(dwfl, "module", module.path().c_str(), -1, 0, false);
  if (reported == nullptr || dwfl_report_end(dwfl, nullptr, nullptr) != 0) return nullptr;
  symbols->elf_ = UnpackedFile(reported);
  return symbols->elf_ == nullptr ? nullptr : std::move(symbols);
}

MiniSymbols::~MiniSymbols() {
  dwfl_end(dwfl_);
}

}  // namespace memtrace::symbolize
