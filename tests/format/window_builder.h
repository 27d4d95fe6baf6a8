// SPDX-License-Identifier: MIT
// Writes the event bytes of one window, independently of the recorder's encoder, byte by byte from
// trace_format.h.
//
//     WindowBuilder window(1000);                        base_ticks
//     window.Alloc(1005, 0x5000, 100, 1).Free(1008, 0x5000);
//     window.bytes()                                     what stands behind the WindowHeader
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <vector>

#include "analyzer/model/event.h"
#include "memtrace/trace_format.h"

namespace memtrace::testing {

class WindowBuilder {
 public:
  // The window's time starts with its first event.
  WindowBuilder() = default;
  explicit WindowBuilder(std::uint64_t base_ticks) : base_ticks_(base_ticks), ticks_(base_ticks) {}

  // Short forms; those that cannot hold the values (an odd address, a long pause) are written as extended
  // events.
  WindowBuilder& Alloc(std::uint64_t ticks, std::uint64_t address, std::uint64_t size, std::uint32_t node);
  WindowBuilder& Free(std::uint64_t ticks, std::uint64_t address,
                      format::FreeForm form = format::FreeForm::kFree);
  WindowBuilder& ReallocBegin(std::uint64_t ticks, std::uint64_t address);
  WindowBuilder& ReallocCancel(std::uint64_t ticks, std::uint64_t address);
  WindowBuilder& Map(std::uint64_t ticks, std::uint64_t address, std::uint64_t length, std::uint32_t node);
  WindowBuilder& Unmap(std::uint64_t ticks, std::uint64_t address, std::uint64_t length);
  WindowBuilder& Remap(std::uint64_t ticks, std::uint64_t old_address, std::uint64_t old_length,
                       std::uint64_t address, std::uint64_t length, std::uint32_t node);
  WindowBuilder& Break(std::uint64_t ticks, std::uint64_t old_end, std::uint64_t new_end, std::uint32_t node);
  WindowBuilder& Reuse(std::uint64_t ticks, std::uint64_t address, std::uint32_t node);
  WindowBuilder& Time(std::uint64_t ticks);
  // Whichever of the above the event is.
  WindowBuilder& Add(const model::Event& event);
  // Anything at all, for bytes that no event has.
  WindowBuilder& Raw(std::initializer_list<std::uint8_t> bytes);

  std::uint64_t base_ticks() const { return base_ticks_.value_or(0); }
  const std::vector<std::uint8_t>& bytes() const { return bytes_; }
  bool empty() const { return bytes_.empty(); }
  // True while an event of any kind fits into a window of the format's size.
  bool HasRoom() const { return bytes_.size() + format::kMaxEventBytes <= format::kWindowDataBytes; }

 private:
  void Begin(std::uint64_t ticks);
  std::uint64_t Advance(std::uint64_t ticks);
  std::uint64_t AddressDelta(std::uint64_t address);
  void PutBytes(std::uint64_t value, unsigned count);
  void PutVarint(std::uint64_t value);
  void Extended(format::ExtendedEvent number, std::uint64_t ticks,
                std::initializer_list<std::uint64_t> fields);

  std::optional<std::uint64_t> base_ticks_;
  std::uint64_t ticks_ = 0;
  std::uint64_t address_units_ = 0;
  std::uint64_t node_ = 0;
  std::vector<std::uint8_t> bytes_;
};

}  // namespace memtrace::testing
