// SPDX-License-Identifier: MIT
#include "preload/stack/eh_frame.h"

#include "preload/stack/cfa_program.h"
#include "preload/stack/dwarf_cursor.h"

namespace memtrace::preload {
namespace {

constexpr std::uint8_t kHeaderVersion = 1;
constexpr std::uint8_t kSearchTableEncoding =
    0x3b;  // table-relative, signed, 32 bits: what all linkers write
constexpr std::uint32_t kLengthIs64Bit = 0xffffffff;

struct SearchEntry {
  std::int32_t start;
  std::int32_t fde;
};

struct Cie {
  std::uint64_t code_alignment = 0;
  std::int64_t data_alignment = 0;
  std::uint8_t pointer_encoding = kPointerAbsolute;
  bool has_augmentation_data = false;
  bool signal_frame = false;
  DwarfCursor instructions{nullptr, nullptr};
};

// The body of a CIE or FDE at `at`: what follows its length. Empty at the section's terminator.
DwarfCursor Body(const std::uint8_t* at, const std::uint8_t* limit) {
  DwarfCursor in(at, limit);
  std::uint64_t length = in.Fixed<std::uint32_t>();
  if (length == kLengthIs64Bit) length = in.Fixed<std::uint64_t>();
  return in.Sub(length);
}

bool ReadAugmentation(const char* letter, DwarfCursor data, Cie& cie) {
  for (; *letter != '\0'; ++letter) {
    switch (*letter) {
      case 'R':
        cie.pointer_encoding = data.Fixed<std::uint8_t>();
        break;
      case 'P':
        data.Pointer(data.Fixed<std::uint8_t>() & 0x7f, 0);  // the personality routine: not ours to call
        break;
      case 'L':
        data.Skip(1);
        break;
      case 'S':
        cie.signal_frame = true;
        break;
      case 'B':  // pointer authentication, other machines
        break;
      default:
        return !data.failed();  // later letters only add data that nobody needs to know
    }
  }
  return !data.failed();
}

bool ReadCie(const std::uint8_t* at, const std::uint8_t* limit, Cie& cie) {
  DwarfCursor in = Body(at, limit);
  if (in.Fixed<std::uint32_t>() != 0) return false;  // an FDE
  in.Skip(1);                                        // version
  const char* augmentation = reinterpret_cast<const char*>(in.position());
  while (in.Fixed<char>() != '\0') {
  }
  cie.code_alignment = in.Uleb();
  cie.data_alignment = in.Sleb();
  if (in.Uleb() != kRegisterReturn || in.failed()) return false;
  if (*augmentation == 'z') {
    cie.has_augmentation_data = true;
    if (!ReadAugmentation(augmentation + 1, in.Sub(in.Uleb()), cie)) return false;
  } else if (*augmentation != '\0') {
    return false;
  }
  cie.instructions = in;
  return !in.failed();
}

const std::uint8_t* SearchTable(std::uintptr_t pc, const std::uint8_t* header, const std::uint8_t* limit,
                                RowResult& result) {
  DwarfCursor in(header, limit);
  const auto base = reinterpret_cast<std::uintptr_t>(header);
  const auto version = in.Fixed<std::uint8_t>();
  const auto frame_encoding = in.Fixed<std::uint8_t>();
  const auto count_encoding = in.Fixed<std::uint8_t>();
  const auto table_encoding = in.Fixed<std::uint8_t>();
  in.Pointer(frame_encoding, base);
  const std::uint64_t count = in.Pointer(count_encoding, base);
  result = RowResult::kUnsupported;
  if (version != kHeaderVersion || table_encoding != kSearchTableEncoding || in.failed()) return nullptr;
  if (count > static_cast<std::uint64_t>(limit - in.position()) / sizeof(SearchEntry)) return nullptr;

  result = RowResult::kNoEntry;
  const auto* table = reinterpret_cast<const SearchEntry*>(in.position());
  const auto relative = static_cast<std::int64_t>(pc - base);
  std::uint64_t low = 0;
  std::uint64_t high = count;  // the answer is below
  while (low < high) {
    const std::uint64_t middle = low + (high - low) / 2;
    if (table[middle].start <= relative) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low == 0 ? nullptr : header + table[low - 1].fde;
}

}  // namespace

RowResult ReadUnwindRow(std::uintptr_t pc, const std::uint8_t* fde, const std::uint8_t* limit,
                        const std::uint8_t* expression_base, UnwindRow& row) {
  DwarfCursor in = Body(fde, limit);
  const std::uint8_t* cie_field = in.position();
  const std::uint8_t* cie_at = cie_field - in.Fixed<std::uint32_t>();
  Cie cie;
  if (in.failed() || cie_at == cie_field || !ReadCie(cie_at, limit, cie)) return RowResult::kUnsupported;
  const std::uint64_t start = in.Pointer(cie.pointer_encoding, 0);
  const std::uint64_t bytes = in.Pointer(cie.pointer_encoding & 0x0f, 0);
  if (cie.has_augmentation_data) in.Skip(in.Uleb());
  if (in.failed()) return RowResult::kUnsupported;
  if (pc - start >= bytes) return RowResult::kNoEntry;

  row = UnwindRow{};
  row.expression_base = expression_base;
  row.signal_frame = cie.signal_frame;
  row.cfa_register = kRegisters;  // until the CIE says
  row.Set(kRegisterReturn, RegisterRule::kUndefined, 0);
  CfaProgram program{
      cie.instructions, cie.code_alignment, cie.data_alignment, cie.pointer_encoding, 0, ~0ULL};
  if (!RunCfaProgram(program, row, row)) return RowResult::kUnsupported;
  const UnwindRow initial = row;
  program.instructions = in;
  program.start = start;
  program.target = pc;
  return RunCfaProgram(program, initial, row) ? RowResult::kFound : RowResult::kUnsupported;
}

RowResult FindUnwindRow(std::uintptr_t pc, const dl_find_object& module, UnwindRow& row) {
  const auto* header = static_cast<const std::uint8_t*>(module.dlfo_eh_frame);
  if (header == nullptr) return RowResult::kNoEntry;
  const auto* limit = static_cast<const std::uint8_t*>(module.dlfo_map_end);
  RowResult result = RowResult::kNoEntry;
  const std::uint8_t* fde = SearchTable(pc, header, limit, result);
  if (fde == nullptr) return result;
  return ReadUnwindRow(pc, fde, limit, header, row);
}

}  // namespace memtrace::preload
