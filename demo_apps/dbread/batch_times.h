// SPDX-License-Identifier: MIT
// How long each batch took to come. What paging costs shows only at the end of a table.
#pragma once

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <numeric>
#include <vector>

namespace dbread {

class BatchTimes {
 public:
  template <typename Action>
  auto Measure(Action action) {
    auto began = std::chrono::steady_clock::now();
    auto result = action();
    times_ms_.push_back(
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - began).count());
    return result;
  }

  // Means of the first and the last ten, without the last call of all, which only finds that nothing is left.
  void Log() const {
    if (times_ms_.size() < 2) return;
    std::size_t batches = times_ms_.size() - 1;
    auto some = static_cast<std::ptrdiff_t>(std::min<std::size_t>(10, batches));
    auto end = times_ms_.begin() + static_cast<std::ptrdiff_t>(batches);
    auto mean = [some](auto from) {
      return std::accumulate(from, from + some, 0.0) / static_cast<double>(some);
    };
    spdlog::info("{} batches, mean of the first {}: {:.2f} ms, of the last: {:.2f} ms", batches, some,
                 mean(times_ms_.begin()), mean(end - some));
  }

 private:
  std::vector<double> times_ms_;
};

}  // namespace dbread
