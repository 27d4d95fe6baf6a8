// SPDX-License-Identifier: MIT
// Nodes that a thread has found before, so that where it allocates again and again nothing has to be hashed:
//
//   (instruction, role, caller's node) ──► some bits of all three ──► entries[…] {instruction and role,
//   caller, node}
//
// An instruction's address is one of its code object's own as long as that lives; when one dies all is
// forgotten. An entry is replaced by the next one of the same place. Thread-safety: each thread has its own.
#pragma once

#include <cstdint>

namespace memtrace::preload {

// What a frame is in a stack: a caller, or the place of a block.
enum class PythonRole : unsigned { kCaller = 0, kMem, kObject };

// All zero: nothing is known.
class KnownNodes {
 public:
  // 0: not known.
  [[gnu::always_inline]] std::uint32_t Find(std::uintptr_t instruction, PythonRole role,
                                            std::uint32_t caller) const {
    const Entry& entry = entries_[IndexOf(instruction, role, caller)];
    return entry.instruction_and_role == Tag(instruction, role) && entry.caller == caller ? entry.node : 0;
  }
  void Put(std::uintptr_t instruction, PythonRole role, std::uint32_t caller, std::uint32_t node) {
    entries_[IndexOf(instruction, role, caller)] = {Tag(instruction, role), caller, node};
  }
  void Clear() {
    for (Entry& entry : entries_) entry = {};
  }

 private:
  struct alignas(16) Entry {
    std::uintptr_t instruction_and_role;
    std::uint32_t caller;
    std::uint32_t node;
  };
  static constexpr unsigned kEntries = 256;

  // Addresses of programs are shorter than 62 bits.
  static std::uintptr_t Tag(std::uintptr_t instruction, PythonRole role) {
    return instruction << 2 | static_cast<unsigned>(role);
  }
  static std::uintptr_t IndexOf(std::uintptr_t instruction, PythonRole role, std::uint32_t caller) {
    return ((instruction >> 1) + static_cast<unsigned>(role) + std::uintptr_t{caller} * 5) % kEntries;
  }

  Entry entries_[kEntries];
};

}  // namespace memtrace::preload
