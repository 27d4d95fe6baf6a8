// SPDX-License-Identifier: MIT
// Why a program cannot be recorded by LD_PRELOAD, told before it runs: otherwise nothing would happen,
// silently.
#pragma once

#include <optional>
#include <string>

namespace memtrace::cli {

// The file that execvp would run for `name`; nothing if there is none.
std::optional<std::string> FindProgram(const std::string& name);

// The reason why nothing will be recorded: "it is statically linked", ...; nothing if recording should work.
// Follows the "#!" line of scripts.
std::optional<std::string> WhyNotRecordable(const std::string& path);

}  // namespace memtrace::cli
