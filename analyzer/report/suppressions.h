// SPDX-License-Identifier: MIT
// Suppression files as LeakSanitizer reads them, so that a project's existing file serves both:
//
//     # the plugin registry lives until the end on purpose
//     leak:PluginRegistry::Instance
//     leak:libfontconfig.so
//     leak:^main$
//
// A pattern is looked for anywhere in a frame's function, file or module; * stands for anything, ^ and $
// anchor.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tsl/robin_map.h>

#include "analyzer/aggregate/profile.h"
#include "analyzer/report/stack_source.h"
#include "analyzer/util/result.h"

namespace memtrace::report {

bool MatchesSuppression(std::string_view pattern, std::string_view name);

class Suppressions {
 public:
  // kUsage error naming the line that is not understood. Rules of other sanitizers are refused, not ignored.
  static Result<Suppressions> Parse(const std::string& text, const std::string& file_name);
  // kUnreadable error when the file cannot be read.
  static Result<Suppressions> Load(const std::string& path);

  void Append(const Suppressions& other);
  const std::vector<std::string>& patterns() const { return patterns_; }

 private:
  std::vector<std::string> patterns_;
};

// Finds the rule for a stack. For frames of one StackSource: do not outlive that.
class SuppressionMatcher {
 public:
  explicit SuppressionMatcher(const Suppressions& suppressions) : patterns_(suppressions.patterns()) {}

  // Index into patterns() of the rule that takes the innermost frame that any rule takes; nothing if the
  // stack is not suppressed.
  std::optional<std::size_t> RuleOf(const Stack& stack);

 private:
  std::size_t RuleOf(const symbolize::Frame& frame) const;

  std::vector<std::string> patterns_;
  tsl::robin_map<const symbolize::Frame*, std::size_t> known_;
};

// Told of each site that is left out: its rule, as an index into patterns(), and its stack.
using SuppressedSite =
    std::function<void(std::size_t rule, const Stack& stack, const aggregate::SiteAmounts& site)>;

// The profile with what it did not free less what rules take: their sites are gone, and not in not_freed; its
// other sums are untouched. Rules see whole stacks, as LeakSanitizer's do.
aggregate::Profile WithoutSuppressed(const aggregate::Profile& profile, StackSource& source,
                                     const Suppressions& suppressions, const SuppressedSite& suppressed = {});

}  // namespace memtrace::report
