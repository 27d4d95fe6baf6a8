// SPDX-License-Identifier: MIT
// A line of text in a fixed buffer: what memtrace needs of string handling without libc's stdio or malloc.
// Appending past the end cuts the text; it is always NUL terminated.
#pragma once

#include <cstddef>
#include <cstdint>

namespace memtrace::preload {

inline std::size_t Length(const char* text) {
  std::size_t n = 0;
  while (text[n] != '\0') ++n;
  return n;
}

inline bool Equal(const char* a, const char* b) {
  while (*a != '\0' && *a == *b) ++a, ++b;
  return *a == *b;
}

// True if `text` begins with `prefix`.
inline bool StartsWith(const char* text, const char* prefix) {
  while (*prefix != '\0') {
    if (*text++ != *prefix++) return false;
  }
  return true;
}

inline bool Contains(const char* text, const char* part) {
  for (; *text != '\0'; ++text) {
    if (StartsWith(text, part)) return true;
  }
  return *part == '\0';
}

template <std::size_t kCapacity>
class Text {
 public:
  Text& Add(char c) {
    if (size_ + 1 < kCapacity) data_[size_++] = c;
    data_[size_] = '\0';
    return *this;
  }
  Text& Add(const char* text) {
    while (*text != '\0') Add(*text++);
    return *this;
  }
  Text& Add(const char* text, std::size_t bytes) {
    for (std::size_t i = 0; i < bytes; ++i) Add(text[i]);
    return *this;
  }
  Text& AddNumber(std::uint64_t value, unsigned min_digits = 1) {
    char digits[20];
    unsigned n = 0;
    do {
      digits[n++] = static_cast<char>('0' + value % 10);
      value /= 10;
    } while (value != 0 || n < min_digits);
    while (n > 0) Add(digits[--n]);
    return *this;
  }

  // 1536 -> "1.5 KiB": tracemalloc's rounding, one decimal below 100, none above.
  Text& AddSize(std::uint64_t bytes) {
    static constexpr const char* kUnits[] = {" B", " KiB", " MiB", " GiB", " TiB"};
    unsigned unit = 0;
    std::uint64_t tenths = bytes * 10;
    for (; unit < 4 && tenths >= 10 * 10 * 1024; ++unit) tenths /= 1024;
    if (unit > 0 && tenths < 1000) {
      AddNumber(tenths / 10).Add('.').AddNumber(tenths % 10);
    } else {
      AddNumber(tenths / 10);
    }
    return Add(kUnits[unit]);
  }

  void Truncate(std::size_t size) {
    if (size < size_) size_ = size;
    data_[size_] = '\0';
  }
  bool full() const { return size_ + 1 >= kCapacity; }
  std::size_t size() const { return size_; }
  const char* c_str() const { return data_; }

 private:
  std::size_t size_ = 0;
  char data_[kCapacity] = {};
};

}  // namespace memtrace::preload
