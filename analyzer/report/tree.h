// SPDX-License-Identifier: MIT
// `memtrace tree`: who called whom for the memory. Callers above what they call; inverted: the other way.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "analyzer/aggregate/profile.h"
#include "analyzer/report/call_tree.h"
#include "analyzer/report/json.h"
#include "analyzer/report/row_text.h"

namespace memtrace::report {

struct TreeOptions {
  CallTreeOptions tree = {};
  std::size_t depth = 0;     // levels of calls that are shown; 0: all
  double min_percent = 1.0;  // of all that is selected; smaller branches are only counted
  StackSelectors stacks = {};
};

// Refers to the trace, profile and source it was built from, which must outlive it.
class TreeReport {
 public:
  // kUsage error for a bad regular expression.
  static Result<TreeReport> Build(const model::Trace& trace, const aggregate::Profile& profile,
                                  StackSource& source, TreeOptions options);

  std::string Text(const RenderOptions& render) const;

  // Nodes in the order of the text as one flat list: a tree of a deep recursion would be too deep for most
  // readers of JSON.
  Json ToJson() const;

 private:
  TreeReport(const model::Trace& trace, const aggregate::Profile& profile, CallTree tree, TreeOptions options)
      : trace_(trace), profile_(profile), tree_(std::move(tree)), options_(std::move(options)) {}

  // A line of the listing: a node, or the branches below it that are too small or too deep.
  struct Entry {
    std::uint32_t node = 0;
    std::size_t level = 0;
    std::size_t left_out = 0;  // not 0: so many branches of `node`
    bool is_too_deep = false;  // then: for that reason
    aggregate::Amount left_out_amount;
  };
  std::vector<Entry> Entries() const;
  void AddBranches(const Entry& entry, std::vector<Entry>& pending) const;
  bool IsLarge(const CallNode& node) const;
  double Share(const aggregate::Amount& amount) const;
  aggregate::Amount Total() const;

  class Guides;
  std::string NumbersText(const aggregate::Amount& amount, const RenderOptions& render) const;
  std::string NodeText(const Entry& entry, const RenderOptions& render) const;

  const model::Trace& trace_;
  const aggregate::Profile& profile_;
  CallTree tree_;
  TreeOptions options_;
};

}  // namespace memtrace::report
