// SPDX-License-Identifier: MIT
// One reader an encoding, all to the same rows.
#include "analyzer/symbolize/python_lines.h"

#include <algorithm>
#include <string_view>

namespace memtrace::symbolize {
namespace {

constexpr std::int64_t kNoLine = 0;
constexpr std::uint32_t kUnitBytes = 2;  // of an instruction without its argument

// The bytes of a table, taken from the front. Behind the end there are zeros.
class TableBytes {
 public:
  explicit TableBytes(std::string_view bytes) : bytes_(bytes) {}

  bool is_done() const { return bytes_.empty(); }

  std::uint8_t Byte() {
    if (bytes_.empty()) return 0;
    const auto byte = static_cast<std::uint8_t>(bytes_.front());
    bytes_.remove_prefix(1);
    return byte;
  }

  std::int8_t SignedByte() { return static_cast<std::int8_t>(Byte()); }

  // Six bits a byte, the lowest first; bit 6 says that there are more. What does not fit 32 bits is cut off.
  std::uint32_t Number() {
    std::uint64_t value = 0;
    for (unsigned shift = 0;; shift = std::min(shift + 6, 36U)) {
      const std::uint8_t byte = Byte();
      value |= std::uint64_t{byte & 0x3fU} << shift;
      if ((byte & 0x40) == 0) return static_cast<std::uint32_t>(value);
    }
  }

  // The lowest bit is the sign.
  std::int64_t SignedNumber() {
    const std::int64_t value = Number();
    return (value & 1) != 0 ? -(value >> 1) : value >> 1;
  }

 private:
  std::string_view bytes_;
};

}  // namespace

PythonLines::PythonLines(const model::PythonCode& code) {
  switch (code.table_kind) {
    case format::PythonLineTable::kLnotab:
      ReadLnotab(code);
      break;
    case format::PythonLineTable::kLines310:
      ReadLines310(code);
      break;
    case format::PythonLineTable::kLocations:
      ReadLocations(code);
      break;
  }
}

void PythonLines::Add(std::uint64_t begin, std::int64_t line, std::uint32_t column) {
  constexpr std::int64_t kLastLine = 0x7fffffff;
  const bool has_line = line > 0 && line <= kLastLine;
  const PythonPlace place{has_line ? static_cast<std::uint32_t>(line) : 0, has_line ? column : 0};
  const auto offset = static_cast<std::uint32_t>(std::min<std::uint64_t>(begin, ~0U));
  if (!rows_.empty() && rows_.back().begin == offset) {
    rows_.back().place = place;
  } else if (rows_.empty() || rows_.back().place != place) {
    rows_.push_back({offset, place});
  }
}

void PythonLines::ReadLnotab(const model::PythonCode& code) {
  TableBytes table(code.line_table);
  std::uint64_t offset = 0;
  std::int64_t line = code.first_line;
  Add(offset, line, 0);
  while (!table.is_done()) {
    offset += table.Byte();
    line += table.SignedByte();
    Add(offset, line, 0);
  }
}

void PythonLines::ReadLines310(const model::PythonCode& code) {
  constexpr std::int8_t kNone = -128;
  TableBytes table(code.line_table);
  std::uint64_t offset = 0;
  std::int64_t line = code.first_line;
  while (!table.is_done()) {
    const std::uint8_t bytes = table.Byte();
    const std::int8_t change = table.SignedByte();
    if (change != kNone) line += change;
    if (bytes != 0) Add(offset, change == kNone ? kNoLine : line, 0);
    offset += bytes;
  }
  Add(offset, kNoLine, 0);
}

void PythonLines::ReadLocations(const model::PythonCode& code) {
  // Kinds of entries; the short ones, 0 to 9, have the column in kind and byte.
  constexpr unsigned kOneLine = 10;  // to 12: that many lines on
  constexpr unsigned kNoColumns = 13;
  constexpr unsigned kLong = 14;
  TableBytes table(code.line_table);
  std::uint64_t offset = 0;
  std::int64_t line = code.first_line;
  while (!table.is_done()) {
    const std::uint8_t head = table.Byte();
    const unsigned kind = (head >> 3) & 0xf;
    std::uint32_t column = 0;  // from 1
    if (kind < kOneLine) {
      column = kind * 8 + ((table.Byte() >> 4) & 7) + 1;
    } else if (kind < kNoColumns) {
      line += kind - kOneLine;
      column = table.Byte() + 1U;
      table.Byte();  // where the columns end
    } else if (kind == kNoColumns) {
      line += table.SignedNumber();
    } else if (kind == kLong) {
      line += table.SignedNumber();
      table.Number();  // lines until the end
      column = table.Number();
      table.Number();  // where the columns end
    }
    const bool has_place = kind <= kLong;
    Add(offset, has_place ? line : kNoLine, has_place ? column : 0);
    offset += ((head & 7U) + 1) * kUnitBytes;
  }
  Add(offset, kNoLine, 0);
}

PythonPlace PythonLines::Find(std::uint32_t offset) const {
  const auto next = std::upper_bound(rows_.begin(), rows_.end(), offset,
                                     [](std::uint32_t wanted, const Row& row) { return wanted < row.begin; });
  return next == rows_.begin() ? PythonPlace{} : std::prev(next)->place;
}

}  // namespace memtrace::symbolize
