// SPDX-License-Identifier: MIT
// LEB128 and zigzag, as used by the extended events of trace_format.h. Shared by writer and reader.
// Source of the formulas: DWARF 5, section 7.6 (LEB128); Protocol Buffers encoding guide (zigzag).
#pragma once

#include <cstddef>
#include <cstdint>

namespace memtrace::format {

inline constexpr std::size_t kMaxVarintBytes = 10;

constexpr std::uint64_t ZigzagEncode(std::int64_t value) {
  return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
}

constexpr std::int64_t ZigzagDecode(std::uint64_t value) {
  return static_cast<std::int64_t>((value >> 1) ^ (~(value & 1) + 1));
}

// Writes value at out (room for kMaxVarintBytes) and returns the byte after it.
constexpr std::uint8_t* PutVarint(std::uint8_t* out, std::uint64_t value) {
  while (value >= 0x80) {
    *out++ = static_cast<std::uint8_t>(value | 0x80);
    value >>= 7;
  }
  *out++ = static_cast<std::uint8_t>(value);
  return out;
}

// Reads a value from [in, end). Returns the byte after it, or nullptr when the input is cut or longer than 64 bits.
constexpr const std::uint8_t* GetVarint(const std::uint8_t* in, const std::uint8_t* end, std::uint64_t* value) {
  std::uint64_t result = 0;
  for (unsigned shift = 0; shift < 64 && in < end; shift += 7) {
    const std::uint8_t byte = *in++;
    if (shift == 63 && byte > 1) return nullptr;
    result |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if ((byte & 0x80) == 0) {
      *value = result;
      return in;
    }
  }
  return nullptr;
}

}  // namespace memtrace::format
