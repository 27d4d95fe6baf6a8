// SPDX-License-Identifier: MIT
// A symbol, some twenty bytes of code, a string. All offsets come from an untrusted file and are checked.
#include "analyzer/symbolize/returned_string.h"

#include <elf.h>
#include <gelf.h>
#include <libelf.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace memtrace::symbolize {
namespace {

constexpr std::size_t kLongestCode = 64;
constexpr std::size_t kLongestString = 1 << 20;

// The first symbol of that name that is defined in the file.
std::optional<std::uint64_t> AddressOf(Elf* elf, const std::string& name) {
  for (Elf_Scn* section = nullptr; (section = elf_nextscn(elf, section)) != nullptr;) {
    GElf_Shdr header;
    if (gelf_getshdr(section, &header) == nullptr || header.sh_entsize == 0 ||
        (header.sh_type != SHT_SYMTAB && header.sh_type != SHT_DYNSYM)) {
      continue;
    }
    Elf_Data* data = elf_getdata(section, nullptr);
    if (data == nullptr) continue;
    const int count = static_cast<int>(data->d_size / header.sh_entsize);
    for (int i = 0; i < count; ++i) {
      GElf_Sym symbol;
      if (gelf_getsym(data, i, &symbol) == nullptr || symbol.st_shndx == SHN_UNDEF ||
          GELF_ST_TYPE(symbol.st_info) != STT_FUNC) {
        continue;
      }
      const char* text = elf_strptr(elf, header.sh_link, symbol.st_name);
      if (text != nullptr && name == text) return symbol.st_value;
    }
  }
  return std::nullopt;
}

// The file's bytes from an address on, to the end of its segment.
std::string_view BytesAt(Elf* elf, std::uint64_t address) {
  std::size_t file_bytes = 0;
  const char* file = elf_rawfile(elf, &file_bytes);
  std::size_t segments = 0;
  if (file == nullptr || elf_getphdrnum(elf, &segments) != 0) return {};
  for (std::size_t i = 0; i < segments; ++i) {
    GElf_Phdr segment;
    if (gelf_getphdr(elf, static_cast<int>(i), &segment) == nullptr || segment.p_type != PT_LOAD) continue;
    if (address < segment.p_vaddr || address - segment.p_vaddr >= segment.p_filesz) continue;
    const std::uint64_t within = address - segment.p_vaddr;
    if (segment.p_offset > file_bytes || within > file_bytes - segment.p_offset) continue;
    const std::uint64_t offset = segment.p_offset + within;
    return {file + offset, std::min<std::uint64_t>(segment.p_filesz - within, file_bytes - offset)};
  }
  return {};
}

// What the loader puts there; in a position-independent program the file itself has only zeros.
std::optional<std::uint64_t> PointerAt(Elf* elf, std::uint64_t address) {
  for (Elf_Scn* section = nullptr; (section = elf_nextscn(elf, section)) != nullptr;) {
    GElf_Shdr header;
    if (gelf_getshdr(section, &header) == nullptr || header.sh_type != SHT_RELA || header.sh_entsize == 0)
      continue;
    Elf_Data* data = elf_getdata(section, nullptr);
    if (data == nullptr) continue;
    const int count = static_cast<int>(data->d_size / header.sh_entsize);
    for (int i = 0; i < count; ++i) {
      GElf_Rela relocation;
      if (gelf_getrela(data, i, &relocation) != nullptr && relocation.r_offset == address &&
          GELF_R_TYPE(relocation.r_info) == R_X86_64_RELATIVE) {
        return static_cast<std::uint64_t>(relocation.r_addend);
      }
    }
  }
  const std::string_view bytes = BytesAt(elf, address);
  std::uint64_t pointer = 0;
  if (bytes.size() < sizeof pointer) return std::nullopt;
  std::memcpy(&pointer, bytes.data(), sizeof pointer);
  return pointer;
}

// Takes instructions off the front of a function.
class Code {
 public:
  Code(std::string_view bytes, std::uint64_t address) : bytes_(bytes.substr(0, kLongestCode)), at_(address) {}

  bool Skip(std::string_view instruction) {
    if (!bytes_.starts_with(instruction)) return false;
    bytes_.remove_prefix(instruction.size());
    at_ += instruction.size();
    return true;
  }
  std::int32_t TakeInt32() {
    std::int32_t value = 0;
    if (bytes_.size() < sizeof value) return 0;
    std::memcpy(&value, bytes_.data(), sizeof value);
    bytes_.remove_prefix(sizeof value);
    at_ += sizeof value;
    return value;
  }
  std::uint64_t address() const { return at_; }  // of the next instruction

 private:
  std::string_view bytes_;
  std::uint64_t at_;
};

using namespace std::string_view_literals;

// Where the pointer goes that the function returns in rax.
std::optional<std::uint64_t> ReturnedAddress(Elf* elf, Code code) {
  code.Skip("\xf3\x0f\x1e\xfa"sv);                       // endbr64
  if (code.Skip("\x55"sv)) code.Skip("\x48\x89\xe5"sv);  // push %rbp; mov %rsp,%rbp
  std::optional<std::uint64_t> result;
  if (code.Skip("\x48\x8d\x05"sv)) {  // lea disp(%rip),%rax
    const auto offset = static_cast<std::int64_t>(code.TakeInt32());
    result = code.address() + static_cast<std::uint64_t>(offset);
  } else if (code.Skip("\x48\x8b\x05"sv)) {  // mov disp(%rip),%rax
    const auto offset = static_cast<std::int64_t>(code.TakeInt32());
    result = PointerAt(elf, code.address() + static_cast<std::uint64_t>(offset));
  } else if (code.Skip("\xb8"sv) || code.Skip("\x48\xc7\xc0"sv)) {  // mov $imm32,%eax; mov $imm32,%rax
    result = static_cast<std::uint32_t>(code.TakeInt32());
  }
  code.Skip("\x5d"sv);                                                        // pop %rbp
  if (!code.Skip("\xc3"sv) && !code.Skip("\xf3\xc3"sv)) return std::nullopt;  // ret
  return result;
}

}  // namespace

std::optional<std::string> ReturnedString(const ElfFile& file, const ElfFile& symbols,
                                          const std::string& function) {
  GElf_Ehdr header;
  if (gelf_getehdr(file.elf(), &header) == nullptr || header.e_machine != EM_X86_64) return std::nullopt;
  const std::optional<std::uint64_t> address = AddressOf(symbols.elf(), function);
  if (!address) return std::nullopt;
  const auto text_address = ReturnedAddress(file.elf(), Code(BytesAt(file.elf(), *address), *address));
  if (!text_address) return std::nullopt;
  const std::string_view bytes = BytesAt(file.elf(), *text_address).substr(0, kLongestString);
  const std::size_t end = bytes.find('\0');
  if (end == std::string_view::npos) return std::nullopt;
  return std::string(bytes.substr(0, end));
}

}  // namespace memtrace::symbolize
