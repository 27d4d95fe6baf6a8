// SPDX-License-Identifier: MIT
// Collects what could not be read, with a limit: a file of pure noise must not give a list as long as itself.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "analyzer/model/trace.h"

namespace memtrace::reader {

class DamageLog {
 public:
  static constexpr std::size_t kMaxEntries = 1000;

  explicit DamageLog(std::vector<model::Damage>* entries) : entries_(entries) {}

  void Add(std::uint64_t offset, std::string what) {
    if (entries_->size() < kMaxEntries) {
      entries_->push_back({offset, std::move(what)});
    } else if (entries_->size() == kMaxEntries) {
      entries_->push_back({offset, "further damage from here on is not listed"});
    }
  }

  // The same, unless this place is listed already: events are read more than once.
  void AddOnce(std::uint64_t offset, std::string what) {
    if (entries_->size() > kMaxEntries) return;
    const auto is_same = [&](const model::Damage& entry) {
      return entry.offset == offset && entry.what == what;
    };
    if (std::none_of(entries_->begin(), entries_->end(), is_same)) Add(offset, std::move(what));
  }

 private:
  std::vector<model::Damage>* entries_;
};

}  // namespace memtrace::reader
