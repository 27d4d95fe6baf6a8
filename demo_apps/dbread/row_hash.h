// SPDX-License-Identifier: MIT
// A checksum of rows that does not depend on their order, their driver or their C++ type: each field counts
// as the text that the database prints for it. FNV-1a by row, added up.
#pragma once

#include <spdlog/fmt/fmt.h>

#include <cstdint>
#include <string_view>

namespace dbread {

class RowHash {
 public:
  void Add(std::string_view text) {
    for (char c : text) Step(static_cast<unsigned char>(c));
    Step(kFieldEnd);
  }
  void Add(std::int64_t number) {
    fmt::format_int digits(number);
    Add(std::string_view(digits.data(), digits.size()));
  }
  void AddNull() { Step(kNull); }

  std::uint64_t value() const { return value_; }

 private:
  static constexpr unsigned kFieldEnd = 0x100;  // no byte of a text
  static constexpr unsigned kNull = 0x101;

  void Step(unsigned byte) { value_ = (value_ ^ byte) * 0x100000001b3ULL; }

  std::uint64_t value_ = 0xcbf29ce484222325ULL;
};

}  // namespace dbread
