// SPDX-License-Identifier: MIT
#include "analyzer/reader/reuse.h"

#include <algorithm>

namespace memtrace::reader {

using model::Event;
using model::EventType;

bool ReuseResolver::IsNeededFor(const model::Trace& trace) {
  return std::any_of(
      trace.python_runtimes.begin(), trace.python_runtimes.end(),
      [](const model::PythonRuntime& runtime) { return runtime.reuse != format::PythonReuse::kUnseen; });
}

// A realloc keeps its old block's size, should it fail: if it does not, nothing is handed out again there
// before another allocation is.
void ReuseResolver::Add(const Event& event) {
  switch (event.type) {
    case EventType::kAlloc:
      if (event.node < trace_.sites.size() &&
          trace_.sites[event.node].kind == format::AllocKind::kPythonObject)
        *object_bytes_.Insert(event.address).first = event.size;
      break;
    case EventType::kFree: {
      std::uint64_t unused = 0;
      object_bytes_.Erase(event.address, &unused);
      break;
    }
    case EventType::kReuse: {
      const std::uint64_t* const bytes = object_bytes_.Find(event.address);
      if (bytes == nullptr) return;
      Event half = event;
      half.type = EventType::kFree;
      out_.push_back(half);
      half.type = EventType::kAlloc;
      half.size = *bytes;
      out_.push_back(half);
      return;
    }
    default:
      break;
  }
  out_.push_back(event);
}

std::span<const Event> ReuseResolver::Resolve(std::span<const Event> batch) {
  constexpr std::size_t kAhead = 24;  // about the time a cache miss takes
  out_.clear();
  for (std::size_t i = 0; i < batch.size(); ++i) {
    if (i + kAhead < batch.size()) object_bytes_.Prefetch(batch[i + kAhead].address);
    Add(batch[i]);
  }
  return out_;
}

}  // namespace memtrace::reader
