// SPDX-License-Identifier: MIT
// Ties units, scopes, lines and names together.
#include "analyzer/symbolize/dwarf_info.h"

#include <dwarf.h>

#include <utility>

namespace memtrace::symbolize {
namespace {

// Ranges of a unit that does not state them (some assemblers): from the sequences of its line table.
void AddRangesOfLines(Dwarf_Die& unit, const std::vector<AddressSpan>& code, std::uint32_t value,
                      std::vector<AddressRange>* ranges) {
  Dwarf_Lines* lines = nullptr;
  std::size_t count = 0;
  if (!dwarf_hasattr(&unit, DW_AT_stmt_list) || dwarf_getsrclines(&unit, &lines, &count) != 0) return;
  Dwarf_Addr begin = 0;
  bool is_open = false;  // inside a sequence of rows
  for (std::size_t i = 0; i < count; ++i) {
    Dwarf_Line* row = dwarf_onesrcline(lines, i);
    Dwarf_Addr address = 0;
    bool is_end = false;
    if (dwarf_lineaddr(row, &address) != 0 || dwarf_lineendsequence(row, &is_end) != 0) return;
    if (!is_open) begin = address;
    is_open = !is_end;
    if (is_end && begin < address && IsInside(code, begin)) ranges->push_back({begin, address, value, 0});
  }
}

// A file without a line would mislead: code merged from several places keeps the file of one of them.
void Place(const SourceLine& position, Location* location) {
  if (position.file == nullptr || position.line == 0) return;
  location->file = *position.file;
  location->line = position.line;
  location->column = position.column;
}

}  // namespace

std::unique_ptr<DwarfInfo> DwarfInfo::Open(Elf* elf, std::vector<AddressSpan> code) {
  Dwarf* dwarf = dwarf_begin_elf(elf, DWARF_C_READ, nullptr);
  if (dwarf == nullptr) return nullptr;
  return std::unique_ptr<DwarfInfo>(new DwarfInfo(dwarf, std::move(code)));
}

DwarfInfo::DwarfInfo(Dwarf* dwarf, std::vector<AddressSpan> code) : dwarf_(dwarf), code_(std::move(code)) {
  IndexUnits();
}

DwarfInfo::~DwarfInfo() {
  dwarf_end(dwarf_);
}

void DwarfInfo::IndexUnits() {
  std::vector<AddressRange> ranges;
  Dwarf_CU* unit = nullptr;
  Dwarf_Half version = 0;
  std::uint8_t type = 0;
  Dwarf_Die entry;
  Dwarf_Die split_entry;
  while (dwarf_get_units(dwarf_, unit, &unit, &version, &type, &entry, &split_entry) == 0) {
    if (type == DW_UT_skeleton && split_entry.addr == nullptr) is_incomplete_ = true;
    if (type == DW_UT_compile || type == DW_UT_skeleton) {
      AddUnit(entry, type == DW_UT_skeleton && split_entry.addr != nullptr ? split_entry : entry, &ranges);
    }
  }
  unit_map_ = AddressMap(std::move(ranges));
}

void DwarfInfo::AddUnit(Dwarf_Die lines, Dwarf_Die functions, std::vector<AddressRange>* ranges) {
  const auto index = static_cast<std::uint32_t>(units_.size());
  const std::size_t ranges_before = ranges->size();
  AddRangesOf(lines, code_, index, 0, ranges);
  const bool states_ranges = dwarf_hasattr(&lines, DW_AT_ranges) || dwarf_hasattr(&lines, DW_AT_low_pc);
  if (ranges->size() == ranges_before && !states_ranges) AddRangesOfLines(lines, code_, index, ranges);
  units_.push_back({lines, functions, std::nullopt});
}

// With its scopes; null outside of any unit.
DwarfInfo::Unit* DwarfInfo::UnitAt(std::uint64_t address) {
  const std::uint32_t index = unit_map_.Find(address).value;
  if (index == AddressMap::kNone) return nullptr;
  Unit& unit = units_[index];
  if (!unit.scopes) unit.scopes.emplace(unit.functions, code_);
  return &unit;
}

std::vector<Location> DwarfInfo::Find(std::uint64_t address) {
  Unit* unit = UnitAt(address);
  if (unit == nullptr) return {};
  const AddressMap::Hit scope = unit->scopes->Find(address);
  return Chain(*unit, scope.value, LineAt(unit->lines, address, scope.segment_begin, paths_));
}

std::uint32_t DwarfInfo::LastLineOf(std::uint64_t address, const std::string& file, std::uint32_t declared) {
  Unit* unit = UnitAt(address);
  if (unit == nullptr || declared == 0) return 0;
  const DwarfScopes& scopes = *unit->scopes;
  std::vector<std::uint32_t> declarations(scopes.size());  // those in the file
  for (std::uint32_t i = 0; i < scopes.size(); ++i) {
    Scope scope = scopes.scope(i);
    const SourceLine declaration = DeclarationOf(scope.die, paths_);
    if (declaration.file != nullptr && *declaration.file == file) declarations[i] = declaration.line;
  }
  // Compilers mix the instructions of inlined code with those around it: a line behind the declaration of
  // what it was inlined into belongs to that.
  const auto is_line_of = [&](std::uint32_t scope, std::uint32_t line) {
    if (scope == AddressMap::kNone || declarations[scope] != declared) return false;
    for (scope = scopes.scope(scope).parent; scope != AddressMap::kNone; scope = scopes.scope(scope).parent) {
      if (declarations[scope] > declared && declarations[scope] <= line) return false;
    }
    return true;
  };
  // Where something was inlined into it, the call is a line of it and the code is not.
  std::uint32_t last = 0;
  for (std::uint32_t i = 0; i < scopes.size(); ++i) {
    const Scope& scope = scopes.scope(i);
    if (scope.call_line <= last || !is_line_of(scope.parent, scope.call_line)) continue;
    const std::string* call_file = paths_.OfFileIndex(unit->functions, scope.call_file);
    if (call_file != nullptr && *call_file == file) last = scope.call_line;
  }
  return LastLineAmong(unit->lines, file, last, paths_, [&](std::uint64_t at, std::uint32_t line) {
    return is_line_of(scopes.Find(at).value, line);
  });
}

std::vector<Location> DwarfInfo::Chain(Unit& unit, std::uint32_t index, const SourceLine& innermost) {
  std::vector<Location> chain;
  SourceLine position = innermost;
  do {
    Location& location = chain.emplace_back();
    if (index == AddressMap::kNone) {
      Place(position, &location);
      break;
    }
    Scope scope = unit.scopes->scope(index);
    location.function = names_.Of(scope.die);
    location.is_inlined = scope.parent != AddressMap::kNone;
    const SourceLine declaration = DeclarationOf(scope.die, paths_);
    Place(position.line != 0 ? position : declaration, &location);
    if (declaration.file != nullptr && *declaration.file == location.file)
      location.function_line = declaration.line;
    position = {paths_.OfFileIndex(unit.functions, scope.call_file), scope.call_line, scope.call_column};
    index = scope.parent;
  } while (index != AddressMap::kNone);
  const bool says_nothing = chain.size() == 1 && chain[0].function.empty() && chain[0].file.empty();
  return says_nothing ? std::vector<Location>{} : chain;
}

}  // namespace memtrace::symbolize
