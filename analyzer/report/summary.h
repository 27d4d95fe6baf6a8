// SPDX-License-Identifier: MIT
// `memtrace summary`: one screen about a recording: what ran, its heap, its process memory, what to look at
// next.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "analyzer/aggregate/profile.h"
#include "analyzer/aggregate/python_heap.h"
#include "analyzer/report/json.h"
#include "analyzer/report/process_split.h"
#include "analyzer/report/row_text.h"
#include "analyzer/report/top.h"

namespace memtrace::report {

// Refers to the trace, profile, source and splits it was built from, which must outlive it.
class SummaryReport {
 public:
  // `splits`: process memory by cause at its highest and its last reading, in detail; none: that is left out.
  // `python`: at the profile's peak and at the end; empty for programs without Python. `chosen`: a moment
  // that was asked for, which must be the profile's: process memory and the lines are then about it.
  SummaryReport(const model::Trace& trace, const aggregate::Profile& profile, StackSource& source,
                const std::vector<aggregate::ProcessSplit>& splits,
                std::vector<aggregate::PythonHeap> python = {},
                std::optional<ChosenSplit> chosen = std::nullopt);

  std::string Text(const RenderOptions& render) const;
  Json ToJson(const RenderOptions& render) const;

 private:
  std::string HeapText(const RenderOptions& render) const;
  std::string MarksText(const RenderOptions& render) const;
  std::string PythonText(const RenderOptions& render) const;
  std::string NotesText() const;
  std::string QualityText() const;

  const model::Trace& trace_;
  const aggregate::Profile& profile_;
  bool has_moment_;
  TopReport top_;
  ProcessSplitReport process_;
  std::vector<aggregate::PythonHeap> python_;
};

}  // namespace memtrace::report
