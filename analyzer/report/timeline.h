// SPDX-License-Identifier: MIT
// `memtrace timeline`: memory over a recording, as a picture in the terminal, as SVG, CSV and JSON.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "analyzer/aggregate/timeline.h"
#include "analyzer/model/trace.h"
#include "analyzer/report/json.h"
#include "analyzer/report/plot_svg.h"
#include "analyzer/report/row_text.h"

namespace memtrace::report {

struct TimelineTextOptions {
  std::size_t rows = 16;  // of the picture
  bool ascii = false;
  std::string selected = {};  // which blocks are counted, for the heading; empty: all
};

// Refers to the trace and the timeline it was built from, which must outlive it.
class TimelineReport {
 public:
  TimelineReport(const model::Trace& trace, const aggregate::Timeline& line);

  // The picture is as wide as the timeline has slices; a timeline of fewer is stretched to `columns`.
  std::string Text(const RenderOptions& render, const TimelineTextOptions& options,
                   std::size_t columns) const;
  std::string Svg() const;
  // A heading, then one line a slice. Times are seconds since the start of recording; what is not known is
  // empty.
  std::string Csv() const;
  // `selector` says which blocks are counted and goes in as it is.
  Json ToJson(Json selector) const;

  // Highest reading of process memory in each slice; where there is none, the last one before. kUnknown
  // before the first.
  const std::vector<std::uint64_t>& process_bytes() const { return process_bytes_; }

 private:
  std::string Heading(const RenderOptions& render) const;
  std::string MarksText(const RenderOptions& render, const std::vector<char>& letters) const;
  std::uint64_t EndNs() const { return line_.StartOf(line_.slices.size()); }

  const model::Trace& trace_;
  const aggregate::Timeline& line_;
  std::vector<std::uint64_t> process_bytes_;
};

// The timeline's live bytes as a curve: the highest of each slice.
PlotSeries HighestCurve(const aggregate::Timeline& line, std::string name);

}  // namespace memtrace::report
