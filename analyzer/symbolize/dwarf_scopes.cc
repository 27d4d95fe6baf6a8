// SPDX-License-Identifier: MIT
// Collects subprograms and inlined subroutines of a unit.
#include "analyzer/symbolize/dwarf_scopes.h"

#include <dwarf.h>

#include <utility>

#include "analyzer/symbolize/dwarf_walk.h"

namespace memtrace::symbolize {
namespace {

Dwarf_Word Number(Dwarf_Die& die, unsigned name) {
  Dwarf_Attribute attribute;
  Dwarf_Word value = 0;
  if (dwarf_attr(&die, name, &attribute) == nullptr || dwarf_formudata(&attribute, &value) != 0) return 0;
  return value;
}

// Entries that hold no code themselves but may contain functions or inlined calls.
bool IsContainer(int tag) {
  switch (tag) {
    case DW_TAG_lexical_block:
    case DW_TAG_try_block:
    case DW_TAG_catch_block:
    case DW_TAG_with_stmt:
    case DW_TAG_namespace:
    case DW_TAG_module:
    case DW_TAG_class_type:
    case DW_TAG_structure_type:
    case DW_TAG_union_type:
    case DW_TAG_enumeration_type:  // Rust puts methods there
      return true;
    default:
      return false;
  }
}

class ScopeCollector {
 public:
  ScopeCollector(const std::vector<AddressSpan>& code, std::vector<Scope>* scopes)
      : code_(code), scopes_(scopes) {}

  void Collect(Dwarf_Die& parent_die, std::uint32_t parent, std::uint32_t rank) {
    walk_.ForEachChild(parent_die, [&](Dwarf_Die& die) {
      const int tag = dwarf_tag(&die);
      if (tag == DW_TAG_subprogram) {
        Collect(die, Add(die, AddressMap::kNone, rank), rank + 1);
      } else if (tag == DW_TAG_inlined_subroutine) {
        Collect(die, Add(die, parent, rank), rank + 1);
      } else if (IsContainer(tag)) {
        Collect(die, parent, rank + 1);
      }
    });
  }

  std::vector<AddressRange> TakeRanges() { return std::move(ranges_); }

 private:
  // Declarations and abstract instances have no code; they get no scope of their own.
  std::uint32_t Add(Dwarf_Die& die, std::uint32_t parent, std::uint32_t rank) {
    const auto index = static_cast<std::uint32_t>(scopes_->size());
    const std::size_t ranges_before = ranges_.size();
    AddRangesOf(die, code_, index, rank, &ranges_);
    if (ranges_.size() == ranges_before) return parent;
    Scope scope{die, parent, 0, 0, 0};
    if (dwarf_tag(&die) == DW_TAG_inlined_subroutine) {
      scope.call_file = Number(die, DW_AT_call_file);
      scope.call_line = static_cast<std::uint32_t>(Number(die, DW_AT_call_line));
      scope.call_column = static_cast<std::uint32_t>(Number(die, DW_AT_call_column));
    }
    scopes_->push_back(scope);
    return index;
  }

  const std::vector<AddressSpan>& code_;
  std::vector<Scope>* scopes_;
  std::vector<AddressRange> ranges_;
  DwarfWalk walk_;
};

}  // namespace

void AddRangesOf(Dwarf_Die& die, const std::vector<AddressSpan>& code, std::uint32_t value,
                 std::uint32_t rank, std::vector<AddressRange>* ranges) {
  Dwarf_Addr base = 0;
  Dwarf_Addr begin = 0;
  Dwarf_Addr end = 0;
  ptrdiff_t offset = 0;
  while ((offset = dwarf_ranges(&die, offset, &base, &begin, &end)) > 0) {
    if (begin < end && IsInside(code, begin)) ranges->push_back({begin, end, value, rank});
  }
}

DwarfScopes::DwarfScopes(Dwarf_Die unit, const std::vector<AddressSpan>& code) {
  ScopeCollector collector(code, &scopes_);
  collector.Collect(unit, AddressMap::kNone, 0);
  map_ = AddressMap(collector.TakeRanges());
}

}  // namespace memtrace::symbolize
