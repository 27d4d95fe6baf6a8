// SPDX-License-Identifier: MIT
// A window's bytes → events. The encoding is drawn in trace_format.h; FORMAT.md works an example.
//
//     bytes  40 03 │ 91 04 08 64 05 │ ...          running: node, address / 8, ticks
//              │            │                       (each event adds its deltas to them)
//              ▼            ▼
//     Event  free(a)    alloc(a + 32, 100)          48 bytes each, written to the caller's flat array
//
// Input is not trusted: each read is bounded, and what cannot be an event ends the window with an error that
// names the byte. The caller keeps kPaddingBytes readable bytes behind the input, so fields are loaded as
// whole 64-bit words without a look at the end first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "analyzer/model/event.h"

namespace memtrace::reader {

struct DecodeError {
  std::size_t offset;  // of the first byte of the event, in the window's data
  const char* what;
};

// In a canonical-node table: no such node in the file.
inline constexpr model::NodeId kNoNode = ~model::NodeId{0};

class EventDecoder {
 public:
  static constexpr std::size_t kPaddingBytes = format::kMaxEventBytes;

  // `canonical` maps the file's node ids to merged ones. Both spans must outlive the decoding.
  void Start(std::span<const std::uint8_t> data, model::ThreadId thread, std::uint64_t base_ticks,
             std::span<const model::NodeId> canonical);

  // Decodes up to out.size() events and returns how many; fewer only when the window is at its end or broken.
  std::size_t Decode(std::span<model::Event> out);

  bool done() const { return at_ == end_ || error_.has_value(); }
  const std::optional<DecodeError>& error() const { return error_; }
  // Events whose node is not in the file; they were given node 0.
  std::uint64_t unknown_nodes() const { return unknown_nodes_; }

 private:
  class Fields;

  // The running values, kept in registers while Decode runs.
  struct Running {
    std::uint64_t ticks = 0;
    std::uint64_t address = 0;  // in units of 8 bytes
    std::uint64_t node = 0;
  };

  const std::uint8_t* DecodeAlloc(const std::uint8_t* in, Running* running, model::Event* event);
  const std::uint8_t* DecodeFree(const std::uint8_t* in, Running* running, model::Event* event) const;
  const std::uint8_t* DecodeExtended(const std::uint8_t* in, Running* running, model::Event* event);
  bool FillBlockEvent(format::ExtendedEvent number, Fields* fields, Running* running, model::Event* event);
  bool FillMapEvent(format::ExtendedEvent number, Fields* fields, model::Event* event);
  const std::uint8_t* DecodeOne(const std::uint8_t* in, Running* running, model::Event* event);
  model::NodeId Canonical(std::uint64_t node);
  void Fail(const std::uint8_t* in, const char* what);

  const std::uint8_t* begin_ = nullptr;
  const std::uint8_t* at_ = nullptr;
  const std::uint8_t* end_ = nullptr;
  Running running_;
  model::ThreadId thread_ = 0;
  std::span<const model::NodeId> canonical_;
  std::optional<DecodeError> error_;
  std::uint64_t unknown_nodes_ = 0;
};

}  // namespace memtrace::reader
