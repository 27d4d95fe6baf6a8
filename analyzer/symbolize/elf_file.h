// SPDX-License-Identifier: MIT
// An ELF file opened for reading, and the three facts that tell which file it is: build-id, debug link, code.
#pragma once

#include <libelf.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "analyzer/symbolize/address_map.h"
#include "analyzer/util/result.h"

namespace memtrace::symbolize {

// What .gnu_debuglink says: the name of the file with the debug information, and the CRC-32 of its content.
struct DebugLink {
  std::string file_name;
  std::uint32_t crc32 = 0;
};

// Owns the descriptor and libelf's handle. The file is mapped: only pages that are looked at are read.
class ElfFile {
 public:
  // Only regular 64-bit ELF files; a FIFO or device named by a trace is never opened for long. The error's
  // message is a few words without the path: "not found", "permission denied", "not an ELF file".
  static Result<std::unique_ptr<ElfFile>> Open(const std::string& path);

  ~ElfFile();
  ElfFile(const ElfFile&) = delete;
  ElfFile& operator=(const ElfFile&) = delete;

  Elf* elf() const { return elf_; }
  const std::string& path() const { return path_; }
  const std::string& build_id() const { return build_id_; }  // lower-case hex; empty: none
  std::optional<DebugLink> debug_link() const;
  bool has_dwarf() const;                                         // a .debug_info section, compressed or not
  const std::vector<AddressSpan>& code() const { return code_; }  // executable segments

  // CRC-32 of the whole file, as .gnu_debuglink has it. Reads all of it.
  std::uint32_t Crc32() const;

 private:
  ElfFile(std::string path, int descriptor, Elf* elf);

  std::string path_;
  int descriptor_;
  Elf* elf_;
  std::string build_id_;
  std::vector<AddressSpan> code_;
};

}  // namespace memtrace::symbolize
