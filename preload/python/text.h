// SPDX-License-Identifier: MIT
// CPython's str objects as UTF-8, read from memory: no API, which would allocate and keep what it made.
//
//   PyASCIIObject   [head | length | hash | state: … compact ascii kind] data…          one byte a character
//   compact others  [head | length | hash | state | utf8 length, utf8 ] data…           1, 2 or 4 bytes by
//   kind
#pragma once

#include <cstddef>
#include <cstdint>

#include "preload/python/runtime.h"

namespace memtrace::preload {

struct PythonText {
  const unsigned char* data = nullptr;
  std::size_t characters = 0;
  unsigned character_bytes = 1;

  std::size_t bytes() const { return characters * character_bytes; }
};

// Empty for what is no str, and for the rare str that is not in one piece.
PythonText ReadPythonText(const PythonRuntime& runtime, std::uintptr_t object);

// At most `room` bytes, whole characters; lone surrogates as three bytes. How many were written.
std::size_t PutUtf8(const PythonText& text, char* out, std::size_t room);

// A word, or an int, of an object.
inline std::uintptr_t PythonWord(std::uintptr_t object, int offset) {
  return *reinterpret_cast<const std::uintptr_t*>(object + static_cast<std::uintptr_t>(offset));
}
inline std::int32_t PythonInt(std::uintptr_t object, int offset) {
  return *reinterpret_cast<const std::int32_t*>(object + static_cast<std::uintptr_t>(offset));
}
inline std::uintptr_t PythonTypeOf(std::uintptr_t object) {
  constexpr int kObjectType = 8;  // PyObject: reference count, type
  return PythonWord(object, kObjectType);
}

}  // namespace memtrace::preload
