// SPDX-License-Identifier: MIT
// The search follows the program file itself (/proc/self/exe), so that a relocated or linked install works.
#include "analyzer/cli/library_path.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include <fmt/format.h>

namespace memtrace::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* kName = "libmemtrace.so";

Result<std::string> Usable(const fs::path& path) {
  std::error_code ignored;
  std::string text = fs::weakly_canonical(path, ignored).string();
  if (text.find_first_of(" :\t\n") == std::string::npos) return text;
  return Error{
      ErrorCode::kUnreadable,
      fmt::format(
          "LD_PRELOAD cannot name \"{}\", which has a blank or a colon in it; set MEMTRACE_LIBRARY to "
          "a link elsewhere",
          text)};
}

bool IsReadable(const fs::path& path) {
  return access(path.c_str(), R_OK) == 0;
}

}  // namespace

Result<std::string> FindPreloadLibrary() {
  if (const char* given = std::getenv("MEMTRACE_LIBRARY"); given != nullptr && *given != '\0') {
    if (IsReadable(given)) return Usable(fs::absolute(given));
    return Error{ErrorCode::kUnreadable, fmt::format("MEMTRACE_LIBRARY={}: no such file", given)};
  }
  std::error_code ignored;
  const fs::path folder = fs::read_symlink("/proc/self/exe", ignored).parent_path();
  const fs::path places[] = {folder / MEMTRACE_LIBRARY_FOLDER, folder / "../lib",
                             folder / "../lib/x86_64-linux-gnu", folder};
  for (const fs::path& place : places) {
    if (IsReadable(place / kName)) return Usable(place / kName);
  }
  return Error{ErrorCode::kUnreadable, fmt::format("{} is not in {}; set MEMTRACE_LIBRARY to its path", kName,
                                                   (folder / "../lib").lexically_normal().string())};
}

}  // namespace memtrace::cli
