// SPDX-License-Identifier: MIT
// Which row of one profile is which row of another, although the program was edited, rebuilt or installed
// elsewhere in between.
//
//     before: Index::add begins at 80            after: Index::add begins at 92 and has a new line 3
//       posting.cpp:82   2 lines in ─────────────  posting.cpp:94    2 lines in   the same
//       posting.cpp:88   8 lines in ───────────┐   posting.cpp:95    3 lines in   new
//       cache.cpp:30     gone                  └─  posting.cpp:101   9 lines in   moved by one
//
// Lines are matched within their function, by how far from its beginning they are; where an editor has moved
// them, in order and to the nearest. A pair costs the lines between its two, up to 16 for blocks of
// another size, and 20 if their stacks end differently (another allocation function, say); a row without
// partner costs 50. The cheapest matching counts, so what lies more than 100 lines apart is one gone and one
// new. Functions are known by their names without parameters and template arguments; which overload or
// instance it is costs 10. What finds no partner in its file is looked for in others of the same name, then
// anywhere. Files are known by their last folders' names, libraries without their versions, the program
// itself whatever it is called.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "analyzer/model/trace.h"
#include "analyzer/report/rows.h"

namespace memtrace::report {

struct MatchSide {
  const std::vector<Row>& rows;
  const model::Trace& trace;
};

// One of the two may be missing. Each row is in exactly one pair.
struct RowPair {
  std::optional<std::size_t> before;  // index into that side's rows
  std::optional<std::size_t> after;
  bool is_moved = false;  // to another line of its function, or with it to another file or signature
};

std::vector<RowPair> MatchRows(const MatchSide& before, const MatchSide& after, GroupBy by);

}  // namespace memtrace::report
