// SPDX-License-Identifier: MIT
// /proc/PID/maps names every mapped file by device and inode (proc(5)).
#include "analyzer/reader/live_process.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/sysmacros.h>

#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>

namespace memtrace::reader {
namespace {

// start-end perms offset major:minor inode path
bool IsMappingOf(const std::string& line, const TraceFile& file, std::string_view real_path) {
  unsigned device_major = 0, device_minor = 0;
  unsigned long long inode = 0;
  int path_at = 0;
  if (std::sscanf(line.c_str(), "%*x-%*x %*4s %*x %x:%x %llu %n", &device_major, &device_minor, &inode,
                  &path_at) < 3) {
    return false;
  }
  if (inode != file.inode()) return false;
  // Overlay and btrfs show another device here than stat does; there the path decides.
  return (device_major == major(file.device()) && device_minor == minor(file.device())) ||
         std::string_view(line).substr(static_cast<std::size_t>(path_at)) == real_path;
}

std::string RealPath(const std::string& path) {
  char* resolved = realpath(path.c_str(), nullptr);
  std::string result = resolved != nullptr ? resolved : path;
  std::free(resolved);
  return result;
}

}  // namespace

bool IsRecordedBy(const TraceFile& file, std::uint32_t pid) {
  if (pid == 0 || pid > static_cast<std::uint32_t>(INT_MAX)) return false;
  if (kill(static_cast<pid_t>(pid), 0) != 0 && errno != EPERM) return false;
  std::ifstream maps(fmt::format("/proc/{}/maps", pid));
  const std::string real_path = RealPath(file.path());
  for (std::string line; std::getline(maps, line);) {
    if (IsMappingOf(line, file, real_path)) return true;
  }
  return false;
}

}  // namespace memtrace::reader
