// SPDX-License-Identifier: MIT
// Opens ELF files with libelf and reads what identifies them.
#include "analyzer/symbolize/elf_file.h"

#include <elfutils/libdwelf.h>
#include <fcntl.h>
#include <gelf.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace memtrace::symbolize {
namespace {

Error Unusable(std::string why) {
  return Error{ErrorCode::kUnreadable, std::move(why)};
}

Error OpenError(int error) {
  if (error == ENOENT || error == ENOTDIR) return Unusable("not found");
  if (error == EACCES || error == EPERM) return Unusable("permission denied");
  return Unusable(std::strerror(error));
}

std::string BuildIdOf(Elf* elf) {
  const void* bytes = nullptr;
  const ssize_t size = dwelf_elf_gnu_build_id(elf, &bytes);
  std::string hex;
  for (ssize_t i = 0; i < size; ++i) {
    constexpr char kDigits[] = "0123456789abcdef";
    const unsigned byte = static_cast<const unsigned char*>(bytes)[i];
    hex += {kDigits[byte >> 4], kDigits[byte & 15]};
  }
  return hex;
}

std::vector<AddressSpan> CodeOf(Elf* elf) {
  std::vector<AddressSpan> code;
  std::size_t count = 0;
  if (elf_getphdrnum(elf, &count) != 0) return code;
  for (std::size_t i = 0; i < count; ++i) {
    GElf_Phdr header;
    if (gelf_getphdr(elf, static_cast<int>(i), &header) == nullptr) break;
    if (header.p_type != PT_LOAD || (header.p_flags & PF_X) == 0) continue;
    if (header.p_memsz > ~header.p_vaddr) continue;  // would wrap around
    code.push_back({header.p_vaddr, header.p_vaddr + header.p_memsz});
  }
  return code;
}

// The reflected CRC-32 of IEEE 802.3, polynomial 0xedb88320, one table look-up a byte.
constexpr std::array<std::uint32_t, 256> kCrcTable = [] {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xedb88320U : 0U);
    table[i] = crc;
  }
  return table;
}();

}  // namespace

Result<std::unique_ptr<ElfFile>> ElfFile::Open(const std::string& path) {
  elf_version(EV_CURRENT);
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (descriptor < 0) return OpenError(errno);
  struct stat status {};
  if (fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) {
    close(descriptor);
    return Unusable("not a regular file");
  }
  Elf* elf = elf_begin(descriptor, ELF_C_READ_MMAP, nullptr);
  if (elf == nullptr || elf_kind(elf) != ELF_K_ELF || gelf_getclass(elf) != ELFCLASS64) {
    elf_end(elf);
    close(descriptor);
    return Unusable("not a 64-bit ELF file");
  }
  return std::unique_ptr<ElfFile>(new ElfFile(path, descriptor, elf));
}

ElfFile::ElfFile(std::string path, int descriptor, Elf* elf)
    : path_(std::move(path)),
      descriptor_(descriptor),
      elf_(elf),
      build_id_(BuildIdOf(elf)),
      code_(CodeOf(elf)) {}

ElfFile::~ElfFile() {
  elf_end(elf_);
  close(descriptor_);
}

std::optional<DebugLink> ElfFile::debug_link() const {
  GElf_Word crc = 0;
  const char* name = dwelf_elf_gnu_debuglink(elf_, &crc);
  // A link is a bare file name; one with a folder in it could lead anywhere.
  if (name == nullptr || *name == '\0' || std::strchr(name, '/') != nullptr) return std::nullopt;
  return DebugLink{name, crc};
}

bool ElfFile::has_dwarf() const {
  std::size_t names = 0;
  if (elf_getshdrstrndx(elf_, &names) != 0) return false;
  for (Elf_Scn* section = nullptr; (section = elf_nextscn(elf_, section)) != nullptr;) {
    GElf_Shdr header;
    if (gelf_getshdr(section, &header) == nullptr || header.sh_type == SHT_NOBITS) continue;
    const char* name = elf_strptr(elf_, names, header.sh_name);
    if (name == nullptr) continue;
    if (std::strcmp(name, ".debug_info") == 0 || std::strcmp(name, ".zdebug_info") == 0) return true;
  }
  return false;
}

std::uint32_t ElfFile::Crc32() const {
  std::vector<unsigned char> buffer(1 << 16);
  std::uint32_t crc = ~0U;
  off_t offset = 0;
  for (;;) {
    const ssize_t size = pread(descriptor_, buffer.data(), buffer.size(), offset);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return ~crc;
    for (ssize_t i = 0; i < size; ++i)
      crc = (crc >> 8) ^ kCrcTable[(crc ^ buffer[static_cast<std::size_t>(i)]) & 0xff];
    offset += size;
  }
}

}  // namespace memtrace::symbolize
