// SPDX-License-Identifier: MIT
// EventDecoder: the common events by mask and shift, the extended ones field by field.
#include "analyzer/reader/event_decoder.h"

#include <cstring>

#include "memtrace/varint.h"

namespace memtrace::reader {
namespace {

using format::ExtendedEvent;
using format::FreeForm;
using model::Event;
using model::EventType;

// Ticks beyond this are damage: at 10 GHz it takes 14 years of uptime to come here.
constexpr std::uint64_t kMaxTicks = 1ULL << 62;

// The low `bytes` bytes (0 to 7) of the little-endian word at `in`.
inline std::uint64_t LoadBytes(const std::uint8_t* in, unsigned bytes) {
  std::uint64_t word;
  std::memcpy(&word, in, sizeof(word));
  return word & ((1ULL << (8 * bytes)) - 1);
}

inline std::uint64_t Unzigzag(std::uint64_t value) {
  return static_cast<std::uint64_t>(format::ZigzagDecode(value));
}

// The head of a kTime event, the only one that hands nothing out.
constexpr unsigned kTimeHead = static_cast<unsigned>(FreeForm::kExtended) << 1;

// format::kTimeBytes without a look into a table.
constexpr unsigned TimeBytes(unsigned code) {
  return (1U << code) >> 1;
}
static_assert(TimeBytes(0) == format::kTimeBytes[0] && TimeBytes(1) == format::kTimeBytes[1] &&
              TimeBytes(2) == format::kTimeBytes[2] && TimeBytes(3) == format::kTimeBytes[3]);

}  // namespace

// LEB128 fields one after the other; after a cut or overlong one, ok() is false and all values are 0.
class EventDecoder::Fields {
 public:
  Fields(const std::uint8_t* in, const std::uint8_t* end) : in_(in), end_(end) {}

  std::uint64_t Next() {
    std::uint64_t value = 0;
    if (in_ != nullptr) in_ = format::GetVarint(in_, end_, &value);
    return value;
  }
  bool ok() const { return in_ != nullptr; }
  const std::uint8_t* position() const { return in_; }

 private:
  const std::uint8_t* in_;
  const std::uint8_t* end_;
};

void EventDecoder::Start(std::span<const std::uint8_t> data, model::ThreadId thread, std::uint64_t base_ticks,
                         std::span<const model::NodeId> canonical) {
  begin_ = at_ = data.data();
  end_ = begin_ + data.size();
  running_ = Running{base_ticks, 0, 0};
  thread_ = thread;
  canonical_ = canonical;
  error_.reset();
  unknown_nodes_ = 0;
  if (base_ticks > kMaxTicks) Fail(begin_, "the window's start time is impossible");
}

[[gnu::always_inline]] inline model::NodeId EventDecoder::Canonical(std::uint64_t node) {
  const model::NodeId canonical = node < canonical_.size() ? canonical_[node] : kNoNode;
  if (canonical != kNoNode) [[likely]]
    return canonical;
  ++unknown_nodes_;
  return 0;
}

[[gnu::always_inline]] inline const std::uint8_t* EventDecoder::DecodeAlloc(const std::uint8_t* in,
                                                                            Running* running, Event* event) {
  const auto head = static_cast<unsigned>(LoadBytes(in, 2));
  if (head >> 12 != 0) [[unlikely]] {
    Fail(in, "an allocation event has unknown bits set");
    return nullptr;
  }
  const unsigned node_bytes = head >> 1 & 7;
  const unsigned address_bytes = head >> 4 & 7;
  const unsigned size_bytes = head >> 7 & 7;
  const unsigned time_bytes = TimeBytes(head >> 10);
  const std::uint8_t* at_address = in + 2 + node_bytes;
  const std::uint8_t* at_size = at_address + address_bytes;
  const std::uint8_t* at_time = at_size + size_bytes;
  running->node += Unzigzag(LoadBytes(in + 2, node_bytes));
  running->address += Unzigzag(LoadBytes(at_address, address_bytes));
  running->ticks += LoadBytes(at_time, time_bytes);
  *event = Event{.ticks = running->ticks,
                 .address = running->address << format::kAddressShift,
                 .size = LoadBytes(at_size, size_bytes),
                 .node = Canonical(running->node),
                 .thread = thread_,
                 .type = EventType::kAlloc};
  return at_time + time_bytes;
}

[[gnu::always_inline]] inline const std::uint8_t* EventDecoder::DecodeFree(const std::uint8_t* in,
                                                                           Running* running,
                                                                           Event* event) const {
  const unsigned head = *in++;
  const unsigned address_bytes = head >> 3 & 7;
  const unsigned time_bytes = TimeBytes(head >> 6);
  const std::uint8_t* at_time = in + address_bytes;
  running->address += Unzigzag(LoadBytes(in, address_bytes));
  running->ticks += LoadBytes(at_time, time_bytes);
  *event = Event{.ticks = running->ticks,
                 .address = running->address << format::kAddressShift,
                 .thread = thread_,
                 .type = EventType::kFree,
                 .free_form = static_cast<FreeForm>(head >> 1 & 3)};
  return at_time + time_bytes;
}

// With branches: masks that treat allocations and frees alike are no faster where their order is random, and
// slower where it has a pattern, as in most programs.
[[gnu::always_inline]] inline const std::uint8_t* EventDecoder::DecodeOne(const std::uint8_t* in,
                                                                          Running* running, Event* event) {
  const unsigned head = *in;
  if ((head & 1) != 0) return DecodeAlloc(in, running, event);
  if ((head >> 1 & 3) != static_cast<unsigned>(FreeForm::kExtended)) return DecodeFree(in, running, event);
  return DecodeExtended(in, running, event);
}

std::size_t EventDecoder::Decode(std::span<Event> out) {
  if (error_) return 0;
  const std::uint8_t* in = at_;
  Running running = running_;
  std::size_t count = 0;
  while (count < out.size() && in != end_) {
    Event* event = &out[count];
    const std::uint8_t* next = DecodeOne(in, &running, event);
    if (next == nullptr) break;
    if (next > end_ || running.ticks > kMaxTicks) {
      Fail(in, next > end_ ? "an event is cut off" : "an event's time is impossible");
      break;
    }
    count += *in != kTimeHead ? 1 : 0;
    in = next;
  }
  at_ = in;
  running_ = running;
  return count;
}

const std::uint8_t* EventDecoder::DecodeExtended(const std::uint8_t* in, Running* running, Event* event) {
  const auto number = static_cast<ExtendedEvent>(*in >> 3);
  Fields fields(in + 1, end_);
  const std::uint64_t time = fields.Next();
  if (time > kMaxTicks) {
    Fail(in, "an event's time is impossible");
    return nullptr;
  }
  running->ticks += time;
  *event = Event{.ticks = running->ticks, .thread = thread_};
  const bool is_known = number == ExtendedEvent::kTime || FillBlockEvent(number, &fields, running, event) ||
                        FillMapEvent(number, &fields, event);
  if (!is_known || !fields.ok()) {
    Fail(in, is_known ? "an event is cut off or has an overlong number" : "an event is of no known kind");
    return nullptr;
  }
  return fields.position();
}

bool EventDecoder::FillBlockEvent(ExtendedEvent number, Fields* fields, Running* running, Event* event) {
  switch (number) {
    case ExtendedEvent::kAlloc:
      event->type = EventType::kAlloc;
      event->node = Canonical(fields->Next());
      event->address = fields->Next();
      event->size = fields->Next();
      return true;
    case ExtendedEvent::kFree: {
      event->type = EventType::kFree;
      event->address = fields->Next();
      const std::uint64_t form = fields->Next();
      event->free_form = static_cast<FreeForm>(form & 3);
      return form < static_cast<unsigned>(FreeForm::kExtended);
    }
    case ExtendedEvent::kReallocBegin:
    case ExtendedEvent::kReallocCancel:
      event->type =
          number == ExtendedEvent::kReallocBegin ? EventType::kReallocBegin : EventType::kReallocCancel;
      running->address += Unzigzag(fields->Next());
      event->address = running->address << format::kAddressShift;
      return true;
    case ExtendedEvent::kReuse:
      event->type = EventType::kReuse;
      running->node += Unzigzag(fields->Next());
      running->address += Unzigzag(fields->Next());
      event->node = Canonical(running->node);
      event->address = running->address << format::kAddressShift;
      return true;
    default:
      return false;
  }
}

bool EventDecoder::FillMapEvent(ExtendedEvent number, Fields* fields, Event* event) {
  switch (number) {
    case ExtendedEvent::kMap:
      event->type = EventType::kMap;
      event->node = Canonical(fields->Next());
      event->address = fields->Next();
      event->size = fields->Next();
      fields->Next();  // prot
      fields->Next();  // flags
      return true;
    case ExtendedEvent::kUnmap:
      event->type = EventType::kUnmap;
      event->address = fields->Next();
      event->size = fields->Next();
      return true;
    case ExtendedEvent::kRemap:
      event->type = EventType::kRemap;
      event->node = Canonical(fields->Next());
      event->old_address = fields->Next();
      event->old_size = fields->Next();
      event->address = fields->Next();
      event->size = fields->Next();
      return true;
    case ExtendedEvent::kBreak:
      event->type = EventType::kBreak;
      event->node = Canonical(fields->Next());
      event->old_address = fields->Next();
      event->address = fields->Next();
      return true;
    default:
      return false;
  }
}

void EventDecoder::Fail(const std::uint8_t* in, const char* what) {
  error_ = DecodeError{static_cast<std::size_t>(in - begin_), what};
}

}  // namespace memtrace::reader
