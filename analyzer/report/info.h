// SPDX-License-Identifier: MIT
// `memtrace info`: the trace file itself: what is in it, how large its parts are, what is wrong with it.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>

#include "analyzer/model/event.h"
#include "analyzer/reader/trace_reader.h"
#include "analyzer/report/json.h"
#include "analyzer/report/row_text.h"

namespace memtrace::report {

// Events of each type, by EventType.
inline constexpr std::size_t kEventTypes = static_cast<std::size_t>(model::EventType::kBreak) + 1;
using EventCounts = std::array<std::uint64_t, kEventTypes>;

// One pass, which also finds damage in the events.
EventCounts CountEvents(reader::TraceReader& reader, const std::function<void(double)>& progress = {});

// Refers to the trace, which must outlive it.
class InfoReport {
 public:
  InfoReport(const model::Trace& trace, const EventCounts& events) : trace_(trace), events_(events) {}

  std::string Text(const RenderOptions& render) const;
  Json ToJson() const;

 private:
  std::uint64_t TotalEvents() const;
  std::string FileText() const;
  std::string EventsText() const;
  std::string ThreadsText(const RenderOptions& render) const;
  std::string ModulesText(const RenderOptions& render) const;
  std::string NotesText() const;

  const model::Trace& trace_;
  EventCounts events_;
};

}  // namespace memtrace::report
