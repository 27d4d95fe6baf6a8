// SPDX-License-Identifier: MIT
// The call-site tree: node chunks → model::Site by id, equal nodes made one.
//
//     file    id     1         2         3         4            Threads that race write the same (parent,
//     key)
//             node  main ◄─── load ◄─┐  load ◄── grow           twice: 2 and 3 are one site, and so are all
//                               └────┴─ grow                    their children with equal keys.
//     canonical      1         2         2         4
#pragma once

#include <vector>

#include "analyzer/model/trace.h"
#include "analyzer/reader/chunk_scan.h"

namespace memtrace::reader {

struct SiteTree {
  std::vector<model::Site> sites;        // by file id; [0] is the empty stack. Duplicates stay, unused.
  std::vector<model::NodeId> canonical;  // file id → the id that stands for it, or kNoNode (event_decoder.h)
};

// A parent that is not smaller than its child, or was never written, is damage: the child then starts a
// stack.
SiteTree ReadSites(const TraceFile& file, const std::vector<ChunkRef>& chunks,
                   const std::vector<model::Module>& modules, DamageLog* damage);

}  // namespace memtrace::reader
