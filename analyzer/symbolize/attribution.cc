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
  constexpr std::string_view kSources[] = {"/rustc/", "/rust/deps/", "/lib/rustlib/src/rust/library/"};
  return std::any_of(std::begin(kSources), std::end(kSources),
                     [&](std::string_view part) { return frame.file.find(part) != std::string::npos; });
}

bool IsNameless(const Frame& frame) {
  return frame.function.empty() && !frame.has_line();
}

// Inside a library without symbols the frames have no names; the function by which it was entered often has.
std::size_t NamedInSameModule(const std::vector<const Frame*>& stack, std::size_t first) {
  for (std::size_t i = first; i < stack.size() && stack[i]->module_path == stack[first]->module_path; ++i) {
    if (!IsNameless(*stack[i]) && !IsAllocationPlumbing(*stack[i])) return i;
  }
  return first;
}

std::size_t ChargedFrame(const std::vector<const Frame*>& stack) {
  for (std::size_t i = 0; i < stack.size() && !stack[i]->is_truncated; ++i) {
    if (!IsAllocationPlumbing(*stack[i])) return IsNameless(*stack[i]) ? NamedInSameModule(stack, i) : i;
  }
  return 0;
}

}  // namespace

bool IsAllocationPlumbing(const Frame& frame) {
  if (frame.is_plumbing) return *frame.is_plumbing;
  if (frame.module.starts_with("libmemtrace.so")) return true;
  if (frame.function.empty()) return false;
  const std::string name = QualifiedName(frame.function);
  for (const std::string_view standard : kStandardNamespaces) {
    if (name.starts_with(standard)) return true;
  }
  return IsAllocatorWrapperName(name) || IsNewOrDelete(name) || IsRustLibrary(frame);
}

Attribution Attribute(const std::vector<const Frame*>& stack, const AttributionOptions& options) {
  Attribution attribution;
  if (options.skip) attribution.frame = ChargedFrame(stack);
  if (attribution.frame >= stack.size() || stack[attribution.frame]->has_line()) return attribution;
  for (std::size_t i = attribution.frame + 1; i < stack.size(); ++i) {
    if (!stack[i]->has_line() || IsAllocationPlumbing(*stack[i])) continue;
    attribution.caller_with_line = i;
    break;
  }
  return attribution;
}

Attribution Attribute(const std::vector<Frame>& stack, const AttributionOptions& options) {
  std::vector<const Frame*> pointers;
  pointers.reserve(stack.size());
  for (const Frame& frame : stack) pointers.push_back(&frame);
  return Attribute(pointers, options);
}

}  // namespace memtrace::symbolize
