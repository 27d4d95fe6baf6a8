// SPDX-License-Identifier: MIT
// The lines below a row's head: the source line, who called, the chain of calls, the threads.
//
//    #1: src/posting.cpp:88: 201 MiB (48.7%)  1310720 blocks, avg 161 B
//          entries_.push_back(Posting{doc, pos});                              ┐ details
//          Index::add <- Indexer::consume <- worker_main        [worker-1]     ┘
#pragma once

#include <string>
#include <vector>

#include "analyzer/model/trace.h"
#include "analyzer/report/row_text.h"
#include "analyzer/report/rows.h"
#include "analyzer/report/stack_source.h"

namespace memtrace::report {

struct RowDetail {
  std::string text;  // printable, not yet cut to the terminal's width
  bool is_source = false;
};

std::vector<RowDetail> RowDetails(const Row& row, const RowOptions& options, const model::Trace& trace,
                                  StackSource& source, const RenderOptions& render);

// Indented below the head, cut to the terminal's width; empty ones are left out.
std::string DetailsText(const std::vector<RowDetail>& details, const RenderOptions& render);

}  // namespace memtrace::report
