// SPDX-License-Identifier: MIT
// Chooses the frame that a block is charged to.
#include "analyzer/symbolize/attribution.h"

#include <algorithm>
#include <string_view>

#include "analyzer/symbolize/function_name.h"
#include "analyzer/symbolize/plumbing.h"

namespace memtrace::symbolize {
namespace {

constexpr std::string_view kStandardNamespaces[] = {"std::", "__gnu_cxx::", "__cxxabiv1::", "__gnu_debug::"};

// operator new and delete of a class serve that class's callers, like the global ones.
bool IsNewOrDelete(std::string_view name) {
  const std::size_t scope = name.rfind("::");
  if (scope != std::string_view::npos) name.remove_prefix(scope + 2);
  return name == "operator new" || name == "operator new[]" || name == "operator delete" ||
         name == "operator delete[]";
}

// Rust's own library is compiled into each program; its namespaces (core::, alloc::) could be anyone's, but
// not the places of its sources.
bool IsRustLibrary(const Frame& frame) {
  constexpr std::string_view kSources[] = {"/rustc/", "/lib/rustlib/src/rust/library/"};
  return std::any_of(std::begin(kSources), std::end(kSources),
                     [&](std::string_view part) { return frame.file.find(part) != std::string::npos; });
}

bool IsNameless(const Frame& frame) {
  return frame.function.empty() && !frame.has_line();
}

// Inside a library without symbols the frames have no names; the function by which it was entered often has.
std::size_t NamedInSameModule(const std::vector<Frame>& stack, std::size_t first) {
  for (std::size_t i = first; i < stack.size() && stack[i].module_path == stack[first].module_path; ++i) {
    if (IsAllocationPlumbing(stack[i])) continue;
    if (!IsNameless(stack[i])) return i;
  }
  return first;
}

}  // namespace

bool IsAllocationPlumbing(const Frame& frame) {
  if (frame.module.starts_with("libmemtrace.so")) return true;
  if (frame.function.empty()) return false;
  const std::string name = QualifiedName(frame.function);
  for (const std::string_view standard : kStandardNamespaces) {
    if (name.starts_with(standard)) return true;
  }
  return IsAllocatorWrapperName(name) || IsNewOrDelete(name) || IsRustLibrary(frame);
}

Attribution Attribute(const std::vector<Frame>& stack, const AttributionOptions& options) {
  Attribution attribution;
  if (options.skip) {
    const auto own = std::find_if_not(stack.begin(), stack.end(), IsAllocationPlumbing);
    if (own != stack.end() && !own->is_truncated) {
      attribution.frame = static_cast<std::size_t>(own - stack.begin());
      if (IsNameless(*own)) attribution.frame = NamedInSameModule(stack, attribution.frame);
    }
  }
  if (attribution.frame >= stack.size() || stack[attribution.frame].has_line()) return attribution;
  const auto after = stack.begin() + static_cast<std::ptrdiff_t>(attribution.frame) + 1;
  const auto caller = std::find_if(after, stack.end(), [](const Frame& frame) {
    return frame.has_line() && !IsAllocationPlumbing(frame);
  });
  if (caller != stack.end()) attribution.caller_with_line = static_cast<std::size_t>(caller - stack.begin());
  return attribution;
}

}  // namespace memtrace::symbolize
