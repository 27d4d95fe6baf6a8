// SPDX-License-Identifier: MIT
// What the page cannot find out by itself about its frames: how other reports group and judge them.
//
//     rows of top, before ── MatchRows ── rows of top, now        (as `diff` does)
//         │ stacks                            │ stacks
//         ▼                                   ▼
//     frame 7: place 3                    frame 9: place 3        7 before is 9 now
#pragma once

#include <string>

#include "analyzer/html/columns.h"
#include "analyzer/html/page_data.h"
#include "analyzer/html/page_tree.h"

namespace memtrace::html {

// {"line": {"now": [...], "before": [...]}, "function": …}: by frame number, the number of its place, or 0
// for frames that nothing is charged to. Both parts need their sources.
std::string PlacesJson(const PagePart& now, const PagePart& before, const PageTree& tree);

// [...] by frame number: as a number of `strings`, what has become over time of that which the frame's line
// did not free. The part needs its source and growth.
std::string GrowthJson(const PagePart& part, const PageTree& tree, StringTable& strings);

}  // namespace memtrace::html
