// SPDX-License-Identifier: MIT
#include "preload/stack/elf_image.h"

#include <elf.h>
#include <link.h>

#include "preload/stack/stack_memory.h"

namespace memtrace::preload {
namespace {

struct Range {
  std::uintptr_t start;
  std::uintptr_t end;
  bool Holds(std::uintptr_t address, std::uint64_t bytes) const {
    return address >= start && address <= end && bytes <= end - address;
  }
};

std::uintptr_t Align4(std::uintptr_t value) {
  return (value + 3) & ~std::uintptr_t{3};
}

void FindBuildId(std::uintptr_t note, std::uintptr_t end, ElfImage& image) {
  while (end - note >= sizeof(Elf64_Nhdr)) {
    const auto* header = reinterpret_cast<const Elf64_Nhdr*>(note);
    const std::uintptr_t name = note + sizeof(Elf64_Nhdr);
    const std::uintptr_t content = name + Align4(header->n_namesz);
    const std::uintptr_t next = content + Align4(header->n_descsz);
    if (content < name || next < content || next > end) return;
    const bool gnu =
        header->n_namesz == 4 && *reinterpret_cast<const std::uint32_t*>(name) == 0x00554e47;  // "GNU"
    if (gnu && header->n_type == NT_GNU_BUILD_ID) {
      image.build_id = reinterpret_cast<const std::uint8_t*>(content);
      image.build_id_bytes = header->n_descsz;
      return;
    }
    note = next;
  }
}

void AddCode(std::uintptr_t start, std::uintptr_t end, ElfImage& image) {
  if (image.code_end == 0 || start < image.code_start) image.code_start = start;
  if (end > image.code_end) image.code_end = end;
}

}  // namespace

ElfImage ReadElfImage(const dl_find_object& module) {
  const Range map{reinterpret_cast<std::uintptr_t>(module.dlfo_map_start),
                  reinterpret_cast<std::uintptr_t>(module.dlfo_map_end)};
  ElfImage image;
  const auto* header = static_cast<const Elf64_Ehdr*>(module.dlfo_map_start);
  const bool readable = IsReadable(map.start) && map.Holds(map.start, sizeof *header) &&
                        __builtin_memcmp(header->e_ident, ELFMAG, SELFMAG) == 0;
  const std::uintptr_t table = readable ? map.start + header->e_phoff : 0;
  if (readable && map.Holds(table, std::uint64_t{header->e_phnum} * sizeof(Elf64_Phdr)) &&
      IsReadable(table & ~7ULL)) {
    const auto* program = reinterpret_cast<const Elf64_Phdr*>(table);
    for (unsigned i = 0; i < header->e_phnum; ++i) {
      const std::uintptr_t start = module.dlfo_link_map->l_addr + program[i].p_vaddr;
      if (!map.Holds(start, program[i].p_memsz)) continue;
      if (program[i].p_type == PT_LOAD && (program[i].p_flags & PF_X) != 0) {
        AddCode(start, start + program[i].p_memsz, image);
      }
      if (program[i].p_type == PT_NOTE && image.build_id == nullptr) {
        FindBuildId(start, start + program[i].p_filesz, image);
      }
    }
  }
  if (image.code_end == 0) AddCode(map.start, map.end, image);
  return image;
}

}  // namespace memtrace::preload
