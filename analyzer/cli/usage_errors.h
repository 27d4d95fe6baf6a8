// SPDX-License-Identifier: MIT
// What is said about a command line that cannot be understood: one line, with a guess at what was meant.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

namespace memtrace::cli {

// The complaint if there is no first word or it is no command of `app`; nothing if it is one, or an option.
std::optional<std::string> UnknownCommand(const CLI::App& app, const std::vector<std::string>& arguments);

// The complaint about a failed parse.
std::string ParseComplaint(const CLI::App& app, const CLI::ParseError& error);

}  // namespace memtrace::cli
