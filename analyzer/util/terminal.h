// SPDX-License-Identifier: MIT
// What the other end of a file descriptor can show.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace memtrace {

enum class ColorMode { kAuto, kAlways, kNever };

std::optional<ColorMode> ParseColorMode(std::string_view text);  // "auto", "always", "never"

// Auto: only on a terminal, not with NO_COLOR set to anything or TERM=dumb. always and never beat both.
bool WantsColor(ColorMode mode, int fd);

// COLUMNS if set to a number, else the terminal's width, else 0: no limit, for pipes and files.
std::size_t OutputColumns(int fd);

}  // namespace memtrace
