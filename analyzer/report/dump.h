// SPDX-License-Identifier: MIT
// `memtrace dump`: what stands in a trace, record by record: chunks, call-site nodes, the log, events.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "analyzer/model/event.h"
#include "analyzer/reader/chunk_list.h"
#include "analyzer/reader/trace_reader.h"
#include "analyzer/report/json.h"

namespace memtrace::report {

struct DumpOptions {
  bool chunks = true;
  bool nodes = true;
  bool log = true;  // modules, threads, marks, checkpoints, notes, Python code
  bool events = true;
  std::size_t records = 20;   // of each, at most
  std::uint64_t from_ns = 0;  // events before it are left out
};

class DumpReport {
 public:
  // One pass over the events, if they are wanted. Refers to the reader, which must outlive it.
  DumpReport(reader::TraceReader& reader, std::vector<reader::ListedChunk> chunks, const DumpOptions& options,
             const std::function<void(double)>& progress = {});

  std::string Text() const;
  Json ToJson() const;

 private:
  struct TimedEvent {
    std::uint64_t time_ns;
    model::Event event;
  };

  std::string ChunksText() const;
  std::string NodesText() const;
  std::string LogText() const;
  std::string PythonText() const;
  std::string EventsText() const;
  std::string Heading(const char* what, std::size_t count) const;
  std::size_t Shown(std::size_t count) const { return std::min(count, options_.records); }

  const reader::TraceReader& reader_;
  const model::Trace& trace_;
  DumpOptions options_;
  std::vector<reader::ListedChunk> chunks_;
  std::vector<TimedEvent> events_;
  std::size_t event_count_ = 0;  // from the asked-for time on
};

}  // namespace memtrace::report
