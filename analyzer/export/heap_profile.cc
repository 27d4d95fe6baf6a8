// SPDX-License-Identifier: MIT
// Chrome's .heapprofile: a tree of call frames with the bytes that each of them allocated itself.
#include <string>
#include <utility>

#include <fmt/format.h>

#include "analyzer/export/call_tree.h"
#include "analyzer/export/format.h"
#include "analyzer/export/text.h"

namespace memtrace::exporting {
namespace {

// Lines count from 0 in this format; scriptId must be a string.
std::string CallFrame(const symbolize::Frame* frame) {
  if (frame == nullptr) {
    return R"json({"functionName":"(root)","scriptId":"0","url":"","lineNumber":-1,"columnNumber":-1})json";
  }
  const std::string url = frame->has_line() ? FileOf(*frame) : frame->module_path;
  return fmt::format(R"({{"functionName":{},"scriptId":"0","url":{},"lineNumber":{},"columnNumber":{}}})",
                     Quoted(NameOf(*frame)), Quoted(url),
                     frame->has_line() ? static_cast<std::int64_t>(frame->line) - 1 : -1,
                     static_cast<std::int64_t>(frame->column) - 1);
}

class TreeWriter {
 public:
  TreeWriter(const CallTree& tree, report::Metric metric, Sink& sink)
      : tree_(tree), metric_(metric), sink_(sink), children_(tree.Children()) {}

  // Without recursion: stacks may be deeper than ours.
  void Write() {
    struct Step {
      std::uint32_t node;
      std::size_t next_child = 0;
      bool has_written_child = false;
    };
    std::vector<Step> path = {{0}};
    Open(0);
    while (!path.empty()) {
      Step& step = path.back();
      const auto& children = children_[step.node];
      while (step.next_child < children.size() &&
             Bytes(tree_.nodes()[children[step.next_child]].total) == 0) {
        ++step.next_child;
      }
      if (step.next_child == children.size()) {
        sink_.Write("]}");
        path.pop_back();
        continue;
      }
      if (std::exchange(step.has_written_child, true)) sink_.Write(",");
      const std::uint32_t child = children[step.next_child++];
      Open(child);
      path.push_back({child});
    }
  }

 private:
  std::uint64_t Bytes(const report::Amounts& amounts) const {
    return report::RankOf(metric_, report::AmountOf(metric_, amounts));
  }
  void Open(std::uint32_t node) {
    sink_.Write(fmt::format(R"({{"callFrame":{},"selfSize":{},"id":{},"children":[)",
                            CallFrame(node == 0 ? nullptr : &tree_.FrameOf(node)),
                            Bytes(tree_.nodes()[node].self), node + 1));
  }

  const CallTree& tree_;
  report::Metric metric_;
  Sink& sink_;
  std::vector<std::vector<std::uint32_t>> children_;
};

}  // namespace

void WriteHeapProfile(const Input& input, Sink& sink) {
  CallTree tree(TreeDirection::kTopDown);
  for (const Stack& stack : input.stacks.all()) tree.Add(stack);
  tree.SumUp();
  sink.Write("{\"head\":");
  TreeWriter(tree, input.metric, sink).Write();
  sink.Write(",\"samples\":[],\"startTime\":0,\"endTime\":0}\n");
}

}  // namespace memtrace::exporting
