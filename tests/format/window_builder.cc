// SPDX-License-Identifier: MIT
// WindowBuilder: plain loops over bytes; speed is of no concern here, likeness to the format's text is.
#include "tests/format/window_builder.h"

#include "memtrace/varint.h"

namespace memtrace::testing {
namespace {

using format::ExtendedEvent;
using format::FreeForm;

unsigned BytesFor(std::uint64_t value) {
  unsigned count = 0;
  for (; value != 0; value >>= 8) ++count;
  return count;
}

// The code 0..3 whose byte count holds `time`, or 4 if none does.
unsigned TimeCode(std::uint64_t time) {
  unsigned code = 0;
  while (code < 4 && BytesFor(time) > format::kTimeBytes[code]) ++code;
  return code;
}

std::uint64_t Zigzag(std::uint64_t from, std::uint64_t to) {
  return format::ZigzagEncode(static_cast<std::int64_t>(to - from));
}

bool FitsShortForm(std::uint64_t address, std::uint64_t time) {
  return address % 8 == 0 && TimeCode(time) < 4;
}

}  // namespace

WindowBuilder& WindowBuilder::Alloc(std::uint64_t ticks, std::uint64_t address, std::uint64_t size,
                                    std::uint32_t node) {
  Begin(ticks);
  if (!FitsShortForm(address, ticks - ticks_) || BytesFor(size) > 7) {
    Extended(ExtendedEvent::kAlloc, ticks, {node, address, size});
    return *this;
  }
  const std::uint64_t time = Advance(ticks);
  const std::uint64_t node_delta = Zigzag(node_, node);
  node_ = node;
  const std::uint64_t address_delta = AddressDelta(address);
  const unsigned head = 1 | BytesFor(node_delta) << 1 | BytesFor(address_delta) << 4 | BytesFor(size) << 7 |
                        TimeCode(time) << 10;
  PutBytes(head, 2);
  PutBytes(node_delta, BytesFor(node_delta));
  PutBytes(address_delta, BytesFor(address_delta));
  PutBytes(size, BytesFor(size));
  PutBytes(time, format::kTimeBytes[TimeCode(time)]);
  return *this;
}

WindowBuilder& WindowBuilder::Free(std::uint64_t ticks, std::uint64_t address, FreeForm form) {
  Begin(ticks);
  if (!FitsShortForm(address, ticks - ticks_)) {
    Extended(ExtendedEvent::kFree, ticks, {address, static_cast<std::uint64_t>(form)});
    return *this;
  }
  const std::uint64_t time = Advance(ticks);
  const std::uint64_t address_delta = AddressDelta(address);
  PutBytes(static_cast<unsigned>(form) << 1 | BytesFor(address_delta) << 3 | TimeCode(time) << 6, 1);
  PutBytes(address_delta, BytesFor(address_delta));
  PutBytes(time, format::kTimeBytes[TimeCode(time)]);
  return *this;
}

WindowBuilder& WindowBuilder::ReallocBegin(std::uint64_t ticks, std::uint64_t address) {
  Extended(ExtendedEvent::kReallocBegin, ticks, {AddressDelta(address)});
  return *this;
}

WindowBuilder& WindowBuilder::ReallocCancel(std::uint64_t ticks, std::uint64_t address) {
  Extended(ExtendedEvent::kReallocCancel, ticks, {AddressDelta(address)});
  return *this;
}

WindowBuilder& WindowBuilder::Map(std::uint64_t ticks, std::uint64_t address, std::uint64_t length,
                                  std::uint32_t node) {
  constexpr std::uint64_t kReadWrite = 3, kPrivateAnonymous = 0x22;
  Extended(ExtendedEvent::kMap, ticks, {node, address, length, kReadWrite, kPrivateAnonymous});
  return *this;
}

WindowBuilder& WindowBuilder::Unmap(std::uint64_t ticks, std::uint64_t address, std::uint64_t length) {
  Extended(ExtendedEvent::kUnmap, ticks, {address, length});
  return *this;
}

WindowBuilder& WindowBuilder::Remap(std::uint64_t ticks, std::uint64_t old_address, std::uint64_t old_length,
                                    std::uint64_t address, std::uint64_t length, std::uint32_t node) {
  Extended(ExtendedEvent::kRemap, ticks, {node, old_address, old_length, address, length});
  return *this;
}

WindowBuilder& WindowBuilder::Break(std::uint64_t ticks, std::uint64_t old_end, std::uint64_t new_end,
                                    std::uint32_t node) {
  Extended(ExtendedEvent::kBreak, ticks, {node, old_end, new_end});
  return *this;
}

WindowBuilder& WindowBuilder::Reuse(std::uint64_t ticks, std::uint64_t address, std::uint32_t node) {
  const std::uint64_t node_delta = Zigzag(node_, node);
  node_ = node;
  Extended(ExtendedEvent::kReuse, ticks, {node_delta, AddressDelta(address)});
  return *this;
}

WindowBuilder& WindowBuilder::Time(std::uint64_t ticks) {
  Extended(ExtendedEvent::kTime, ticks, {});
  return *this;
}

WindowBuilder& WindowBuilder::Add(const model::Event& event) {
  using model::EventType;
  switch (event.type) {
    case EventType::kAlloc:
      return Alloc(event.ticks, event.address, event.size, event.node);
    case EventType::kFree:
      return Free(event.ticks, event.address, event.free_form);
    case EventType::kReallocBegin:
      return ReallocBegin(event.ticks, event.address);
    case EventType::kReallocCancel:
      return ReallocCancel(event.ticks, event.address);
    case EventType::kMap:
      return Map(event.ticks, event.address, event.size, event.node);
    case EventType::kUnmap:
      return Unmap(event.ticks, event.address, event.size);
    case EventType::kRemap:
      return Remap(event.ticks, event.old_address, event.old_size, event.address, event.size, event.node);
    case EventType::kBreak:
      return Break(event.ticks, event.old_address, event.address, event.node);
    case EventType::kReuse:
      return Reuse(event.ticks, event.address, event.node);
  }
  return *this;
}

WindowBuilder& WindowBuilder::Raw(std::initializer_list<std::uint8_t> bytes) {
  bytes_.insert(bytes_.end(), bytes);
  return *this;
}

void WindowBuilder::Begin(std::uint64_t ticks) {
  if (base_ticks_) return;
  base_ticks_ = ticks_ = ticks;
}

std::uint64_t WindowBuilder::Advance(std::uint64_t ticks) {
  const std::uint64_t time = ticks - ticks_;
  ticks_ = ticks;
  return time;
}

std::uint64_t WindowBuilder::AddressDelta(std::uint64_t address) {
  const std::uint64_t units = address / 8;
  const std::uint64_t delta = Zigzag(address_units_, units);
  address_units_ = units;
  return delta;
}

void WindowBuilder::PutBytes(std::uint64_t value, unsigned count) {
  for (unsigned i = 0; i < count; ++i) bytes_.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

void WindowBuilder::PutVarint(std::uint64_t value) {
  std::uint8_t buffer[format::kMaxVarintBytes];
  std::uint8_t* const end = format::PutVarint(buffer, value);
  bytes_.insert(bytes_.end(), &buffer[0], end);
}

void WindowBuilder::Extended(ExtendedEvent number, std::uint64_t ticks,
                             std::initializer_list<std::uint64_t> fields) {
  Begin(ticks);
  PutBytes(static_cast<unsigned>(FreeForm::kExtended) << 1 | static_cast<unsigned>(number) << 3, 1);
  PutVarint(Advance(ticks));
  for (const std::uint64_t field : fields) PutVarint(field);
}

}  // namespace memtrace::testing
