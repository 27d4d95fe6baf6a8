// SPDX-License-Identifier: MIT
// Looks for files by name, then asks the files themselves whose they are.
#include "analyzer/cli/trace_choice.h"

#include <glob.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "analyzer/reader/trace_reader.h"

namespace memtrace::cli {
namespace {

constexpr std::string_view kSuffix = ".mtr";

struct Candidate {
  std::int64_t seconds = 0;
  std::int64_t nanoseconds = 0;
  std::string path;
};

// Regular files that match, newest first; equal times by name.
std::vector<Candidate> NewestFirst(const std::string& pattern) {
  glob_t found{};
  std::vector<Candidate> candidates;
  if (glob(pattern.c_str(), GLOB_NOSORT, nullptr, &found) == 0) {
    for (std::size_t i = 0; i < found.gl_pathc; ++i) {
      struct stat status {};
      if (stat(found.gl_pathv[i], &status) != 0 || !S_ISREG(status.st_mode)) continue;
      candidates.push_back({status.st_mtim.tv_sec, status.st_mtim.tv_nsec, found.gl_pathv[i]});
    }
  }
  globfree(&found);
  std::sort(candidates.begin(), candidates.end(), [](const Candidate& a, const Candidate& b) {
    return std::tie(a.seconds, a.nanoseconds, a.path) > std::tie(b.seconds, b.nanoseconds, b.path);
  });
  return candidates;
}

std::string Escaped(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '*' || c == '?' || c == '[' || c == '\\') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

}  // namespace

Result<std::string> NewestTraceIn(const std::string& folder) {
  // Under LD_PRELOAD=libmemtrace.so in the whole shell, this very process writes the newest one.
  const std::string own = "/memtrace.memtrace." + std::to_string(getpid()) + ".mtr";
  for (const Candidate& candidate : NewestFirst(Escaped(folder) + "/memtrace.*.mtr")) {
    const std::string& path = candidate.path;
    if (path.ends_with(own)) continue;
    return path.starts_with("./") ? path.substr(2) : path;
  }
  return Error{ErrorCode::kUnreadable,
               "no memtrace.*.mtr in this folder; name a trace, or record one: memtrace run -- PROGRAM"};
}

std::string GlobOfTemplate(const std::string& out_pattern) {
  if (out_pattern.empty()) return "memtrace.*.mtr";
  std::string pattern;
  for (std::size_t i = 0; i < out_pattern.size(); ++i) {
    if (out_pattern[i] != '%' || i + 1 == out_pattern.size()) {
      pattern += Escaped(out_pattern.substr(i, 1));
    } else if (out_pattern[++i] == '%') {
      pattern += '%';
    } else {
      pattern += '*';
    }
  }
  // A name that was taken has a number before its suffix.
  if (pattern.ends_with(kSuffix)) pattern.resize(pattern.size() - kSuffix.size());
  return pattern + (out_pattern.ends_with(kSuffix) ? "*.mtr" : "*");
}

std::optional<std::string> TraceOfProcess(pid_t pid, const std::string& out_pattern,
                                          std::uint64_t since_realtime_ns) {
  const auto since_seconds = static_cast<std::int64_t>(since_realtime_ns / 1'000'000'000);
  for (const Candidate& candidate : NewestFirst(GlobOfTemplate(out_pattern))) {
    if (candidate.seconds + 1 < since_seconds) break;  // file systems may keep coarse times
    Result<reader::TraceReader> reader = reader::TraceReader::Open(candidate.path);
    if (!reader) continue;
    const model::TraceInfo& info = reader->trace().info;
    if (info.pid == static_cast<std::uint32_t>(pid) && info.start_realtime_ns >= since_realtime_ns) {
      return candidate.path;
    }
  }
  return std::nullopt;
}

}  // namespace memtrace::cli
