// SPDX-License-Identifier: MIT
// NO_COLOR as on no-color.org: it counts when set and not empty.
#include "analyzer/util/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>

namespace memtrace {
namespace {

std::string_view Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view{} : value;
}

}  // namespace

std::optional<ColorMode> ParseColorMode(std::string_view text) {
  if (text == "auto") return ColorMode::kAuto;
  if (text == "always") return ColorMode::kAlways;
  if (text == "never") return ColorMode::kNever;
  return std::nullopt;
}

bool WantsColor(ColorMode mode, int fd) {
  if (mode != ColorMode::kAuto) return mode == ColorMode::kAlways;
  return Environment("NO_COLOR").empty() && Environment("TERM") != "dumb" && isatty(fd) == 1;
}

std::size_t OutputColumns(int fd) {
  const std::string_view columns = Environment("COLUMNS");
  std::size_t width = 0;
  const auto [end, failure] = std::from_chars(columns.data(), columns.data() + columns.size(), width);
  if (failure == std::errc{} && end == columns.data() + columns.size() && width > 0) return width;
  winsize size{};
  return ioctl(fd, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

}  // namespace memtrace
