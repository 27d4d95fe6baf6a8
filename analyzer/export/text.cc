// SPDX-License-Identifier: MIT
#include "analyzer/export/text.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "analyzer/export/stacks.h"
#include "analyzer/util/terminal_text.h"

namespace memtrace::exporting {

std::string Quoted(std::string_view text) {
  std::string quoted = nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  for (std::size_t at = quoted.find('<'); at != std::string::npos; at = quoted.find('<', at)) {
    quoted.replace(at, 1, "\\u003c");
  }
  return quoted;
}

std::string ValgrindFrame(const symbolize::Frame& frame) {
  std::string text = fmt::format("0x{:X}: {}", frame.pc, NameOf(frame));
  if (frame.has_line()) return text + fmt::format(" ({}:{})", FileOf(frame), frame.line);
  if (!frame.module_path.empty()) return text + fmt::format(" (in {})", Printable(frame.module_path));
  return text;
}

std::string CommandText(const model::TraceInfo& info) {
  std::string text;
  for (const std::string& word : info.command_line) text += (text.empty() ? "" : " ") + Printable(word);
  return text.empty() ? Printable(info.comm) : text;
}

std::string ToolText() {
  return "memtrace " MEMTRACE_VERSION;
}

}  // namespace memtrace::exporting
