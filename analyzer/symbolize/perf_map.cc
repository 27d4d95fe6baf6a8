// SPDX-License-Identifier: MIT
// Reads perf maps.
#include "analyzer/symbolize/perf_map.h"

#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>
#include <utility>

#include "analyzer/symbolize/text_file.h"

namespace memtrace::symbolize {
namespace {

constexpr std::uint64_t kNsPerSecond = 1'000'000'000;

struct Entry {
  AddressSpan span;
  std::string_view name;
};

// Takes a hexadecimal number and the space behind it off the front of the text.
std::optional<std::uint64_t> TakeHex(std::string_view* text) {
  if (text->starts_with("0x")) text->remove_prefix(2);
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value, 16);
  const auto used = static_cast<std::size_t>(end - text->data());
  if (error != std::errc() || used >= text->size() || (*text)[used] != ' ') return std::nullopt;
  text->remove_prefix(used + 1);
  return value;
}

std::optional<Entry> ParseLine(std::string_view line) {
  const auto begin = TakeHex(&line);
  const auto size = begin ? TakeHex(&line) : std::nullopt;
  if (!size || *size > ~*begin || line.empty()) return std::nullopt;
  return Entry{{*begin, *begin + *size}, line};
}

bool IsThisHost(const std::string& host) {
  char name[HOST_NAME_MAX + 1] = {};
  return gethostname(name, sizeof name - 1) == 0 && host == name;
}

}  // namespace

std::string PerfMap::PathFor(const model::TraceInfo& info) {
  const std::string path = "/tmp/perf-" + std::to_string(info.pid) + ".map";
  struct stat status {};
  if (!IsThisHost(info.host) || stat(path.c_str(), &status) != 0) return {};
  const bool is_older =
      static_cast<std::uint64_t>(status.st_mtim.tv_sec) < info.start_realtime_ns / kNsPerSecond;
  return is_older ? std::string() : path;
}

PerfMap::PerfMap(const std::string& path) {
  const std::string text = ReadRegularFile(path, kMaxFileBytes);
  std::vector<AddressRange> ranges;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    if (const auto entry = ParseLine(std::string_view(text).substr(at, end - at))) {
      const auto index = static_cast<std::uint32_t>(names_.size());
      ranges.push_back({entry->span.begin, entry->span.end, index, index});
      names_.emplace_back(entry->name);
    }
    at = end + 1;
  }
  map_ = AddressMap(std::move(ranges));
}

const std::string* PerfMap::Find(std::uint64_t pc) const {
  const std::uint32_t index = map_.Find(pc).value;
  return index == AddressMap::kNone ? nullptr : &names_[index];
}

}  // namespace memtrace::symbolize
