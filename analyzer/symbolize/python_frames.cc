// SPDX-License-Identifier: MIT
// All by the text of paths and names, so that a trace reads the same on any machine.
#include "analyzer/symbolize/python_frames.h"

#include <algorithm>

#include "analyzer/util/path_format.h"

namespace memtrace::symbolize {
namespace {

constexpr std::string_view kFrozen = "<frozen ";

bool IsDigitOrDot(char c) {
  return c == '.' || (c >= '0' && c <= '9');
}

// Where the name of the package begins: behind the last ".../site-packages/", else behind
// ".../lib/python3.11/". npos: the file is in neither.
std::size_t PackageBegin(std::string_view path) {
  std::size_t begin = std::string_view::npos;
  for (const std::string_view folder : {"/site-packages/", "/dist-packages/"}) {
    const std::size_t at = path.rfind(folder);
    if (at != std::string_view::npos && (begin == std::string_view::npos || at + folder.size() > begin))
      begin = at + folder.size();
  }
  if (begin != std::string_view::npos) return begin;
  for (const std::string_view folder : {"/lib/python", "/lib64/python"}) {
    const std::size_t at = path.find(folder);
    if (at == std::string_view::npos) continue;
    std::size_t end = at + folder.size();
    while (end < path.size() && IsDigitOrDot(path[end])) ++end;
    if (end > at + folder.size() && end < path.size() && path[end] == '/') return end + 1;
  }
  return std::string_view::npos;
}

bool HasPythonSuffix(std::string_view file) {
  return file.ends_with(".py") || file.ends_with(".pyw");
}

}  // namespace

PythonModule PythonModuleOf(const std::string& file) {
  if (file.starts_with(kFrozen) && file.ends_with('>')) {
    const std::string module = file.substr(kFrozen.size(), file.size() - kFrozen.size() - 1);
    const std::string name = module.substr(0, module.find('.'));
    return {name, name};
  }
  const std::size_t begin = PackageBegin(file);
  if (begin == std::string::npos || begin == file.size()) return {file.substr(file.rfind('/') + 1), file};
  const std::size_t end = std::min(file.find('/', begin), file.size());
  std::string name = file.substr(begin, end - begin);
  if (end == file.size() && HasPythonSuffix(name)) name.erase(name.rfind('.'));
  return {std::move(name), file.substr(0, end)};
}

bool IsProgramsOwn(const Frame& frame) {
  return frame.is_python && !frame.file.starts_with('<') && PackageBegin(frame.file) == std::string::npos;
}

std::string PythonFilePath(const std::string& file, const std::string& working_directory) {
  if (file.empty() || file.front() == '/' || file.front() == '<' || working_directory.empty()) return file;
  return NormalizedPath(working_directory + '/' + file);
}

bool IsPythonSource(const std::string& file, std::string_view text) {
  if (HasPythonSuffix(file)) return true;
  const std::string_view first_line = text.substr(0, text.find('\n'));
  return first_line.starts_with("#!") && first_line.find("python") != std::string_view::npos;
}

bool IsInterpreterFrame(const Frame& frame) {
  if (frame.is_python) return false;
  std::string_view module = frame.module;
  if (module.starts_with("lib")) module.remove_prefix(3);
  if (module.starts_with("python") && (module.size() == 6 || IsDigitOrDot(module[6]) || module[6] == '-'))
    return true;
  const std::string_view name = frame.function;
  constexpr std::string_view kPrefixes[] = {"_Py",    "PyEval_",    "PyObject_",
                                            "PyRun_", "Py_RunMain", "Py_BytesMain"};
  return std::any_of(std::begin(kPrefixes), std::end(kPrefixes),
                     [&](std::string_view prefix) { return name.starts_with(prefix); });
}

}  // namespace memtrace::symbolize
