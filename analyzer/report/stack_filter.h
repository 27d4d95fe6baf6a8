// SPDX-License-Identifier: MIT
// Keeps or drops whole stacks by what their frames are called: pprof's focus and ignore, and suppressions.
#pragma once

#include <functional>
#include <regex>
#include <string>
#include <unordered_map>
#include <vector>

#include "analyzer/symbolize/symbolizer.h"
#include "analyzer/util/result.h"

namespace memtrace::report {

// Says whether any frame of a stack has a function, file or module that `matches` accepts. Remembers its
// answers, as the same few thousand names come back in a million stacks.
class NameMatcher {
 public:
  explicit NameMatcher(std::function<bool(const std::string&)> matches) : matches_(std::move(matches)) {}
  bool AnyFrame(const std::vector<symbolize::Frame>& stack);

 private:
  bool Name(const std::string& name);

  std::function<bool(const std::string&)> matches_;
  std::unordered_map<std::string, bool> known_;
};

// Several --focus are all needed, one --ignore is enough, as in pprof.
class StackFilter {
 public:
  // kUsage error for what is no regular expression (ECMAScript).
  static Result<StackFilter> Create(const std::vector<std::string>& focus,
                                    const std::vector<std::string>& ignore);

  StackFilter() = default;
  void AddIgnore(NameMatcher matcher) { ignore_.push_back(std::move(matcher)); }
  bool Keeps(const std::vector<symbolize::Frame>& stack);

 private:
  std::vector<NameMatcher> focus_;
  std::vector<NameMatcher> ignore_;
};

}  // namespace memtrace::report
