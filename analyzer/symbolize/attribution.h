// SPDX-License-Identifier: MIT
// Which frame of a stack is "the line" that a block is charged to: the innermost one that is not operator
// new, the standard library or an allocator's wrapper.
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

// `stack` is innermost first and not empty. If every frame is plumbing, the innermost counts.
Attribution Attribute(const std::vector<Frame>& stack, const AttributionOptions& options = {});
Attribution Attribute(const std::vector<const Frame*>& stack, const AttributionOptions& options = {});

}  // namespace memtrace::symbolize
