// SPDX-License-Identifier: MIT
#include "preload/python/text.h"

#include <string.h>

namespace memtrace::preload {
namespace {

// The string's state from its kind on: kind:3, compact:1, ascii:1.
constexpr unsigned kKindMask = 7;
constexpr unsigned kCompact = 1U << 3;
constexpr unsigned kAscii = 1U << 4;

std::uint32_t CharacterAt(const PythonText& text, std::size_t index) {
  if (text.character_bytes == 1) return text.data[index];
  std::uint32_t wide = 0;
  memcpy(&wide, text.data + index * text.character_bytes, text.character_bytes);
  return wide;
}

unsigned Utf8Bytes(std::uint32_t c) {
  return c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
}

void PutCharacter(std::uint32_t c, unsigned bytes, char* out) {
  constexpr unsigned kLead[] = {0, 0, 0xc0, 0xe0, 0xf0};
  for (unsigned i = bytes; i-- > 1; c >>= 6) out[i] = static_cast<char>(0x80 | (c & 0x3f));
  out[0] = static_cast<char>(kLead[bytes] | c);
}

}  // namespace

PythonText ReadPythonText(const PythonRuntime& runtime, std::uintptr_t object) {
  if (object == 0 || PythonTypeOf(object) != runtime.text_type) return {};
  const PythonOffsets& at = *runtime.offsets;
  const unsigned state = static_cast<unsigned>(PythonInt(object, at.text_state)) >> at.text_kind_shift;
  const unsigned kind = state & kKindMask;
  if ((state & kCompact) == 0 || (kind != 1 && kind != 2 && kind != 4)) return {};
  const int data = (state & kAscii) != 0 ? at.text_ascii : at.text_other;
  return {reinterpret_cast<const unsigned char*>(object) + data, PythonWord(object, at.text_length), kind};
}

std::size_t PutUtf8(const PythonText& text, char* out, std::size_t room) {
  std::size_t used = 0;
  for (std::size_t i = 0; i < text.characters; ++i) {
    const std::uint32_t c = CharacterAt(text, i);
    const unsigned bytes = Utf8Bytes(c);
    if (bytes > room - used) break;
    PutCharacter(c, bytes, out + used);
    used += bytes;
  }
  return used;
}

}  // namespace memtrace::preload
