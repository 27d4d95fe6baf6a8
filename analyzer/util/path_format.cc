// SPDX-License-Identifier: MIT
// Works on text only: a trace may come from another machine, where these paths do not exist.
#include "analyzer/util/path_format.h"

#include <filesystem>

namespace memtrace {
namespace {

constexpr int kComponentsShown = 3;

std::string LastComponents(std::string_view path, int components) {
  std::size_t begin = path.size();
  for (; components > 0 && begin != std::string_view::npos && begin > 0; --components) {
    begin = path.rfind('/', begin - 1);
  }
  return std::string(begin == std::string_view::npos || begin == 0 ? path : path.substr(begin + 1));
}

}  // namespace

std::string NormalizedPath(std::string_view path) {
  return std::filesystem::path(path).lexically_normal().string();
}

std::string ShortPath(std::string_view path, std::string_view working_directory) {
  const std::string normal = NormalizedPath(path);
  std::string folder(working_directory);
  if (!folder.empty() && folder.back() != '/') folder += '/';
  if (folder.size() > 1 && normal.starts_with(folder)) return normal.substr(folder.size());
  return LastComponents(normal, kComponentsShown);
}

}  // namespace memtrace
