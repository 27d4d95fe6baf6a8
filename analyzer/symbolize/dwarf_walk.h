// SPDX-License-Identifier: MIT
// A walk over the entries (DIEs) of a unit that ends on any input, also where sibling links lead in circles.
//
//   unit 0x0b ─┬─ namespace 0x2d ─┬─ subprogram 0x34
//              │                  └─ subprogram 0x51 ─── inlined 0x60
//              └─ base type 0x80              visited: 2d 34 51 60 80, always increasing
#pragma once

#include <elfutils/libdw.h>

namespace memtrace::symbolize {

// A parent stands before its children and they before its next sibling, so places only increase. An entry
// that lies before the last one visited comes from a damaged link: the walk leaves that branch.
class DwarfWalk {
 public:
  // Calls `visit(Dwarf_Die&)` for each child; it may call ForEachChild in turn.
  template <typename Visit>
  void ForEachChild(Dwarf_Die& parent, const Visit& visit) {
    Dwarf_Die child;
    if (depth_ >= kMaxDepth || dwarf_child(&parent, &child) != 0) return;
    ++depth_;
    do {
      if (child.addr <= last_) break;
      last_ = child.addr;
      visit(child);
    } while (dwarf_siblingof(&child, &child) == 0);
    --depth_;
  }

 private:
  static constexpr int kMaxDepth = 250;  // sound programs nest some tens of levels deep

  const void* last_ = nullptr;
  int depth_ = 0;
};

}  // namespace memtrace::symbolize
