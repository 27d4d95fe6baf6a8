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

// Distributions have debug information for it, which says nothing about who wrote the code around it.
bool IsOfCLibrary(const Frame& frame) {
  constexpr std::string_view kModules[] = {"libc.so.",  "ld-linux", "libpthread.so.",
                                           "libdl.so.", "libm.so.", "libstdc++.so."};
  return std::any_of(std::begin(kModules), std::end(kModules),
                     [&](std::string_view name) { return frame.module.starts_with(name); });
}

// What runs between an import statement and the module's code; Python leaves it out of its own tracebacks.
bool IsImportSystem(const Frame& frame) {
  return frame.is_python && frame.file.starts_with("<frozen importlib._bootstrap");
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

// `python`: see InnermostPython().
std::size_t ChargedFrame(const std::vector<const Frame*>& stack, std::size_t python) {
  const bool has_python = python < stack.size();
  std::size_t charged = stack.size();
  bool has_native_line = false;
  for (std::size_t i = 0; i < python && !stack[i]->is_truncated; ++i) {
    if (IsSkipped(*stack[i], has_python)) continue;
    if (charged == stack.size()) charged = i;
    has_native_line = has_native_line || (stack[i]->has_line() && !(has_python && IsOfCLibrary(*stack[i])));
    if (!has_python || has_native_line) break;
  }
  if (has_python && !has_native_line) return python;
  if (charged == stack.size()) return 0;
  return IsNameless(*stack[charged]) ? NamedInSameModule(stack, charged) : charged;
}

}  // namespace

bool IsAllocationPlumbing(const Frame& frame) {
  if (frame.is_plumbing) return *frame.is_plumbing;
  if (frame.is_python) return false;
  if (frame.module.starts_with("libmemtrace.so")) return true;
  if (frame.function.empty()) return false;
  const std::string name = QualifiedName(frame.function);
  for (const std::string_view standard : kStandardNamespaces) {
    if (name.starts_with(standard)) return true;
  }
  return IsAllocatorWrapperName(name) || IsNewOrDelete(name) || IsRustLibrary(frame);
}

std::size_t InnermostPython(const std::vector<const Frame*>& stack) {
  const auto is_python = [](const Frame* frame) { return frame->is_python; };
  return static_cast<std::size_t>(std::find_if(stack.begin(), stack.end(), is_python) - stack.begin());
}

bool IsSkipped(const Frame& frame, bool has_python) {
  return (has_python && (frame.is_interpreter || IsImportSystem(frame))) || IsAllocationPlumbing(frame);
}

Attribution Attribute(const std::vector<const Frame*>& stack, const AttributionOptions& options) {
  Attribution attribution;
  const std::size_t python = InnermostPython(stack);
  if (options.skip) attribution.frame = ChargedFrame(stack, python);
  if (attribution.frame >= stack.size() || stack[attribution.frame]->has_line()) return attribution;
  for (std::size_t i = attribution.frame + 1; i < stack.size(); ++i) {
    if (!stack[i]->has_line() || IsSkipped(*stack[i], python < stack.size())) continue;
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
