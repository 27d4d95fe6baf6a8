// SPDX-License-Identifier: MIT
// /proc/PID/maps names every mapped file by device and inode (proc(5)).
#include "analyzer/reader/live_process.h"

#include <fmt/format.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <charconv>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <system_error>

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

bool HasMapped(const TraceFile& file, std::uint32_t pid) {
  std::ifstream maps(fmt::format("/proc/{}/maps", pid));
  const std::string real_path = RealPath(file.path());
  for (std::string line; std::getline(maps, line);) {
    if (IsMappingOf(line, file, real_path)) return true;
  }
  return false;
}

// Empty: there is no such process, or it is not ours to look at.
std::filesystem::path NamespaceOf(const std::filesystem::path& process) {
  std::error_code error;
  return std::filesystem::read_symlink(process / "ns" / "pid", error);
}

// "NSpid:	4711	1": 4711 here, 1 in the innermost namespace.
bool CallsItself(const std::filesystem::path& process, std::uint32_t pid) {
  std::ifstream status(process / "status");
  for (std::string line; std::getline(status, line);) {
    if (!line.starts_with("NSpid:")) continue;
    return line.ends_with(fmt::format("\t{}", pid)) && std::count(line.begin(), line.end(), '\t') > 1;
  }
  return false;
}

}  // namespace

std::optional<std::uint32_t> FindRecorder(const TraceFile& file, std::uint32_t pid) {
  if (pid == 0 || pid > static_cast<std::uint32_t>(INT_MAX)) return std::nullopt;
  if (HasMapped(file, pid)) return pid;
  // In our own namespace it has one number only; there are many processes, and their status is slow to read.
  const std::filesystem::path own = NamespaceOf("/proc/self");
  std::error_code error;
  for (const auto& process : std::filesystem::directory_iterator("/proc", error)) {
    const std::string name = process.path().filename();
    std::uint32_t number = 0;
    const auto [end, failure] = std::from_chars(name.data(), name.data() + name.size(), number);
    if (failure != std::errc() || end != name.data() + name.size()) continue;
    const std::filesystem::path theirs = NamespaceOf(process.path());
    if (theirs.empty() || theirs == own) continue;
    if (CallsItself(process.path(), pid) && HasMapped(file, number)) return number;
  }
  return std::nullopt;
}

}  // namespace memtrace::reader
