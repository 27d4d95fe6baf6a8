// SPDX-License-Identifier: MIT
// How long each batch took to come. What paging costs shows only at the end of a table. Remembers the first
// and the last few alone: a list of all would be seen in the very memory that is measured.
#pragma once

#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <numeric>

namespace dbread {

class BatchTimes {
 public:
  // The last call of all only finds that nothing is left, and does not count.
  template <typename Action>
  auto Measure(Action action) {
    auto began = std::chrono::steady_clock::now();
    auto result = action();
    if (!result) return result;
    double took_ms =
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - began).count();
    if (batches_ < kSome) first_ms_[batches_] = took_ms;
    last_ms_[batches_ % kSome] = took_ms;
    batches_ += 1;
    return result;
  }

  void Log() const {
    if (batches_ == 0) return;
    std::size_t some = std::min(kSome, batches_);
    auto mean = [some](const std::array<double, kSome>& times_ms) {
      return std::accumulate(times_ms.begin(), times_ms.begin() + some, 0.0) / static_cast<double>(some);
    };
    spdlog::info("{} batches, mean of the first {}: {:.2f} ms, of the last: {:.2f} ms", batches_, some,
                 mean(first_ms_), mean(last_ms_));
  }

 private:
  static constexpr std::size_t kSome = 10;

  std::array<double, kSome> first_ms_{};
  std::array<double, kSome> last_ms_{};
  std::size_t batches_ = 0;
};

}  // namespace dbread
