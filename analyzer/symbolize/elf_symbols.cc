// SPDX-License-Identifier: MIT
// Reads symbol tables and gives every function symbol its range.
#include "analyzer/symbolize/elf_symbols.h"

#include <gelf.h>

#include <algorithm>
#include <utility>

#include "analyzer/symbolize/demangle.h"

namespace memtrace::symbolize {
namespace {

struct Tables {
  std::vector<const char*> names;
  std::vector<AddressRange> sized;
  std::vector<AddressRange> unsized;  // end: that of the section, until CloseUnsized()
};

// Several symbols often name one function: __libc_malloc and malloc, _IO_puts and puts. The name without
// leading underscores is the one people know; mangled names are no worse for theirs. Then exported before
// local.
std::uint32_t Preference(const char* name, const GElf_Sym& symbol) {
  std::uint32_t underscores = 0;
  while (!IsMangled(name) && underscores < 3 && name[underscores] == '_') ++underscores;
  const bool is_exported = GELF_ST_BIND(symbol.st_info) != STB_LOCAL;
  return (3 - underscores) * 2 + (is_exported ? 1 : 0);
}

bool IsFunction(const GElf_Sym& symbol, const std::vector<AddressSpan>& code) {
  const unsigned type = GELF_ST_TYPE(symbol.st_info);
  const bool may_be_code = type == STT_FUNC || type == STT_GNU_IFUNC || type == STT_NOTYPE;
  return may_be_code && symbol.st_shndx != SHN_UNDEF && symbol.st_shndx != SHN_ABS &&
         symbol.st_size <= ~symbol.st_value && IsInside(code, symbol.st_value);
}

// End of the section that the symbol is in; the symbol's own address if that cannot be told.
std::uint64_t SectionEnd(Elf* elf, const GElf_Sym& symbol) {
  GElf_Shdr header;
  Elf_Scn* section = elf_getscn(elf, symbol.st_shndx);
  if (section == nullptr || gelf_getshdr(section, &header) == nullptr) return symbol.st_value;
  return header.sh_size > ~header.sh_addr ? symbol.st_value : header.sh_addr + header.sh_size;
}

void AddSymbol(Elf* elf, const GElf_Sym& symbol, const char* name, Tables* tables) {
  const bool is_sized = symbol.st_size != 0;
  const std::uint64_t end = is_sized ? symbol.st_value + symbol.st_size : SectionEnd(elf, symbol);
  const AddressRange range{symbol.st_value, end, static_cast<std::uint32_t>(tables->names.size()),
                           Preference(name, symbol)};
  (is_sized ? tables->sized : tables->unsized).push_back(range);
  tables->names.push_back(name);
}

void AddTable(Elf* elf, Elf_Scn* section, const std::vector<AddressSpan>& code, Tables* tables) {
  GElf_Shdr header;
  if (gelf_getshdr(section, &header) == nullptr) return;
  if (header.sh_type != SHT_SYMTAB && header.sh_type != SHT_DYNSYM) return;
  Elf_Data* data = elf_getdata(section, nullptr);
  if (data == nullptr || data->d_buf == nullptr) return;
  const std::size_t count = data->d_size / sizeof(Elf64_Sym);
  for (std::size_t i = 1; i < count; ++i) {
    GElf_Sym symbol;
    if (gelf_getsym(data, static_cast<int>(i), &symbol) == nullptr) return;
    if (!IsFunction(symbol, code)) continue;
    const char* name = elf_strptr(elf, header.sh_link, symbol.st_name);
    if (name != nullptr && *name != '\0') AddSymbol(elf, symbol, name, tables);
  }
}

// Ends the unsized symbols at the next symbol, and keeps those that fill a gap: a label inside a sized
// function is part of that function.
void CloseUnsized(Tables* tables) {
  const AddressMap sized(tables->sized);
  std::vector<std::uint64_t> begins;
  for (const auto* ranges : {&tables->sized, &tables->unsized}) {
    for (const AddressRange& range : *ranges) begins.push_back(range.begin);
  }
  std::sort(begins.begin(), begins.end());
  for (AddressRange range : tables->unsized) {
    if (sized.Find(range.begin).value != AddressMap::kNone) continue;
    const auto next = std::upper_bound(begins.begin(), begins.end(), range.begin);
    if (next != begins.end()) range.end = std::min(range.end, *next);
    tables->sized.push_back(range);
  }
}

}  // namespace

ElfSymbols::ElfSymbols(const std::vector<Elf*>& elves, const std::vector<AddressSpan>& code) {
  Tables tables;
  for (Elf* elf : elves) {
    Elf_Scn* section = nullptr;
    while ((section = elf_nextscn(elf, section)) != nullptr) AddTable(elf, section, code, &tables);
  }
  if (!tables.unsized.empty()) CloseUnsized(&tables);
  names_ = std::move(tables.names);
  map_ = AddressMap(std::move(tables.sized));
}

const char* ElfSymbols::Find(std::uint64_t address) const {
  const std::uint32_t index = map_.Find(address).value;
  return index == AddressMap::kNone ? nullptr : names_[index];
}

}  // namespace memtrace::symbolize
