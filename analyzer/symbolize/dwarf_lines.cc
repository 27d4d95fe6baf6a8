// SPDX-License-Identifier: MIT
// Searches libdw's line tables.
#include "analyzer/symbolize/dwarf_lines.h"

#include <dwarf.h>

#include <algorithm>
#include <filesystem>

namespace memtrace::symbolize {
namespace {

std::uint64_t AddressOf(Dwarf_Line* line) {
  Dwarf_Addr address = 0;
  dwarf_lineaddr(line, &address);
  return address;
}

bool EndsSequence(Dwarf_Line* line) {
  bool ends = false;
  return dwarf_lineendsequence(line, &ends) != 0 || ends;
}

int NumberOf(Dwarf_Line* line) {
  int number = 0;
  dwarf_lineno(line, &number);
  return std::max(number, 0);
}

// Number of rows that begin at or before the address; the last of them is the one in force.
std::size_t RowsUpTo(Dwarf_Lines* lines, std::size_t count, std::uint64_t address) {
  std::size_t low = 0;
  std::size_t high = count;
  while (low < high) {
    const std::size_t middle = low + (high - low) / 2;
    if (AddressOf(dwarf_onesrcline(lines, middle)) <= address) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

// The row for the address, or the last numbered one before it as LineAt() says; nullptr outside any sequence.
Dwarf_Line* RowAt(Dwarf_Lines* lines, std::size_t count, std::uint64_t address, std::uint64_t scope_begin) {
  const std::size_t rows = RowsUpTo(lines, count, address);
  if (rows == 0) return nullptr;
  Dwarf_Line* in_force = dwarf_onesrcline(lines, rows - 1);
  if (EndsSequence(in_force)) return nullptr;
  for (std::size_t i = rows; i > 0; --i) {
    Dwarf_Line* row = dwarf_onesrcline(lines, i - 1);
    if (EndsSequence(row)) break;
    if (NumberOf(row) != 0) return row;
    if (AddressOf(row) <= scope_begin) break;
  }
  return in_force;
}

}  // namespace

const std::string* SourcePaths::Canonical(Dwarf_Die& unit, const char* name) {
  if (name == nullptr || *name == '\0') return nullptr;
  const auto known = canonical_.find(name);
  if (known != canonical_.end()) return &known->second;
  std::filesystem::path path(name);
  if (path.is_relative()) {
    Dwarf_Attribute attribute;
    const char* folder = dwarf_formstring(dwarf_attr(&unit, DW_AT_comp_dir, &attribute));
    if (folder != nullptr) path = std::filesystem::path(folder) / path;
  }
  return &canonical_.emplace(name, path.lexically_normal().string()).first->second;
}

const std::string* SourcePaths::OfFileIndex(Dwarf_Die& unit, Dwarf_Word index) {
  Dwarf_Files* files = nullptr;
  std::size_t count = 0;
  if (dwarf_getsrcfiles(&unit, &files, &count) != 0 || index >= count) return nullptr;
  return Canonical(unit, dwarf_filesrc(files, index, nullptr, nullptr));
}

SourceLine LineAt(Dwarf_Die& unit, std::uint64_t address, std::uint64_t scope_begin, SourcePaths& paths) {
  Dwarf_Lines* lines = nullptr;
  std::size_t count = 0;
  if (dwarf_getsrclines(&unit, &lines, &count) != 0) return {};
  Dwarf_Line* row = RowAt(lines, count, address, scope_begin);
  if (row == nullptr) return {};
  int column = 0;
  dwarf_linecol(row, &column);
  return {paths.Canonical(unit, dwarf_linesrc(row, nullptr, nullptr)),
          static_cast<std::uint32_t>(NumberOf(row)), static_cast<std::uint32_t>(std::max(column, 0))};
}

std::uint32_t LastLineAmong(Dwarf_Die& unit, const std::string& file, std::uint32_t least, SourcePaths& paths,
                            const std::function<bool(std::uint64_t, std::uint32_t)>& is_wanted) {
  Dwarf_Lines* lines = nullptr;
  std::size_t count = 0;
  if (dwarf_getsrclines(&unit, &lines, &count) != 0) return least;
  std::uint32_t last = least;
  for (std::size_t i = 0; i < count; ++i) {
    Dwarf_Line* row = dwarf_onesrcline(lines, i);
    const auto number = static_cast<std::uint32_t>(NumberOf(row));
    if (number <= last || EndsSequence(row)) continue;
    const std::string* of_row = paths.Canonical(unit, dwarf_linesrc(row, nullptr, nullptr));
    if (of_row != nullptr && *of_row == file && is_wanted(AddressOf(row), number)) last = number;
  }
  return last;
}

// dwarf_decl_file() will not do: it aborts where the unit has no line table.
SourceLine DeclarationOf(Dwarf_Die& function, SourcePaths& paths) {
  Dwarf_Attribute attribute;
  Dwarf_Word index = 0;
  Dwarf_Die unit;
  int line = 0;
  if (dwarf_decl_line(&function, &line) != 0 || line <= 0) return {};
  if (dwarf_attr_integrate(&function, DW_AT_decl_file, &attribute) == nullptr) return {};
  // The index counts in the file table of the unit where the attribute stands, not that of `function`.
  if (dwarf_formudata(&attribute, &index) != 0) return {};
  if (dwarf_cu_die(attribute.cu, &unit, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr) == nullptr)
    return {};
  return {paths.OfFileIndex(unit, index), static_cast<std::uint32_t>(line), 0};
}

}  // namespace memtrace::symbolize
