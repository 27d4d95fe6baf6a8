// SPDX-License-Identifier: MIT
// What the compressed parts of a packed trace have in common: a header that says how the bytes behind it are
// stored, how many they are and were, and their checksum.
#pragma once

#include <xxhash.h>

#include <cstdint>
#include <span>

#include "memtrace/trace_format.h"

namespace memtrace::reader {

// Cuts `bytes`, what lies behind the header, to the stored ones. An error in words, or null: they are whole,
// stored in a known way, and not said to have been more than `max_ratio` times as many.
template <typename Header>
const char* CheckStoredPart(const Header& header, std::uint64_t max_ratio,
                            std::span<const std::uint8_t>* bytes) {
  if (header.stored_bytes > bytes->size()) return "is cut off";
  *bytes = bytes->first(header.stored_bytes);
  if (XXH3_64bits(bytes->data(), bytes->size()) != header.checksum) return "has a wrong checksum";
  const bool is_raw = header.codec == static_cast<std::uint32_t>(format::Codec::kRaw);
  if (!is_raw && header.codec != static_cast<std::uint32_t>(format::Codec::kZstd))
    return "is compressed in an unknown way";
  const bool is_possible =
      is_raw ? header.raw_bytes == header.stored_bytes : header.raw_bytes / max_ratio < header.stored_bytes;
  return is_possible ? nullptr : "has an impossible size";
}

}  // namespace memtrace::reader
