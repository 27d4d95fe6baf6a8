// SPDX-License-Identifier: MIT
// Look-ups in large modules, kept on disk: reading the DWARF of a clang or a browser takes seconds, and the
// answer is the same every time.
//
//   ~/.cache/memtrace/symbols/   4f1c…-9d03….sym       one file for a build of a module and the files its
//   names came
//                                ╰┬╯  ╰┬─╯             from: another debug file (size, time) is another key
//                              build-id  source
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "analyzer/model/symbols.h"

namespace memtrace::symbolize {

struct SymbolCacheKey {
  std::string build_id;      // lower-case hex; empty: nothing is kept
  std::uint64_t source = 0;  // stands for the files that were read
};

// Files are not trusted: they are checksummed, their sizes checked, and what does not fit is as good as not
// there. Failures to write are not told: the next time takes as long as this one. Several processes may share
// a folder.
class SymbolCache {
 public:
  static constexpr std::uint64_t kMaxFileBytes = 64ULL << 20;
  static constexpr std::uint64_t kMaxFolderBytes = 256ULL << 20;

  // $XDG_CACHE_HOME/memtrace/symbols, or below ~/.cache; empty if there is neither.
  static std::string DefaultFolder();

  // `folder` is made when something is to be kept; empty: nothing is kept or found.
  explicit SymbolCache(std::string folder, std::uint64_t max_folder_bytes = kMaxFolderBytes)
      : folder_(std::move(folder)), max_folder_bytes_(max_folder_bytes) {}

  bool is_enabled() const { return !folder_.empty(); }

  // One module's symbols, or nothing.
  std::optional<model::Symbols> Load(const SymbolCacheKey& key) const;
  // Replaces what was kept under the key, at one stroke, and removes the files used longest ago until the
  // folder's size is bounded again.
  void Save(const SymbolCacheKey& key, const model::Symbols& symbols) const;

 private:
  std::string PathOf(const SymbolCacheKey& key) const;
  void Evict() const;

  std::string folder_;
  std::uint64_t max_folder_bytes_;
};

}  // namespace memtrace::symbolize
