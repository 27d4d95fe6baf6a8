// SPDX-License-Identifier: MIT
// massif's output file: the curve of live bytes, with call trees at the peak and at the end.
//
//     snapshot at an interval's end     heap_tree=empty
//     the exact peak                    heap_tree=peak      n2: 225000 (heap allocation functions) …
//     the end                           heap_tree=detailed   n1: 200000 0x4011E6: add (posting.cc:88)
#include <algorithm>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "analyzer/export/call_tree.h"
#include "analyzer/export/format.h"
#include "analyzer/export/text.h"

namespace memtrace::exporting {
namespace {

using aggregate::CurvePoint;

constexpr double kThreshold = 0.01;    // of the snapshot; massif's own default
constexpr std::size_t kMaxDepth = 30;  // massif's own default

class TreeText {
 public:
  TreeText(const CallTree& tree, report::Metric metric)
      : tree_(tree), metric_(metric), children_(tree.Children()), smallest_(BytesOf(0) * kThreshold) {}

  std::string Text() {
    WriteNode(0, 0);
    return std::move(text_);
  }

 private:
  double BytesOf(std::uint32_t node) const {
    return static_cast<double>(report::AmountOf(metric_, tree_.nodes()[node].total).bytes);
  }

  void WriteNode(std::uint32_t node, std::size_t depth) {
    std::vector<std::uint32_t> shown;
    std::size_t small_places = 0;
    double small_bytes = 0;
    for (const std::uint32_t child : children_[node]) {
      if (BytesOf(child) >= smallest_ && BytesOf(child) > 0) {
        shown.push_back(child);
      } else if (BytesOf(child) > 0) {
        ++small_places;
        small_bytes += BytesOf(child);
      }
    }
    if (depth + 1 >= kMaxDepth) {
      shown.clear();
      small_places = 0;
    }
    std::stable_sort(shown.begin(), shown.end(),
                     [this](std::uint32_t a, std::uint32_t b) { return BytesOf(a) > BytesOf(b); });
    const std::string name = node == 0 ? "(heap allocation functions) malloc/new/new[], --alloc-fns, etc."
                                       : ValgrindFrame(tree_.FrameOf(node));
    text_ += fmt::format("{:{}}n{}: {:.0f} {}\n", "", depth, shown.size() + (small_places > 0 ? 1 : 0),
                         BytesOf(node), name);
    for (const std::uint32_t child : shown) WriteNode(child, depth + 1);
    if (small_places > 0) {
      text_ += fmt::format("{:{}}n0: {:.0f} in {} place{}, {} below massif's threshold (1.00%)\n", "",
                           depth + 1, small_bytes, small_places, small_places == 1 ? "" : "s",
                           small_places == 1 ? "" : "all");
    }
  }

  const CallTree& tree_;
  report::Metric metric_;
  std::vector<std::vector<std::uint32_t>> children_;
  double smallest_;
  std::string text_;
};

struct Snapshot {
  CurvePoint point;
  std::string tree;  // what follows "heap_tree="
};

// Milliseconds are all that the format has: of points within one only the last is written, but never
// instead of the peak.
std::vector<Snapshot> SnapshotsOf(const Input& input, const CallTree& tree) {
  std::vector<CurvePoint> points = {{}};
  for (const aggregate::CurveInterval& interval : input.curve.intervals) {
    const bool has_peak = interval.highest == input.curve.peak && points.back() != input.curve.peak;
    if (has_peak) points.push_back(input.curve.peak);
    if (interval.end != points.back()) points.push_back(interval.end);
  }
  std::vector<Snapshot> snapshots;
  for (const CurvePoint& point : points) {
    const bool is_peak = point == input.curve.peak && point.live.bytes > 0;
    if (!snapshots.empty() && snapshots.back().tree == "empty" && snapshots.size() > 1 &&
        snapshots.back().point.time_ns / 1'000'000 == point.time_ns / 1'000'000) {
      snapshots.pop_back();
    }
    snapshots.push_back({point, is_peak ? "peak\n" + TreeText(tree, report::Metric::kPeak).Text() : "empty"});
  }
  if (snapshots.back().tree == "empty" && snapshots.back().point.live.bytes > 0) {
    snapshots.back().tree = "detailed\n" + TreeText(tree, report::Metric::kNotFreed).Text();
  }
  return snapshots;
}

}  // namespace

void WriteMassif(const Input& input, Sink& sink) {
  CallTree tree(TreeDirection::kBottomUp);
  for (const Stack& stack : input.stacks.all()) tree.Add(stack);
  tree.SumUp();
  sink.Write(fmt::format("desc: {}\ncmd: {}\ntime_unit: ms\n", ToolText(), CommandText(input.trace.info)));
  std::size_t number = 0;
  for (const Snapshot& snapshot : SnapshotsOf(input, tree)) {
    sink.Write(
        fmt::format("#-----------\nsnapshot={}\n#-----------\ntime={}\nmem_heap_B={}\n"
                    "mem_heap_extra_B=0\nmem_stacks_B=0\nheap_tree={}",
                    number++, snapshot.point.time_ns / 1'000'000, snapshot.point.live.bytes, snapshot.tree));
    if (!snapshot.tree.ends_with('\n')) sink.Write("\n");
  }
}

}  // namespace memtrace::exporting
