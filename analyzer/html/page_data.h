// SPDX-License-Identifier: MIT
// What a page knows: one JSON document of columns, made small before it is written.
//
//     strings  ["main", "/src/a.cc", …]                     texts, once each; the rest refers to them
//     frames   name[] file[] line[] module[] flags[]        what can stand in a box
//     nodes    parent[] frame[]                             the call tree; node 0 is the root, parents first
//     entries  node[] thread[] charged[]                    where blocks come from: a leaf, a thread, and the
//                                                           frame that answers for them in the table
//     lives    entry[] birth[] death[] bytes[] blocks[] …   a LifeTable's rows: for every range of time
//     process  t[] causes[{key title color bytes[]}]        process memory by cause, at each reading
//     amounts  peak_bytes[] …                               instead of lives: sums of each entry, no time
//     growth   of each frame, a text                        what `leaks` says of the line that it is charged
//     for base     amounts, and for each grouping of the table  the same number for frames that `diff` takes
//     for
//              now[] before[] by frame                      the same place before and after
//
// When there are more boxes than a page can hold, the smallest are folded into their callers: at least half
// as many as it can hold stay, and none that has kFoldedShare of anything goes. The page says how many went.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "analyzer/aggregate/growth.h"
#include "analyzer/aggregate/life_table.h"
#include "analyzer/aggregate/process_memory.h"
#include "analyzer/aggregate/profile.h"
#include "analyzer/export/stacks.h"
#include "analyzer/model/trace.h"
#include "analyzer/report/stack_filter.h"
#include "analyzer/report/stack_source.h"

namespace memtrace::html {

inline constexpr double kFoldedShare = 0.0005;

// Which source text goes into a page, whoever it is sent to. Only files that debug information of a module
// names, and Python's sources, are ever read.
enum class SourceMode { kNone, kLines, kFiles };

// One recording's part of a page.
struct PagePart {
  const model::Trace& trace;
  const aggregate::Profile& profile;
  const exporting::Stacks& stacks;
  const aggregate::LiveCurve* curve = nullptr;      // with `lives`
  const aggregate::LifeTable* lives = nullptr;      // null: a page without time
  const aggregate::CurvesByNode* growth = nullptr;  // of what was not freed; null: nothing is said of growth
  const std::vector<aggregate::ProcessSplit>* process = nullptr;  // by time; null or empty: not shown
  // Where the stacks came from, and how: to group them as reports do. Null: a page by itself needs no groups.
  report::StackSource* source = nullptr;
  report::StackSelectors selectors = {};
  bool skip = true;
};

struct PageRequest {
  PagePart main;
  const PagePart* base = nullptr;  // what `main` is compared with; its curve and lives are not looked at
  report::StackSource* source = nullptr;  // for source text
  SourceMode source_mode = SourceMode::kNone;
  std::string title = {};       // of the selection: "blocks of 64 B allocated by worker-1", or nothing
  std::string metric = "peak";  // shown first: peak, not_freed, total, count, temporary
  bool is_inverted = false;
  bool flame_only = false;
  std::size_t max_nodes = 100'000;  // more boxes than that are folded
};

// The document; without any "<".
std::string PageData(const PageRequest& request);

}  // namespace memtrace::html
