// SPDX-License-Identifier: MIT
// Reads the number forms of DWARF call frame information from a byte range without ever leaving it.
// Forms: DWARF 5, section 7.6 (LEB128); LSB Core 5.0, section 10.5 (DW_EH_PE pointer encodings).
#pragma once

#include <cstdint>

namespace memtrace::preload {

// Pointer encodings: the low four bits say how the value is stored, the next three what it is relative to.
inline constexpr std::uint8_t kPointerAbsolute = 0x00;
inline constexpr std::uint8_t kPointerRelativeToItself = 0x10;
inline constexpr std::uint8_t kPointerRelativeToTable = 0x30;
inline constexpr std::uint8_t kPointerIndirect = 0x80;
inline constexpr std::uint8_t kPointerOmitted = 0xff;

// A plain value. After a read past the end every further read gives 0 and failed() stays true.
class DwarfCursor {
 public:
  DwarfCursor(const std::uint8_t* begin, const std::uint8_t* end) : at_(begin), end_(end) {}

  bool failed() const { return failed_; }
  bool AtEnd() const { return at_ >= end_; }
  const std::uint8_t* position() const { return at_; }
  const std::uint8_t* end() const { return end_; }

  template <typename T>
  T Fixed() {
    T value{};
    if (!Take(sizeof value)) return value;
    __builtin_memcpy(&value, at_ - sizeof value, sizeof value);
    return value;
  }

  std::uint64_t Uleb() {
    std::uint64_t value = 0;
    for (unsigned shift = 0;; shift += 7) {
      const auto byte = Fixed<std::uint8_t>();
      if (shift < 64) value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if ((byte & 0x80) == 0) return value;
    }
  }

  std::int64_t Sleb() {
    std::uint64_t value = 0;
    for (unsigned shift = 0;;) {
      const auto byte = Fixed<std::uint8_t>();
      if (shift < 64) value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      shift += 7;
      if ((byte & 0x80) != 0) continue;
      if (shift < 64 && (byte & 0x40) != 0) value |= ~0ULL << shift;
      return static_cast<std::int64_t>(value);
    }
  }

  void Skip(std::uint64_t bytes) { Take(bytes); }

  // The next `bytes` bytes as a range of their own; this cursor moves past them.
  DwarfCursor Sub(std::uint64_t bytes) {
    const std::uint8_t* begin = at_;
    return Take(bytes) ? DwarfCursor(begin, begin + bytes) : DwarfCursor(end_, end_);
  }

  // A DW_EH_PE pointer; table_base serves the table-relative ones. Indirect pointers are not followed:
  // no part of an unwind table that we read is stored so.
  std::uint64_t Pointer(std::uint8_t encoding, std::uint64_t table_base) {
    if (encoding == kPointerOmitted) return 0;
    const auto self = reinterpret_cast<std::uint64_t>(at_);
    const std::uint64_t value = PointerValue(encoding);
    const std::uint8_t relative_to = encoding & 0x70;
    if (relative_to == kPointerAbsolute || value == 0) return value;
    if (relative_to == kPointerRelativeToItself) return value + self;
    if (relative_to == kPointerRelativeToTable) return value + table_base;
    failed_ = true;
    return 0;
  }

 private:
  bool Take(std::uint64_t bytes) {
    if (failed_ || bytes > static_cast<std::uint64_t>(end_ - at_)) {
      failed_ = true;
      at_ = end_;
      return false;
    }
    at_ += bytes;
    return true;
  }

  std::uint64_t PointerValue(std::uint8_t encoding) {
    switch (encoding & 0x0f) {
      case 0x00:  // a machine word
      case 0x04:
      case 0x0c:
        return Fixed<std::uint64_t>();
      case 0x01:
        return Uleb();
      case 0x02:
        return Fixed<std::uint16_t>();
      case 0x03:
        return Fixed<std::uint32_t>();
      case 0x09:
        return static_cast<std::uint64_t>(Sleb());
      case 0x0a:
        return static_cast<std::uint64_t>(std::int64_t{Fixed<std::int16_t>()});
      case 0x0b:
        return static_cast<std::uint64_t>(std::int64_t{Fixed<std::int32_t>()});
      default:
        failed_ = true;
        return 0;
    }
  }

  const std::uint8_t* at_;
  const std::uint8_t* end_;
  bool failed_ = false;
};

}  // namespace memtrace::preload
