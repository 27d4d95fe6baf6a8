// SPDX-License-Identifier: MIT
// Follows each address through the events and keeps the time of what is left at the end.
#include "analyzer/report/not_freed_times.h"

#include <algorithm>

#include <fmt/format.h>
#include <tsl/robin_map.h>

#include "analyzer/model/event.h"
#include "analyzer/util/time_format.h"

namespace memtrace::report {
namespace {

// Shorter recordings are over before anything can be said to grow.
constexpr std::uint64_t kShortestForGrowthNs = 1'000'000'000;
constexpr std::uint64_t kFewestBlocksForGrowth = 8;

struct Birth {
  std::uint64_t ticks = 0;
  model::NodeId node = 0;
};

class Survivors {
 public:
  void Visit(const model::Event& event) {
    switch (event.type) {
      case model::EventType::kAlloc:
        alive_[event.address] = {event.ticks, event.node};
        return;
      case model::EventType::kFree:
        alive_.erase(event.address);
        return;
      case model::EventType::kReallocBegin:
        BeginRealloc(event);
        return;
      case model::EventType::kReallocCancel:
        CancelRealloc(event);
        return;
      default:
        return;
    }
  }

  const tsl::robin_map<std::uint64_t, Birth>& alive() const { return alive_; }

 private:
  // A thread has one realloc under way at a time; whether it failed shows in the thread's next event.
  void BeginRealloc(const model::Event& event) {
    const auto found = alive_.find(event.address);
    if (found == alive_.end()) return;
    given_to_realloc_[event.thread] = {event.address, found->second};
    alive_.erase(found);
  }

  void CancelRealloc(const model::Event& event) {
    const auto given = given_to_realloc_.find(event.thread);
    if (given == given_to_realloc_.end() || given->second.first != event.address) return;
    alive_[event.address] = given->second.second;
  }

  tsl::robin_map<std::uint64_t, Birth> alive_;
  std::unordered_map<model::ThreadId, std::pair<std::uint64_t, Birth>> given_to_realloc_;
};

}  // namespace

void NotFreedTimes::Add(std::uint64_t time_ns, std::uint64_t duration_ns) {
  first_ns = std::min(first_ns, time_ns);
  last_ns = std::max(last_ns, time_ns);
  const std::uint64_t quarter = duration_ns == 0 ? 0 : time_ns / (duration_ns / 4 + 1);
  ++blocks_by_quarter[std::min<std::uint64_t>(quarter, 3)];
}

void NotFreedTimes::Add(const NotFreedTimes& other) {
  first_ns = std::min(first_ns, other.first_ns);
  last_ns = std::max(last_ns, other.last_ns);
  for (std::size_t i = 0; i < blocks_by_quarter.size(); ++i)
    blocks_by_quarter[i] += other.blocks_by_quarter[i];
}

bool NotFreedTimes::is_growing(std::uint64_t duration_ns) const {
  std::uint64_t blocks = 0;
  for (const std::uint64_t in_quarter : blocks_by_quarter) {
    if (in_quarter == 0) return false;
    blocks += in_quarter;
  }
  return duration_ns >= kShortestForGrowthNs && blocks >= kFewestBlocksForGrowth;
}

NotFreedTimesByNode FindNotFreedTimes(reader::TraceReader& reader,
                                      const std::function<void(double)>& progress) {
  Survivors survivors;
  reader.ForEachEvent([&survivors](const model::Event& event) { survivors.Visit(event); }, progress);
  NotFreedTimesByNode times;
  const std::uint64_t duration_ns = reader.trace().info.duration_ns;
  for (const auto& [address, birth] : survivors.alive()) {
    times[birth.node].Add(reader.TimeNs(birth.ticks), duration_ns);
  }
  return times;
}

std::string TimesText(const NotFreedTimes& times, std::uint64_t duration_ns) {
  if (times.is_empty()) return {};
  const std::string first = FormatTime(times.first_ns);
  const std::string last = FormatTime(times.last_ns);
  if (first == last) return "all at " + first;
  return fmt::format("first {}, last {}{}", first, last,
                     times.is_growing(duration_ns) ? ", still growing" : "");
}

}  // namespace memtrace::report
