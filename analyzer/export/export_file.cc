// SPDX-License-Identifier: MIT
#include "analyzer/export/export_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include <fmt/format.h>

namespace memtrace::exporting {
namespace {

Error CannotWrite(const std::string& path) {
  return {ErrorCode::kUnreadable, fmt::format("cannot write {}: {}", path, std::strerror(errno))};
}

Result<void> Fill(int fd, const std::string& name, const std::function<void(Sink&)>& write) {
  DescriptorSink sink(fd, name);
  write(sink);
  return sink.Finish();
}

}  // namespace

std::string PathBesideTrace(const std::string& trace_path, const std::string& suffix) {
  constexpr std::string_view kTraceSuffix = ".mtr";
  std::string stem = trace_path;
  if (stem.ends_with(kTraceSuffix)) stem.resize(stem.size() - kTraceSuffix.size());
  return stem + suffix;
}

Result<void> WriteToFile(const std::string& path, const std::string& trace_path, int stdout_fd,
                         const std::function<void(Sink&)>& write) {
  if (path == "-") return Fill(stdout_fd, "the export", write);
  std::error_code ignored;
  if (std::filesystem::equivalent(path, trace_path, ignored)) {
    return Error{ErrorCode::kUsage, fmt::format("{} is the trace itself: give another file with -o", path)};
  }
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (fd < 0) return CannotWrite(path);
  Result<void> written = Fill(fd, path, write);
  struct stat status {};
  const bool is_file = fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
  if (close(fd) != 0 && written) written = CannotWrite(path);
  if (!written && is_file) unlink(path.c_str());
  return written;
}

}  // namespace memtrace::exporting
