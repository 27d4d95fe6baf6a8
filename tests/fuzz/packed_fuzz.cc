// SPDX-License-Identifier: MIT
// Fuzzes packed events. Bytes that are a window come back from the columns as they were; bytes that claim to
// be packed events are decoded or refused.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "analyzer/reader/address_references.h"
#include "analyzer/reader/event_columns.h"
#include "analyzer/reader/packed_events.h"

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                               unsigned int seed) {
  using memtrace::format::PackedEventsHeader;
  size = LLVMFuzzerMutate(data, size, max_size);
  PackedEventsHeader header;
  if (size < sizeof(header) || seed % 16 == 0) return size;
  std::memcpy(&header, data, sizeof(header));
  header.stored_bytes = size - sizeof(header);
  header.checksum = XXH3_64bits(data + sizeof(header), header.stored_bytes);
  std::memcpy(data, &header, sizeof(header));
  return size;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace memtrace;
  reader::EventColumns columns;
  if (reader::SplitEvents({data, size}, &columns)) {
    std::vector<std::uint8_t> back(size);
    reader::EventJoiner joiner(columns);
    if (!joiner.Join(back) || !joiner.done() || !std::equal(back.begin(), back.end(), data)) std::abort();
  }
  reader::AddressBook writing;
  std::vector<std::uint8_t> referenced;
  if (reader::ReferAddresses({data, size}, &writing, &referenced)) {
    std::vector<std::uint8_t> back(size);
    reader::AddressBook reading;
    if (!reader::ResolveAddresses(referenced, &reading, back) ||
        !std::equal(back.begin(), back.end(), data)) {
      std::abort();
    }
  }
  std::vector<std::uint8_t> room(size);
  reader::AddressBook resolving;
  (void)reader::ResolveAddresses({data, size}, &resolving, room);
  format::PackedEventsHeader header;
  if (size < sizeof(header)) return 0;
  std::memcpy(&header, data, sizeof(header));
  if (reader::WhatIsWrongWith(header, size) != nullptr) return 0;
  std::vector<std::uint8_t> raw;
  if (reader::DecodePackedEvents({data, size}, 64, &raw) == nullptr && raw.size() != header.raw_bytes + 64)
    std::abort();
  return 0;
}
