// SPDX-License-Identifier: MIT
// A log record's content, taken piece by piece with every length checked.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <cstring>
#include <span>
#include <string>

#include "memtrace/varint.h"

namespace memtrace::reader {

// A piece that is not there leaves ok() false and reads as zero or empty, as do all after it.
class LogPayload {
 public:
  explicit LogPayload(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

  template <typename T>
  T Struct() {
    T value{};
    const auto piece = Take(sizeof(T));
    if (ok_) std::memcpy(&value, piece.data(), sizeof(T));
    return value;
  }

  std::string Text(std::size_t count) {
    const auto piece = Take(count);
    return std::string(piece.begin(), piece.end());
  }

  std::string Hex(std::size_t count) {
    std::string text;
    for (const std::uint8_t byte : Take(count)) text += fmt::format("{:02x}", byte);
    return text;
  }

  std::uint64_t Varint() {
    std::uint64_t value = 0;
    const std::uint8_t* end = bytes_.data() + bytes_.size();
    const std::uint8_t* next = ok_ ? format::GetVarint(bytes_.data(), end, &value) : nullptr;
    ok_ = next != nullptr;
    if (!ok_) return 0;
    bytes_ = bytes_.subspan(static_cast<std::size_t>(next - bytes_.data()));
    return value;
  }

  // What follows, as a payload of its own.
  LogPayload Part(std::size_t count) {
    LogPayload part(Take(count));
    part.ok_ = ok_;
    return part;
  }

  std::size_t size() const { return bytes_.size(); }
  bool ok() const { return ok_; }

 private:
  std::span<const std::uint8_t> Take(std::size_t count) {
    ok_ = ok_ && count <= bytes_.size();
    if (!ok_) return {};
    const auto piece = bytes_.first(count);
    bytes_ = bytes_.subspan(count);
    return piece;
  }

  std::span<const std::uint8_t> bytes_;
  bool ok_ = true;
};

}  // namespace memtrace::reader
