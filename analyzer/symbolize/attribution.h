// SPDX-License-Identifier: MIT
// Which frame of a stack is "the line" that a block is charged to: the innermost one that is not operator
// new, the standard library or an allocator's wrapper.
//
// Where Python runs, its innermost line, unless native code that was built with debug information has a line
// further in: what the interpreter and libraries do is charged to the Python line that made them do it.
//
//   malloc ◄ PQgetResult ◄ ?? in _psycopg.so  ◄ fetch (app.py:12) ◄ …     app.py:12
//   malloc ◄ grow (buffer.c:40) ◄ ?? in _x.so ◄ fetch (app.py:12) ◄ …     buffer.c:40
//   malloc ◄ list_resize ◄ _PyEval_EvalFrame… ◄ fetch (app.py:12) ◄ …     app.py:12, debug information or not
#pragma once

#include <cstddef>
#include <vector>

#include "analyzer/symbolize/symbolizer.h"

namespace memtrace::symbolize {

struct Attribution {
  std::size_t frame = 0;  // index into the stack: the frame to charge
  // Where that frame has no source line (a library without debug information): the first caller that has one.
  std::size_t caller_with_line = kNone;
  static constexpr std::size_t kNone = ~static_cast<std::size_t>(0);
};

struct AttributionOptions {
  bool skip = true;  // false: the innermost frame counts, whatever it is (--no-skip)
};

// True for operator new and friends, std::, __gnu_cxx::, malloc wrappers such as xmalloc and g_malloc.
bool IsAllocationPlumbing(const Frame& frame);

// The innermost Python frame of a stack, innermost first; its length if there is none.
std::size_t InnermostPython(const std::vector<const Frame*>& stack);

// Whether a frame of this stack says nothing about who allocates: plumbing, and where Python runs, the
// interpreter.
bool IsSkipped(const Frame& frame, bool has_python);

// `stack` is innermost first and not empty. If every frame is plumbing, the innermost counts.
Attribution Attribute(const std::vector<Frame>& stack, const AttributionOptions& options = {});
Attribution Attribute(const std::vector<const Frame*>& stack, const AttributionOptions& options = {});

}  // namespace memtrace::symbolize
