// SPDX-License-Identifier: MIT
// One spdlog logger on stderr. Output on stdout is flushed first, so that both are in order on a terminal.
#include "analyzer/cli/messages.h"

#include <cstdio>
#include <memory>

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include "analyzer/util/paint.h"
#include "analyzer/util/terminal.h"
#include "analyzer/util/terminal_text.h"

namespace memtrace::cli {
namespace {

spdlog::logger& Logger() {
  static const std::shared_ptr<spdlog::logger> logger = [] {
    auto made = spdlog::stderr_logger_st("memtrace");
    made->set_pattern("memtrace: %v");
    made->flush_on(spdlog::level::trace);
    return made;
  }();
  return *logger;
}

void Write(spdlog::level::level_enum level, std::string_view prefix, std::string_view text) {
  std::fflush(stdout);
  const Paint paint(WantsColor(ColorMode::kAuto, 2));
  Logger().log(level, "{}{}", paint.Warning(prefix), Printable(text));
}

}  // namespace

void Say(std::string_view text) {
  Write(spdlog::level::info, "", text);
}

void Warn(std::string_view text) {
  Write(spdlog::level::warn, "warning: ", text);
}

void Fail(std::string_view text) {
  Write(spdlog::level::err, "", text);
}

}  // namespace memtrace::cli
