// SPDX-License-Identifier: MIT
#include "preload/python/debug_offsets.h"

#include <string.h>

namespace memtrace::preload {
namespace {

constexpr char kCookie[] = "xdebugpy";

// The parts of the block that come first, each as the numbers of a version's source. `size` is the
// structure's own.
struct BlockHead {
  char cookie[8];
  std::uint64_t version;
  std::uint64_t is_free_threaded;
  std::uint64_t runtime[3];
};
struct ThreadPart {
  std::uint64_t size, previous, next, interpreter, frame, id, native_id, stack_chunk, status;
};
struct FramePart {
  std::uint64_t size, back, code, instruction, locals, owner;
};
struct CodePart {
  std::uint64_t size, file, name, qualified_name, line_table, first_line, arguments, local_names, local_kinds,
      instructions;
};
struct ObjectPart {
  std::uint64_t size, type;
};
struct TypePart {
  std::uint64_t size, name, represent, flags;
};

struct Block313 {
  BlockHead head;
  std::uint64_t interpreter[13];
  ThreadPart thread;
  FramePart frame;
  CodePart code;
  ObjectPart object;
  TypePart type;
};
// Several of its parts have become longer.
struct Block314 {
  BlockHead head;
  std::uint64_t interpreter[16];
  ThreadPart thread;
  FramePart frame;
  std::uint64_t stack_pointer, local_bytecode_index;
  CodePart code;
  std::uint64_t local_bytecode;
  ObjectPart object;
  TypePart type;
};
static_assert(sizeof(Block313) == 8 * (6 + 13 + 9 + 6 + 10 + 2 + 4));
static_assert(sizeof(Block314) == 8 * (6 + 16 + 9 + 8 + 11 + 2 + 4));

bool Is(std::uint64_t said, int known) {
  return known >= 0 && said == static_cast<std::uint64_t>(known);
}

// Numbers that can be nothing else; if they are, the block is laid out in another way than we think.
template <typename Block>
bool IsLaidOutAsKnown(const Block& block) {
  constexpr std::uint64_t kWord = sizeof(std::uintptr_t);
  return block.object.size == 2 * kWord && block.object.type == kWord && block.thread.previous == 0 &&
         block.thread.next == kWord && block.thread.interpreter == 2 * kWord;
}

template <typename Block>
bool Agrees(const Block& block, const PythonOffsets& at) {
  return Is(block.thread.frame, at.thread_frame) && Is(block.thread.id, at.thread_id) &&
         Is(block.frame.code, at.frame_code) && Is(block.frame.back, at.frame_back) &&
         Is(block.frame.instruction, at.frame_instruction) && Is(block.frame.owner, at.frame_owner) &&
         Is(block.code.file, at.code_file) && Is(block.code.qualified_name, at.code_name) &&
         Is(block.code.line_table, at.code_line_table) && Is(block.code.first_line, at.code_first_line) &&
         Is(block.code.instructions, at.code_instructions) && Is(block.type.flags, at.type_flags);
}

template <typename Block>
const char* Check(std::uintptr_t start, std::size_t bytes, const PythonOffsets& at) {
  Block block;
  if (bytes < sizeof(block)) return "what it says of its structures is cut short";
  memcpy(&block, reinterpret_cast<const void*>(start), sizeof(block));
  if (!IsLaidOutAsKnown(block))
    return "what it says of its structures is not in the form that its version has";
  return Agrees(block, at) ? nullptr : "its structures are not those of its version, as it says itself";
}

}  // namespace

const char* CheckDebugOffsets(std::uintptr_t start, std::size_t bytes, std::uint32_t hex_version,
                              const PythonOffsets& at) {
  if (start == 0 || bytes < sizeof(BlockHead)) return "it does not say where it keeps what";
  BlockHead head;
  memcpy(&head, reinterpret_cast<const void*>(start), sizeof(head));
  if (memcmp(head.cookie, kCookie, sizeof(head.cookie)) != 0) return "it does not say where it keeps what";
  if (head.version != hex_version) return "what it says of its structures is of another version";
  if (head.is_free_threaded != 0) return "a free-threaded build";
  return at.minor == 13 ? Check<Block313>(start, bytes, at) : Check<Block314>(start, bytes, at);
}

}  // namespace memtrace::preload
