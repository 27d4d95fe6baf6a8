// SPDX-License-Identifier: MIT
// Nearness is the optimal string alignment distance: insertions, deletions, substitutions and swapped
// neighbours.
#include "analyzer/util/suggest.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

namespace memtrace {
namespace {

constexpr std::size_t kLongestWord = 64;  // the cost grows with the square; nobody mistypes more than this

std::size_t Distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) d[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = a[i - 1] == b[j - 1] ? 0 : 1;
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + change});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
    }
  }
  return d[a.size()][b.size()];
}

// A beginning of at least three letters counts as near: "temp" means "temporary".
std::size_t Badness(std::string_view word, std::string_view candidate) {
  if (word.size() >= 3 && candidate.starts_with(word)) return 1;
  return Distance(word, candidate);
}

}  // namespace

std::string Nearest(std::string_view word, std::span<const std::string> candidates) {
  if (word.empty() || word.size() > kLongestWord) return {};
  std::string best;
  std::size_t best_badness = word.size() / 3 + 2;  // exclusive
  for (const std::string& candidate : candidates) {
    if (candidate.size() > kLongestWord) continue;
    const std::size_t badness = Badness(word, candidate);
    if (badness < best_badness && badness < std::max(word.size(), candidate.size())) {
      best_badness = badness;
      best = candidate;
    }
  }
  return best;
}

std::string DidYouMean(std::string_view word, std::span<const std::string> candidates) {
  const std::string nearest = Nearest(word, candidates);
  return nearest.empty() ? std::string{} : fmt::format("; did you mean \"{}\"?", nearest);
}

std::string ListOf(std::span<const std::string> candidates) {
  std::string list;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    if (i > 0) list += i + 1 == candidates.size() ? " or " : ", ";
    list += candidates[i];
  }
  return list;
}

}  // namespace memtrace
