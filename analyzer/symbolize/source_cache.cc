// SPDX-License-Identifier: MIT
// Reads source files whole and indexes their lines.
#include "analyzer/symbolize/source_cache.h"

#include <algorithm>
#include <utility>

#include "analyzer/symbolize/python_frames.h"
#include "analyzer/symbolize/text_file.h"

namespace memtrace::symbolize {

SourceCache::SourceCache(const model::Symbols* packed, std::string sysroot)
    : packed_(packed), sysroot_(std::move(sysroot)) {
  if (packed_ == nullptr) return;
  for (const model::SourceText& source : packed_->sources) {
    packed_files_.try_emplace(packed_->strings[source.file], source.file);
  }
}

std::optional<std::string> SourceCache::PackedLine(const std::string& file, std::uint32_t line) const {
  const auto number = packed_files_.find(file);
  if (number == packed_files_.end()) return std::nullopt;
  const auto place = std::pair(number->second, line);
  const auto& sources = packed_->sources;
  const auto found = std::lower_bound(sources.begin(), sources.end(), place,
                                      [](const model::SourceText& source, const auto& wanted) {
                                        return std::pair(source.file, source.line) < wanted;
                                      });
  if (found == sources.end() || std::pair(found->file, found->line) != place) return std::nullopt;
  return packed_->strings[found->text];
}

const SourceCache::Source& SourceCache::Get(const std::string& file) {
  const auto [place, is_new] = sources_.try_emplace(file);
  Source& source = place->second;
  if (!is_new) return source;
  if (!sysroot_.empty()) source.text = ReadRegularFile(sysroot_ + file, kMaxFileBytes);
  if (source.text.empty()) source.text = ReadRegularFile(file, kMaxFileBytes);
  for (std::size_t begin = 0; begin < source.text.size();) {
    source.line_begins.push_back(static_cast<std::uint32_t>(begin));
    const std::size_t end = source.text.find('\n', begin);
    begin = end == std::string::npos ? source.text.size() : end + 1;
  }
  return source;
}

std::optional<std::string> SourceCache::Line(const std::string& file, std::uint32_t line) {
  if (auto packed = PackedLine(file, line)) return packed;
  const Source& source = Get(file);
  if (line == 0 || line > source.line_begins.size()) return std::nullopt;
  const std::size_t begin = source.line_begins[line - 1];
  std::string text = source.text.substr(begin, source.text.find('\n', begin) - begin);
  if (text.ends_with('\r')) text.pop_back();
  return text;
}

std::optional<std::string> SourceCache::PythonLine(const std::string& file, std::uint32_t line) {
  if (auto packed = PackedLine(file, line)) return packed;
  return IsPythonSource(file, Get(file).text) ? Line(file, line) : std::nullopt;
}

std::uint32_t SourceCache::LineCount(const std::string& file) {
  return static_cast<std::uint32_t>(Get(file).line_begins.size());
}

}  // namespace memtrace::symbolize
