// SPDX-License-Identifier: MIT
// Lines of source files, for reports that show the text beside the figures.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "analyzer/model/symbols.h"

namespace memtrace::symbolize {

// Reads a file at its first use and keeps it. Not thread-safe. The text is as in the file, so before it goes
// to a terminal it must be freed of control characters.
class SourceCache {
 public:
  // Lines that a packed trace brings along come first, then files below `sysroot`, then those of this
  // machine. `packed` may be null and must outlive the cache.
  explicit SourceCache(const model::Symbols* packed = nullptr, std::string sysroot = {});

  static constexpr std::uint64_t kMaxFileBytes = 64ULL
                                                 << 20;  // nobody writes such sources; not worth the memory

  // Line numbers count from 1. Without line end. nullopt if the file is not there, is no regular file, is too
  // large, or has no such line.
  std::optional<std::string> Line(const std::string& file, std::uint32_t line);

  // The same of a file that a trace itself names as Python's: nullopt also if it is not (IsPythonSource()).
  std::optional<std::string> PythonLine(const std::string& file, std::uint32_t line);

  // Number of lines, for reports on a whole file; 0 if it cannot be read.
  std::uint32_t LineCount(const std::string& file);

 private:
  struct Source {
    std::string text;
    std::vector<std::uint32_t> line_begins;  // offsets into text
  };

  const Source& Get(const std::string& file);
  std::optional<std::string> PackedLine(const std::string& file, std::uint32_t line) const;

  const model::Symbols* packed_;
  const std::string sysroot_;
  std::unordered_map<std::string, std::uint32_t> packed_files_;  // by name: its number in packed_->strings
  std::unordered_map<std::string, Source> sources_;
};

}  // namespace memtrace::symbolize
