// SPDX-License-Identifier: MIT
// Objects laid out as CPython lays them out, by the numbers of one version, with no CPython about.
//
//   thread state ─► C frame ─► frame ─► frame ─► …        each frame: code, back, instruction, owner
#pragma once

#include <cstdint>
#include <cstring>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "preload/python/runtime.h"
#include "preload/python/text.h"

namespace memtrace::preload {

using Block = std::vector<std::uint64_t>;

inline std::uintptr_t AddressOf(const Block& block) {
  return reinterpret_cast<std::uintptr_t>(block.data());
}

template <typename T>
void PutAt(std::uintptr_t object, int offset, T value) {
  std::memcpy(reinterpret_cast<char*>(object) + offset, &value, sizeof(value));
}

class FakePython {
 public:
  explicit FakePython(int minor) : at_(*FindPythonOffsets(3, minor)) {
    runtime_.offsets = &at_;
    runtime_.text_type = Type();
    runtime_.bytes_type = Type();
    runtime_.code_type = Type();
    runtime_.has_stacks = true;
  }

  PythonRuntime& runtime() { return runtime_; }
  const PythonOffsets& at() const { return at_; }

  // A str whose characters take `character_bytes` each; ASCII as CPython keeps it if they are one byte and
  // small.
  std::uintptr_t Text(const std::u32string& text, unsigned character_bytes, bool is_ascii) {
    const int data = is_ascii ? at_.text_ascii : at_.text_other;
    const std::uintptr_t object =
        Object(static_cast<std::size_t>(data) + (text.size() + 1) * character_bytes, runtime_.text_type);
    PutAt(object, at_.text_length, text.size());
    const unsigned state = character_bytes | 1U << 3 | (is_ascii ? 1U << 4 : 0);
    PutAt(object, at_.text_state, state << at_.text_kind_shift);
    for (std::size_t i = 0; i < text.size(); ++i)
      std::memcpy(reinterpret_cast<char*>(object) + data + i * character_bytes, &text[i], character_bytes);
    return object;
  }
  std::uintptr_t Text(const std::string& text) {
    return Text(std::u32string(text.begin(), text.end()), 1, true);
  }

  std::uintptr_t Bytes(const std::string& data) {
    const std::uintptr_t object =
        Object(static_cast<std::size_t>(at_.bytes_data) + data.size() + 1, runtime_.bytes_type);
    PutAt(object, 16, data.size());
    std::memcpy(reinterpret_cast<char*>(object) + at_.bytes_data, data.data(), data.size());
    return object;
  }

  std::uintptr_t Code(const std::string& name, int first_line, const std::string& lines = "lines") {
    const std::uintptr_t code = Object(kCodeBytes, runtime_.code_type);
    FillCode(code, name, first_line, lines);
    return code;
  }
  // What the block of a code object that has died is used for again.
  void FillCode(std::uintptr_t code, const std::string& name, int first_line,
                const std::string& lines = "lines") {
    PutAt(code, at_.code_file, Text("file.py"));
    PutAt(code, at_.code_name, Text(name));
    PutAt(code, at_.code_first_line, first_line);
    PutAt(code, at_.code_line_table, Bytes(lines));
  }

  // An empty object that stays where it is as long as this lives.
  std::uintptr_t Object(std::size_t bytes, std::uintptr_t type) {
    blocks_.emplace_back(bytes / 8 + 2);
    const std::uintptr_t object = AddressOf(blocks_.back());
    PutAt(object, 8, type);
    return object;
  }

  static constexpr std::size_t kCodeBytes = 4096;  // instructions included

 private:
  std::uintptr_t Type() {
    blocks_.emplace_back(64);
    return AddressOf(blocks_.back());
  }

  const PythonOffsets& at_;
  PythonRuntime runtime_{};
  std::deque<Block> blocks_;
};

}  // namespace memtrace::preload
