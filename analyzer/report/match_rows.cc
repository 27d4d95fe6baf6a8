// SPDX-License-Identifier: MIT
// Passes from exact to vague; in each, rows with the same key are aligned by their positions.
#include "analyzer/report/match_rows.h"

#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <tuple>

#include <fmt/format.h>

#include "analyzer/report/function_text.h"
#include "analyzer/symbolize/function_name.h"

namespace memtrace::report {
namespace {

using symbolize::Frame;

constexpr std::uint64_t kUnmatchedCost = 50;
constexpr std::uint64_t kOtherEndingCost = 20;
constexpr std::size_t kMostAlignments =
    4'000'000;  // rows times rows of one function: beyond, only exact ones
constexpr std::uint64_t kOtherSignatureCost = 10;
constexpr double kOtherSizeCost = 16;
constexpr int kWholePath = 1000;
constexpr char kSeparator = '\n';

// What identifies a row in one pass. Rows with equal keys may be the same if their positions are near.
struct Identity {
  std::string key;  // empty: this pass does not know the row
  std::uint64_t position = 0;
  std::string signature;   // of the function, as overloads and template instances may stand in one line
  std::string ending;      // the frames further in than the charged one
  double block_bytes = 0;  // how large its blocks are, about
};

struct Pass {
  std::function<Identity(const Row&, const model::Trace&)> identify;
  bool is_unique = false;    // only keys that one row of each side has
  bool means_moved = false;  // pairs of it are moved, even if their positions are equal
};

// The last `count` components of a path.
std::string_view PathEnd(std::string_view path, int count) {
  std::size_t start = path.size();
  if (count == 0) return {};
  for (int i = 0; i < count && start != std::string_view::npos && start > 0; ++i) {
    start = path.rfind('/', start - 1);
  }
  return start == std::string_view::npos || start == 0 ? path : path.substr(start + 1);
}

// "libpq.so.5.15" → "libpq.so"; the recorded program → "", as it may be called app.old.
std::string ModuleKey(const Frame& frame, const model::Trace& trace) {
  if (!frame.module_path.empty() && frame.module_path == trace.info.exe) return {};
  const std::size_t suffix = frame.module.find(".so.");
  return suffix == std::string::npos ? frame.module : frame.module.substr(0, suffix + 3);
}

std::string FunctionKey(const Frame& frame, const model::Trace& trace) {
  return fmt::format("{}{}{}", frame.function, kSeparator, ModuleKey(frame, trace));
}

std::string EndingOf(const Row& row) {
  std::string ending;
  for (std::size_t i = 0; i < std::min(row.charged_frame, row.largest_stack.size()); ++i) {
    ending += symbolize::QualifiedName(*row.largest_stack[i]) + kSeparator;
  }
  return ending;
}

double BlockBytes(const Row& row) {
  const aggregate::Amount& total = row.amounts.total;
  return total.blocks == 0 ? 0 : static_cast<double>(total.bytes) / static_cast<double>(total.blocks);
}

bool KnowsPlaceInFunction(const Frame& frame) {
  return frame.function_line != 0 && frame.function_line <= frame.line;
}

std::uint64_t PositionOf(const Frame& frame) {
  return KnowsPlaceInFunction(frame) ? frame.line - frame.function_line : frame.line;
}

// "Table<std::string>::Insert(int)" → "Table<…>::Insert": of a line in a template, any instance may be the
// largest.
std::string NameKey(const Frame& frame) {
  return frame.is_python ? frame.function : FoldTemplateArguments(symbolize::QualifiedName(frame.function));
}

// Lines by their function, and by the last `components` of their file's path.
Pass LinePass(int components, bool means_moved) {
  const auto identify = [components](const Row& row, const model::Trace& trace) {
    const Frame& frame = row.frame;
    if (!frame.has_line()) return Identity{"?" + FunctionKey(frame, trace), 0, {}, {}, 0};
    if (components == 0 && frame.function.empty()) return Identity{};
    const char* origin = KnowsPlaceInFunction(frame) ? "in function" : "in file";
    std::string key =
        fmt::format("{1}{0}{2}{0}{3}", kSeparator, NameKey(frame), origin, PathEnd(frame.file, components));
    return Identity{std::move(key), PositionOf(frame), frame.function, EndingOf(row), BlockBytes(row)};
  };
  return {identify, false, means_moved};
}

std::vector<Pass> LinePasses() {
  return {LinePass(kWholePath, false), LinePass(1, false), LinePass(0, true)};
}

std::vector<Pass> FilePasses() {
  const auto by_components = [](int count) {
    return [count](const Row& row, const model::Trace& trace) {
      if (!row.frame.has_line()) return Identity{"?" + ModuleKey(row.frame, trace), 0, {}, {}, 0};
      return Identity{std::string(PathEnd(row.frame.file, count)), 0, {}, {}, 0};
    };
  };
  return {{by_components(kWholePath)}, {by_components(2), true}, {by_components(1), true, true}};
}

std::vector<Pass> FunctionPasses() {
  const auto by_signature = [](const Row& row, const model::Trace& trace) {
    return Identity{FunctionKey(row.frame, trace), 0, {}, {}, 0};
  };
  const auto by_name = [](const Row& row, const model::Trace&) {
    return Identity{NameKey(row.frame), 0, {}, {}, 0};
  };
  return {{by_signature}, {by_name, true, true}};
}

// The functions of a stack, and where in them it is: exactly at first, then by the functions alone.
std::vector<Pass> StackPasses() {
  const auto by = [](bool with_positions) {
    return [with_positions](const Row& row, const model::Trace& trace) {
      std::string key = ".";
      for (const Frame* frame : row.largest_stack) {
        key += FunctionKey(*frame, trace);
        if (with_positions && frame->has_line()) key += fmt::format("{}{}", kSeparator, PositionOf(*frame));
        key += kSeparator;
      }
      return Identity{std::move(key), 0, {}, {}, 0};
    };
  };
  return {{by(true)}, {by(false), true, true}};
}

std::vector<Pass> PassesFor(GroupBy by) {
  switch (by) {
    case GroupBy::kLine:
      return LinePasses();
    case GroupBy::kFile:
      return FilePasses();
    case GroupBy::kFunction:
      return FunctionPasses();
    case GroupBy::kTraceback:
      return StackPasses();
    case GroupBy::kModule:
      return {{[](const Row& row, const model::Trace& trace) {
        return Identity{"." + ModuleKey(row.frame, trace), 0, {}, {}, 0};
      }}};
    case GroupBy::kThread:
      return {{[](const Row& row, const model::Trace& trace) {
        const bool is_known = row.thread < trace.threads.size();
        return Identity{row.thread == 0 ? "main" : "." + (is_known ? trace.threads[row.thread].name : ""),
                        row.thread,
                        {},
                        {}};
      }}};
    case GroupBy::kSize:
      break;
  }
  return {{[](const Row& row, const model::Trace&) {
    return Identity{fmt::format("{} {}", row.size_bytes.min, row.size_bytes.max), 0, {}, {}, 0};
  }}};
}

// A row that has no partner yet, by its identity in the pass at hand.
struct Candidate {
  std::size_t row;
  Identity identity;
};

// Blocks of one size on both sides are a good sign that it is the same line; of sizes far apart, a bad one.
std::uint64_t SizeCost(double before, double after) {
  const double larger = std::max(before, after);
  return larger == 0 ? 0
                     : static_cast<std::uint64_t>(kOtherSizeCost * (1 - std::min(before, after) / larger));
}

std::uint64_t PairCost(const Identity& before, const Identity& after) {
  const std::uint64_t distance =
      before.position > after.position ? before.position - after.position : after.position - before.position;
  return distance + SizeCost(before.block_bytes, after.block_bytes) +
         (before.ending == after.ending ? 0 : kOtherEndingCost) +
         (before.signature == after.signature ? 0 : kOtherSignatureCost);
}

using IndexPairs = std::vector<std::pair<std::size_t, std::size_t>>;

// The cheapest matching that keeps the order: as in an edit distance, cost[i][j] is that of what comes from i
// and j on. Indexes into the two lists, which are sorted by position.
IndexPairs Align(const std::vector<Candidate>& before, const std::vector<Candidate>& after) {
  const std::size_t rows = before.size() + 1;
  const std::size_t columns = after.size() + 1;
  std::vector<std::uint64_t> cost(rows * columns);
  const auto at = [&](std::size_t i, std::size_t j) -> std::uint64_t& { return cost[i * columns + j]; };
  for (std::size_t i = rows; i-- > 0;) {
    for (std::size_t j = columns; j-- > 0;) {
      if (i + 1 == rows || j + 1 == columns) {
        at(i, j) = (rows - 1 - i + columns - 1 - j) * kUnmatchedCost;
        continue;
      }
      at(i, j) = std::min({at(i + 1, j + 1) + PairCost(before[i].identity, after[j].identity),
                           at(i + 1, j) + kUnmatchedCost, at(i, j + 1) + kUnmatchedCost});
    }
  }
  IndexPairs pairs;
  for (std::size_t i = 0, j = 0; i + 1 < rows && j + 1 < columns;) {
    if (at(i, j) == at(i + 1, j + 1) + PairCost(before[i].identity, after[j].identity)) {
      pairs.emplace_back(i++, j++);
    } else if (at(i, j) == at(i + 1, j) + kUnmatchedCost) {
      ++i;
    } else {
      ++j;
    }
  }
  return pairs;
}

// Equal positions only.
IndexPairs AlignExactly(const std::vector<Candidate>& before, const std::vector<Candidate>& after) {
  IndexPairs pairs;
  for (std::size_t i = 0, j = 0; i < before.size() && j < after.size();) {
    const std::uint64_t a = before[i].identity.position;
    const std::uint64_t b = after[j].identity.position;
    if (a == b) {
      pairs.emplace_back(i++, j++);
    } else if (a < b) {
      ++i;
    } else {
      ++j;
    }
  }
  return pairs;
}

class Matcher {
 public:
  Matcher(const MatchSide& before, const MatchSide& after)
      : before_(before),
        after_(after),
        has_partner_{std::vector<bool>(before.rows.size()), std::vector<bool>(after.rows.size())} {}

  void Run(const Pass& pass) {
    // Ordered, so that the result does not depend on a hash function.
    std::map<std::string, std::vector<Candidate>> groups[2];
    Collect(pass, before_, has_partner_[0], &groups[0]);
    Collect(pass, after_, has_partner_[1], &groups[1]);
    for (auto& [key, before] : groups[0]) {
      const auto same = groups[1].find(key);
      if (same == groups[1].end()) continue;
      if (pass.is_unique && (before.size() > 1 || same->second.size() > 1)) continue;
      Pair(pass, before, same->second);
    }
  }

  std::vector<RowPair> TakePairs() {
    for (std::size_t i = 0; i < before_.rows.size(); ++i) {
      if (!has_partner_[0][i]) pairs_.push_back({i, std::nullopt, false});
    }
    for (std::size_t i = 0; i < after_.rows.size(); ++i) {
      if (!has_partner_[1][i]) pairs_.push_back({std::nullopt, i, false});
    }
    return std::move(pairs_);
  }

 private:
  static void Collect(const Pass& pass, const MatchSide& side, const std::vector<bool>& has_partner,
                      std::map<std::string, std::vector<Candidate>>* groups) {
    for (std::size_t i = 0; i < side.rows.size(); ++i) {
      if (has_partner[i]) continue;
      Identity identity = pass.identify(side.rows[i], side.trace);
      if (identity.key.empty()) continue;
      std::string key = identity.key;
      (*groups)[std::move(key)].push_back({i, std::move(identity)});
    }
  }

  void Pair(const Pass& pass, std::vector<Candidate>& before, std::vector<Candidate>& after) {
    const auto by_position = [](const Candidate& a, const Candidate& b) {
      return std::tie(a.identity.position, a.identity.signature) <
             std::tie(b.identity.position, b.identity.signature);
    };
    std::stable_sort(before.begin(), before.end(), by_position);
    std::stable_sort(after.begin(), after.end(), by_position);
    const bool is_large = before.size() * after.size() > kMostAlignments;
    for (const auto& [i, j] : is_large ? AlignExactly(before, after) : Align(before, after)) {
      const bool is_moved = pass.means_moved || before[i].identity.position != after[j].identity.position;
      pairs_.push_back({before[i].row, after[j].row, is_moved});
      has_partner_[0][before[i].row] = true;
      has_partner_[1][after[j].row] = true;
    }
  }

  const MatchSide& before_;
  const MatchSide& after_;
  std::vector<bool> has_partner_[2];
  std::vector<RowPair> pairs_;
};

}  // namespace

std::vector<RowPair> MatchRows(const MatchSide& before, const MatchSide& after, GroupBy by) {
  Matcher matcher(before, after);
  for (const Pass& pass : PassesFor(by)) matcher.Run(pass);
  return matcher.TakePairs();
}

}  // namespace memtrace::report
