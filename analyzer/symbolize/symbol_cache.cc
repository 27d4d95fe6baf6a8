// SPDX-License-Identifier: MIT
// Files of the cache: a header that says what they are for, then symbols as in a packed trace.
#include "analyzer/symbolize/symbol_cache.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <span>
#include <string_view>
#include <vector>

#include "analyzer/reader/symbols_codec.h"
#include "analyzer/symbolize/text_file.h"

namespace memtrace::symbolize {
namespace {

namespace fs = std::filesystem;

// Raise the number when what is kept changes its meaning: another demangler, other rules for lines.
constexpr char kMagic[8] = {'M', 'T', 'R', 'S', 'Y', 'M', '0', '1'};
constexpr std::string_view kSuffix = ".sym";

struct Header {
  char magic[8];
  std::uint64_t source;
};

// Build-ids come from traces: as part of a path they may be nothing but digits.
bool IsSound(const SymbolCacheKey& key) {
  return !key.build_id.empty() && key.build_id.size() <= 128 &&
         key.build_id.find_first_not_of("0123456789abcdef") == std::string::npos;
}

bool WriteAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

std::string FromEnvironment(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && value[0] == '/' ? value : "";  // the XDG rules: relative paths are to be ignored
}

}  // namespace

std::string SymbolCache::DefaultFolder() {
  std::string base = FromEnvironment("XDG_CACHE_HOME");
  if (base.empty() && !FromEnvironment("HOME").empty()) base = FromEnvironment("HOME") + "/.cache";
  return base.empty() ? base : base + "/memtrace/symbols";
}

std::string SymbolCache::PathOf(const SymbolCacheKey& key) const {
  return fmt::format("{}/{}-{:016x}{}", folder_, key.build_id, key.source, kSuffix);
}

std::optional<model::Symbols> SymbolCache::Load(const SymbolCacheKey& key) const {
  if (!is_enabled() || !IsSound(key)) return std::nullopt;
  const std::string path = PathOf(key);
  const std::string bytes = ReadRegularFile(path, kMaxFileBytes);
  Header header{};
  if (bytes.size() < sizeof(header)) return std::nullopt;
  std::memcpy(&header, bytes.data(), sizeof(header));
  if (std::memcmp(header.magic, kMagic, sizeof(kMagic)) != 0 || header.source != key.source)
    return std::nullopt;
  model::Symbols symbols;
  const auto* begin = reinterpret_cast<const std::uint8_t*>(bytes.data());
  if (reader::DecodeSymbols(std::span(begin, bytes.size()).subspan(sizeof(header)), &symbols) != nullptr)
    return std::nullopt;
  if (symbols.modules.size() != 1 || symbols.modules[0].build_id != key.build_id) return std::nullopt;
  utimensat(AT_FDCWD, path.c_str(), nullptr, 0);  // used now: Evict looks at this
  return symbols;
}

void SymbolCache::Save(const SymbolCacheKey& key, const model::Symbols& symbols) const {
  if (!is_enabled() || !IsSound(key)) return;
  Header header{};
  std::memcpy(header.magic, kMagic, sizeof(kMagic));
  header.source = key.source;
  std::string bytes(reinterpret_cast<const char*>(&header), sizeof(header));
  bytes += reader::EncodeSymbols(symbols);
  if (bytes.size() > std::min(kMaxFileBytes, max_folder_bytes_)) return;
  std::error_code failed;
  fs::create_directories(folder_, failed);
  const std::string path = PathOf(key);
  const std::string temporary = fmt::format("{}.{}.tmp", path, getpid());
  const int fd = open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return;
  const bool is_written = WriteAll(fd, bytes);
  if (close(fd) != 0 || !is_written || rename(temporary.c_str(), path.c_str()) != 0)
    unlink(temporary.c_str());
  Evict();
}

void SymbolCache::Evict() const {
  struct Kept {
    fs::file_time_type used;
    std::uint64_t bytes;
    fs::path path;
  };
  std::vector<Kept> files;
  std::uint64_t total = 0;
  std::error_code failed;
  for (fs::directory_iterator it(folder_, failed), end; !failed && it != end; it.increment(failed)) {
    // Also what a killed process left half written; nobody else's files.
    const std::string name = it->path().filename().string();
    if (!name.ends_with(kSuffix) && name.find(std::string(kSuffix) + ".") == std::string::npos) continue;
    std::error_code gone;
    const Kept file{it->last_write_time(gone), it->file_size(gone), it->path()};
    if (gone) continue;
    total += file.bytes;
    files.push_back(file);
  }
  std::sort(files.begin(), files.end(), [](const Kept& a, const Kept& b) { return a.used < b.used; });
  for (const Kept& file : files) {
    if (total <= max_folder_bytes_) return;
    fs::remove(file.path, failed);
    total -= file.bytes;
  }
}

}  // namespace memtrace::symbolize
