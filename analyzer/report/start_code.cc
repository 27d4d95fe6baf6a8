// SPDX-License-Identifier: MIT
// The names are glibc's, with and without its debug information.
#include "analyzer/report/start_code.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace memtrace::report {

bool IsStartCode(const symbolize::Frame& frame) {
  constexpr std::array<std::string_view, 7> kNames = {
      "_start", "__libc_start_call_main", "clone", "__clone", "clone3", "__clone3", "start_thread"};
  return std::find(kNames.begin(), kNames.end(), frame.function) != kNames.end() ||
         frame.function.starts_with("__libc_start_main");
}

}  // namespace memtrace::report
