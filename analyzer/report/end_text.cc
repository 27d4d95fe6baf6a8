// SPDX-License-Identifier: MIT
// A recorded reason counts first, then the header's state, then whether the process is still there.
#include "analyzer/report/end_text.h"

#include <cstring>

#include <fmt/format.h>

namespace memtrace::report {

std::string EndWord(const model::TraceInfo& info) {
  if (info.state == format::RecordingState::kStopped) return "stopped";
  if (info.end_reason) {
    switch (*info.end_reason) {
      case format::EndReason::kExit:
        return "exit";
      case format::EndReason::kUnderscoreExit:
        return "_exit";
      case format::EndReason::kExec:
        return "exec";
      case format::EndReason::kStopped:
        return "stopped";
      case format::EndReason::kContinues:
        break;  // the end was cancelled, as by an exec that failed
    }
  }
  if (info.state == format::RecordingState::kEnded) return "exit";
  return info.is_running ? "running" : "killed";
}

std::string EndText(const model::TraceInfo& info) {
  const std::string word = EndWord(info);
  // The code is 0 as well where the recorder could not see it.
  if (word == "exit" && info.end_code == 0) return "by exit or the end of main";
  if (word == "exit") return fmt::format("exit code {}", info.end_code);
  if (word == "_exit") return fmt::format("exit code {} by _exit", info.end_code);
  if (word == "exec") return "replaced itself by another program (exec)";
  if (word == "running") return "still running";
  if (word == "killed") return "killed: the process is gone and did not say goodbye";
  // A stop is memtrace's own decision; strerror's text is the reason it had.
  if (info.stop_errno == 0) return "recording stopped early; the program went on";
  return fmt::format("recording stopped early ({}); the program went on", std::strerror(info.stop_errno));
}

}  // namespace memtrace::report
