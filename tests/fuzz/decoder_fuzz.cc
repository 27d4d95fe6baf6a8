// SPDX-License-Identifier: MIT
// Fuzzes the event decoder alone: the first eight bytes are the start time, the rest a window's events.
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

#include "analyzer/reader/event_decoder.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using memtrace::reader::EventDecoder;
  std::uint64_t base_ticks = 0;
  if (size < sizeof(base_ticks)) return 0;
  std::memcpy(&base_ticks, data, sizeof(base_ticks));
  data += sizeof(base_ticks);
  size -= sizeof(base_ticks);

  // Memory that ends where the padding ends, so that AddressSanitizer sees the first byte too many.
  const auto window = std::make_unique<std::uint8_t[]>(size + EventDecoder::kPaddingBytes);
  std::memcpy(window.get(), data, size);
  static const std::vector<memtrace::model::NodeId> canonical = {0, 1, memtrace::reader::kNoNode, 1};
  EventDecoder decoder;
  decoder.Start({window.get(), size}, 5, base_ticks, canonical);
  memtrace::model::Event events[7];
  std::size_t count = 0;
  std::uint64_t last_ticks = base_ticks;
  for (std::size_t got; (got = decoder.Decode(events)) > 0;) {
    count += got;
    for (std::size_t i = 0; i < got; ++i) {
      if (events[i].ticks < last_ticks || events[i].thread != 5 || events[i].node > 1) std::abort();
      last_ticks = events[i].ticks;
    }
  }
  if (count > size || !decoder.done()) std::abort();
  return 0;
}
