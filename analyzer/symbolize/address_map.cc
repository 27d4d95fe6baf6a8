// SPDX-License-Identifier: MIT
// Flattens nested ranges by a sweep over their beginnings with a stack of those still open.
#include "analyzer/symbolize/address_map.h"

#include <algorithm>

namespace memtrace::symbolize {
namespace {

// Outer before inner: by beginning, then the longer, then the lower rank.
bool OpensBefore(const AddressRange& a, const AddressRange& b) {
  if (a.begin != b.begin) return a.begin < b.begin;
  if (a.end != b.end) return a.end > b.end;
  return a.rank < b.rank;
}

}  // namespace

AddressMap::AddressMap(std::vector<AddressRange> ranges) {
  std::stable_sort(ranges.begin(), ranges.end(), OpensBefore);
  std::vector<AddressRange> open;
  const auto close_until = [&](std::uint64_t address) {
    while (!open.empty() && open.back().end <= address) {
      const std::uint64_t end = open.back().end;
      open.pop_back();
      Emit(end, open.empty() ? kNone : open.back().value);
    }
  };
  for (AddressRange range : ranges) {
    if (range.begin >= range.end) continue;
    close_until(range.begin);
    if (!open.empty()) range.end = std::min(range.end, open.back().end);
    Emit(range.begin, range.value);
    open.push_back(range);
  }
  close_until(~std::uint64_t{0});
  segments_.shrink_to_fit();
}

// A later segment at the same place replaces the earlier one: the inner range, or what follows two ends.
void AddressMap::Emit(std::uint64_t begin, std::uint32_t value) {
  if (!segments_.empty() && segments_.back().begin == begin) {
    segments_.back().value = value;
  } else {
    segments_.push_back({begin, value});
  }
}

AddressMap::Hit AddressMap::Find(std::uint64_t address) const {
  auto after = std::upper_bound(segments_.begin(), segments_.end(), address,
                                [](std::uint64_t a, const Segment& segment) { return a < segment.begin; });
  if (after == segments_.begin()) return {};
  --after;
  return {after->value, after->begin};
}

bool IsInside(const std::vector<AddressSpan>& spans, std::uint64_t address) {
  return std::any_of(spans.begin(), spans.end(), [address](const AddressSpan& span) {
    return span.begin <= address && address < span.end;
  });
}

}  // namespace memtrace::symbolize
