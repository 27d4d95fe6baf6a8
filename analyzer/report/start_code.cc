// SPDX-License-Identifier: MIT
// The names are glibc's, with and without its debug information.
#include "analyzer/report/start_code.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace memtrace::report {
namespace {

// Outermost for certain: there is no caller of interest behind it, only stripped entry points.
bool IsEntryPoint(const symbolize::Frame& frame) {
  constexpr std::array<std::string_view, 8> kNames = {"_start",  "_dl_start_user", "__libc_start_call_main",
                                                      "clone",   "clone3",         "__clone3",
                                                      "__clone", "start_thread"};
  return std::find(kNames.begin(), kNames.end(), frame.function) != kNames.end() ||
         frame.function.starts_with("__libc_start_main");
}

// Runs constructors: at the start, where it says nothing, but also for dlopen, whose caller is worth showing.
bool RunsConstructors(const symbolize::Frame& frame) {
  return frame.function == "call_init" || frame.function == "_dl_init";
}

}  // namespace

bool IsStartCode(const symbolize::Frame& frame) {
  return IsEntryPoint(frame) || RunsConstructors(frame);
}

std::size_t EndOfShownStack(const Stack& stack, std::size_t from) {
  std::size_t end = from + 1;
  while (end < stack.size() && !IsEntryPoint(*stack[end])) ++end;
  if (end >= stack.size()) return stack.size();
  while (end > from + 1 && RunsConstructors(*stack[end - 1])) --end;
  return end;
}

}  // namespace memtrace::report
