// SPDX-License-Identifier: MIT
// One walk, two movers: from a window to the columns and from the columns to a window.
#include "analyzer/reader/event_columns.h"

#include <algorithm>

#include "memtrace/trace_format.h"
#include "memtrace/varint.h"

namespace memtrace::reader {
namespace {

using format::ExtendedEvent;
using format::FreeForm;

// Fields of several bytes take a column for each of their first bytes, and one for the rest.
constexpr std::size_t kBytesApart = 3;
enum Column : std::size_t {
  kHead = 0,
  kSecondHead = 1,  // of allocations
  kNode = 2,
  kAllocAddress = kNode + kBytesApart,
  kFreeAddress = kAllocAddress + kBytesApart,
  kSize = kFreeAddress + kBytesApart,
  kAllocTime = kSize + kBytesApart,
  kFreeTime = kAllocTime + kBytesApart,
  kExtended = kFreeTime + kBytesApart,
  kAllocReference = kExtended + 1,  // first byte; the others
  kFreeReference = kAllocReference + 2,
};
static_assert(kExtended + 1 == ColumnsOf(EventForm::kRecorded));
static_assert(kFreeReference + kBytesApart == ColumnsOf(EventForm::kReferenced));

constexpr unsigned kByReference = 7;  // instead of a number of address bytes

constexpr unsigned FieldsOf(ExtendedEvent number) {
  switch (number) {
    case ExtendedEvent::kTime:
      return 1;
    case ExtendedEvent::kReallocBegin:
    case ExtendedEvent::kReallocCancel:
      return 2;
    case ExtendedEvent::kFree:
    case ExtendedEvent::kUnmap:
    case ExtendedEvent::kReuse:
      return 3;
    case ExtendedEvent::kAlloc:
    case ExtendedEvent::kBreak:
      return 4;
    case ExtendedEvent::kMap:
    case ExtendedEvent::kRemap:
      return 6;
  }
  return 0;
}

// A mover's Move(column, count) moves bytes and returns the last one, or -1 when there are not as many.
template <typename Mover>
bool MoveField(Mover& mover, std::size_t column, unsigned bytes) {
  for (unsigned i = 0; i < bytes; ++i) {
    if (mover.Move(column + std::min<std::size_t>(i, kBytesApart - 1)) < 0) return false;
  }
  return true;
}

// `columns`: one for each of the first bytes, the last one for the rest, too.
template <typename Mover>
bool MoveVarint(Mover& mover, std::size_t column, std::size_t columns) {
  for (std::size_t i = 0; i < format::kMaxVarintBytes; ++i) {
    const int byte = mover.Move(column + std::min(i, columns - 1));
    if (byte < 0) return false;
    if ((byte & 0x80) == 0) return true;
  }
  return false;
}

template <typename Mover>
bool MoveEvent(Mover& mover, EventForm form) {
  const auto is_reference = [form](unsigned code) {
    return form == EventForm::kReferenced && code == kByReference;
  };
  const int first = mover.Move(kHead);
  if (first < 0) return false;
  const auto head = static_cast<unsigned>(first);
  if ((head & 1) != 0) {
    const int second = mover.Move(kSecondHead);
    if (second < 0) return false;
    const unsigned both = head | static_cast<unsigned>(second) << 8;
    const unsigned address = both >> 4 & 7;
    return MoveField(mover, kNode, both >> 1 & 7) &&
           (is_reference(address) ? MoveVarint(mover, kAllocReference, 2)
                                  : MoveField(mover, kAllocAddress, address)) &&
           MoveField(mover, kSize, both >> 7 & 7) &&
           MoveField(mover, kAllocTime, format::kTimeBytes[both >> 10 & 3]);
  }
  if ((head >> 1 & 3) != static_cast<unsigned>(FreeForm::kExtended)) {
    const unsigned address = head >> 3 & 7;
    return (is_reference(address) ? MoveVarint(mover, kFreeReference, kBytesApart)
                                  : MoveField(mover, kFreeAddress, address)) &&
           MoveField(mover, kFreeTime, format::kTimeBytes[head >> 6]);
  }
  unsigned fields = FieldsOf(static_cast<ExtendedEvent>(head >> 3));
  if (fields == 0) return false;
  while (fields-- > 0) {
    if (!MoveVarint(mover, kExtended, 1)) return false;
  }
  return true;
}

struct Splitter {
  std::span<const std::uint8_t> in;
  std::size_t at;
  EventColumns* columns;

  int Move(std::size_t column) {
    if (at == in.size()) return -1;
    (*columns)[column].push_back(in[at]);
    return in[at++];
  }
};

struct Joiner {
  std::span<std::uint8_t> out;
  std::size_t at;
  const EventColumns& columns;
  std::array<std::size_t, kEventColumns>& places;

  int Move(std::size_t column) {
    if (at == out.size() || places[column] == columns[column].size()) return -1;
    return out[at++] = columns[column][places[column]++];
  }
};

}  // namespace

unsigned FieldsOfExtended(ExtendedEvent number) {
  return FieldsOf(number);
}

bool SplitEvents(std::span<const std::uint8_t> events, EventColumns* columns, EventForm form) {
  Splitter splitter{events, 0, columns};
  while (splitter.at < events.size()) {
    if (!MoveEvent(splitter, form)) return false;
  }
  return true;
}

bool EventJoiner::Join(std::span<std::uint8_t> events) {
  Joiner joiner{events, 0, columns_, at_};
  while (joiner.at < events.size()) {
    if (!MoveEvent(joiner, form_)) return false;
  }
  return true;
}

bool EventJoiner::done() const {
  for (std::size_t column = 0; column < kEventColumns; ++column) {
    if (at_[column] != columns_[column].size()) return false;
  }
  return true;
}

}  // namespace memtrace::reader
