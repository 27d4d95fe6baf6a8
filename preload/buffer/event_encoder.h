// SPDX-License-Identifier: MIT
// Turns one event into bytes at the end of a window. The encoding is drawn in trace_format.h; two examples:
//
//   free() of the block allocated just before, 3 ticks later
//     head = [time 01][address 000][form 00][0] = 0x40                          bytes: 40 03
//   malloc(100) = last address + 0x20, from the same node, 5 ticks later
//     head = [0000][time 01][size 001][address 001][node 000][1] = 0x0491       bytes: 91 04 08 64 05
//     (the address delta is 0x20 / 8 = 4, zigzag 8)
//
// Hot path: no branch but the ones that choose the rare long form; fields are stored as whole 64-bit words
// and the end moves by their length, so a window keeps kMaxEventBytes spare bytes.
// One thread writes, other processes may read: used_bytes is stored after the bytes it covers.
#pragma once

#include <string.h>

#include <atomic>
#include <cstdint>

#include "memtrace/trace_format.h"
#include "memtrace/varint.h"

namespace memtrace::preload {

class EventEncoder {
 public:
  // Starts on an empty window whose header is filled in.
  void Begin(format::WindowHeader* window) {
    window_ = window;
    out_ = Data();
    limit_ = Data() + format::kWindowDataBytes - format::kMaxEventBytes;
    ticks_ = window->base_ticks;
    address_ = 0;
    node_ = 0;
  }

  // True while one more event of any kind fits.
  bool HasRoom() const { return out_ <= limit_; }
  // Of the last event that is not in one of the long forms.
  std::uint64_t last_address() const { return address_ << format::kAddressShift; }
  bool HasRoomForTwo() const { return out_ + format::kMaxEventBytes <= limit_; }
  format::WindowHeader* window() const { return window_; }
  std::size_t used_bytes() const { return static_cast<std::size_t>(out_ - Data()); }
  const std::uint8_t* data() const { return Data(); }

  // All need HasRoom(). Ticks that run backwards (threads move between cores) count as no time passed.
  [[gnu::always_inline]] void Alloc(std::uint64_t ticks, std::uint64_t address, std::uint64_t size_bytes, std::uint32_t node) {
    AllocAfter(TimeSince(ticks), address, size_bytes, node);
  }
  [[gnu::always_inline]] void AllocAtSameTime(std::uint64_t address, std::uint64_t size_bytes, std::uint32_t node) {
    AllocAfter(0, address, size_bytes, node);
  }

  [[gnu::always_inline]] void Free(std::uint64_t ticks, std::uint64_t address, format::FreeForm form) {
    FreeAfter(TimeSince(ticks), address, form);
  }
  [[gnu::always_inline]] void FreeAtSameTime(std::uint64_t address, format::FreeForm form) {
    FreeAfter(0, address, form);
  }

  // realloc is about to get this block / gave it back unchanged. The address must be a multiple of 8.
  void ReallocBegin(std::uint64_t ticks, std::uint64_t address) {
    Extended(format::ExtendedEvent::kReallocBegin, ticks, address);
  }
  void ReallocCancel(std::uint64_t ticks, std::uint64_t address) {
    Extended(format::ExtendedEvent::kReallocCancel, ticks, address);
  }

  // The live block at `address`, a multiple of 8, was handed out again.
  void Reuse(std::uint64_t ticks, std::uint64_t address, std::uint32_t node) {
    std::uint8_t* out = ExtendedHead(format::ExtendedEvent::kReuse, TimeSince(ticks));
    out = format::PutVarint(out, format::ZigzagEncode(static_cast<std::int64_t>(node) - node_));
    node_ = node;
    Commit(format::PutVarint(out, AddressDelta(address)));
  }

  // Any extended event whose fields are plain numbers.
  template <typename... Fields>
  void Plain(format::ExtendedEvent kind, std::uint64_t ticks, Fields... fields) {
    const std::uint64_t time = TimeSince(ticks);
    std::uint8_t* out = ExtendedHead(kind, time);
    ((out = format::PutVarint(out, static_cast<std::uint64_t>(fields))), ...);
    Commit(out);
  }

 private:
  static constexpr std::uint64_t kMaxShortTime = 0xffffffff;

  std::uint8_t* Data() const { return reinterpret_cast<std::uint8_t*>(window_ + 1); }

  static unsigned ByteLength(std::uint64_t value) {
    return ((71U - static_cast<unsigned>(__builtin_clzll(value | 1))) >> 3) - (value == 0 ? 1 : 0);
  }
  static unsigned TimeCode(std::uint64_t time) {
    return static_cast<unsigned>(time > 0) + static_cast<unsigned>(time > 0xff) + static_cast<unsigned>(time > 0xffff);
  }
  static std::uint8_t* PutWord(std::uint8_t* out, std::uint64_t value, unsigned bytes) {
    memcpy(out, &value, sizeof(value));
    return out + bytes;
  }

  std::uint64_t TimeSince(std::uint64_t ticks) {
    if (__builtin_expect(ticks < ticks_, 0)) return 0;
    const std::uint64_t time = ticks - ticks_;
    ticks_ = ticks;
    return time;
  }
  std::uint64_t AddressDelta(std::uint64_t address) {
    const std::uint64_t units = address >> format::kAddressShift;
    const std::uint64_t delta = format::ZigzagEncode(static_cast<std::int64_t>(units - address_));
    address_ = units;
    return delta;
  }

  [[gnu::always_inline]] void AllocAfter(std::uint64_t time, std::uint64_t address, std::uint64_t size_bytes,
                                         std::uint32_t node) {
    if (__builtin_expect((address & 7) != 0 || time > kMaxShortTime, 0)) return AllocLong(time, address, size_bytes, node);
    const std::uint64_t node_delta = format::ZigzagEncode(static_cast<std::int64_t>(node) - node_);
    const std::uint64_t address_delta = AddressDelta(address);
    node_ = node;
    const unsigned node_bytes = ByteLength(node_delta);
    const unsigned address_bytes = ByteLength(address_delta);
    const unsigned size_length = ByteLength(size_bytes);
    const unsigned time_code = TimeCode(time);
    const auto head = static_cast<std::uint16_t>(1U | node_bytes << 1 | address_bytes << 4 | size_length << 7 | time_code << 10);
    std::uint8_t* out = out_;
    memcpy(out, &head, sizeof(head));
    out = PutWord(out + sizeof(head), node_delta, node_bytes);
    out = PutWord(out, address_delta, address_bytes);
    out = PutWord(out, size_bytes, size_length);
    Commit(PutWord(out, time, format::kTimeBytes[time_code]));
  }

  [[gnu::always_inline]] void FreeAfter(std::uint64_t time, std::uint64_t address, format::FreeForm form) {
    if (__builtin_expect((address & 7) != 0 || time > kMaxShortTime, 0)) return FreeLong(time, address, form);
    const std::uint64_t address_delta = AddressDelta(address);
    const unsigned address_bytes = ByteLength(address_delta);
    const unsigned time_code = TimeCode(time);
    *out_ = static_cast<std::uint8_t>(static_cast<unsigned>(form) << 1 | address_bytes << 3 | time_code << 6);
    std::uint8_t* out = PutWord(out_ + 1, address_delta, address_bytes);
    Commit(PutWord(out, time, format::kTimeBytes[time_code]));
  }

  std::uint8_t* ExtendedHead(format::ExtendedEvent kind, std::uint64_t time) {
    *out_ = static_cast<std::uint8_t>(static_cast<unsigned>(format::FreeForm::kExtended) << 1 |
                                      static_cast<unsigned>(kind) << 3);
    return format::PutVarint(out_ + 1, time);
  }
  void Extended(format::ExtendedEvent kind, std::uint64_t ticks, std::uint64_t address) {
    std::uint8_t* out = ExtendedHead(kind, TimeSince(ticks));
    Commit(format::PutVarint(out, AddressDelta(address)));
  }
  __attribute__((noinline, cold)) void AllocLong(std::uint64_t time, std::uint64_t address, std::uint64_t size_bytes,
                                                 std::uint32_t node) {
    std::uint8_t* out = ExtendedHead(format::ExtendedEvent::kAlloc, time);
    out = format::PutVarint(out, node);
    out = format::PutVarint(out, address);
    Commit(format::PutVarint(out, size_bytes));
  }
  __attribute__((noinline, cold)) void FreeLong(std::uint64_t time, std::uint64_t address, format::FreeForm form) {
    std::uint8_t* out = ExtendedHead(format::ExtendedEvent::kFree, time);
    out = format::PutVarint(out, address);
    Commit(format::PutVarint(out, static_cast<std::uint64_t>(form)));
  }

  void Commit(std::uint8_t* out) {
    out_ = out;
    std::atomic_ref<std::uint64_t>(window_->used_bytes)
        .store(static_cast<std::uint64_t>(out - Data()), std::memory_order_release);
  }

  std::uint8_t* out_;
  std::uint8_t* limit_;
  format::WindowHeader* window_;
  std::uint64_t ticks_;
  std::uint64_t address_;
  std::int64_t node_;
};

}  // namespace memtrace::preload
