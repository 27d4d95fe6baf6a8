// SPDX-License-Identifier: MIT
// Which module was at an address, in the generation that a node names.
#pragma once

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <tuple>
#include <vector>

#include "analyzer/model/trace.h"

namespace memtrace::reader {

// Lookup in O(log modules). `modules` must outlive the index.
class ModuleIndex {
 public:
  explicit ModuleIndex(const std::vector<model::Module>& modules)
      : modules_(modules), order_(modules.size()) {
    std::iota(order_.begin(), order_.end(), 0U);
    std::stable_sort(order_.begin(), order_.end(),
                     [&](std::uint32_t a, std::uint32_t b) { return Key(a) < Key(b); });
  }

  // Modules of one generation do not overlap, so only the last one that starts at or below `pc` can hold it.
  std::uint32_t Find(std::uint64_t pc, std::uint8_t generation) const {
    const auto wanted = std::tuple(generation, pc);
    const auto after =
        std::upper_bound(order_.begin(), order_.end(), wanted,
                         [&](const auto& value, std::uint32_t index) { return value < Key(index); });
    if (after == order_.begin()) return model::kNoModule;
    const std::uint32_t index = *(after - 1);
    const model::Module& module = modules_[index];
    return module.generation == generation && pc < module.end ? index : model::kNoModule;
  }

 private:
  std::tuple<std::uint8_t, std::uint64_t> Key(std::uint32_t index) const {
    return {modules_[index].generation, modules_[index].start};
  }

  const std::vector<model::Module>& modules_;
  std::vector<std::uint32_t> order_;
};

}  // namespace memtrace::reader
