// SPDX-License-Identifier: MIT
// Lines on stderr, all beginning with "memtrace: ". What is in them may come from a trace: it is made
// printable.
#pragma once

#include <string_view>

namespace memtrace::cli {

void Say(std::string_view text);
void Warn(std::string_view text);  // "memtrace: warning: ..."
void Fail(std::string_view text);  // the caller then returns an exit code

}  // namespace memtrace::cli
