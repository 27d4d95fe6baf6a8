// SPDX-License-Identifier: MIT
// DHAT's JSON, version 2: valgrind's dh_view.html and the Firefox Profiler read it.
//
// One program point a stack: totals, lifetimes, its own maximum, what it held at the program's peak (t-gmax)
// and at the end. Accesses are not recorded by memtrace: "bkacc" says so.
#include <string>
#include <unordered_map>
#include <vector>

#include <fmt/format.h>

#include "analyzer/export/format.h"
#include "analyzer/export/text.h"

namespace memtrace::exporting {
namespace {

using aggregate::Amount;

constexpr int kShortLivedUs = 500;  // blocks that live shorter are counted apart by the viewer

// Stacks that read the same, which the viewer does not take twice.
struct Point {
  std::string frames;  // numbers of their texts, comma between
  report::Amounts amounts;
  std::uint64_t lifetimes_ns = 0;  // of all its blocks, summed up
  Amount live;
  Amount highest;  // the blocks then, with the bytes
};

class Points : public aggregate::BlockLives::Visitor {
 public:
  explicit Points(const Input& input) : input_(input) {
    for (const Stack& stack : input.stacks.all()) {
      const std::string frames = NumbersOf(stack);
      const auto [known, is_new] = by_frames_.try_emplace(frames, points_.size());
      if (is_new) points_.push_back({frames, {}, 0, {}, {}});
      points_[known->second].amounts.Add(stack.amounts);
      by_node_[stack.node] = known->second;
    }
  }

  void Born(aggregate::LivingBlock& block) override { Raise(Of(block), block); }
  void Died(aggregate::LivingBlock& block, const aggregate::BlockEnd& end) override {
    Of(block).live -= Amount{block.size, 1};
    Of(block).lifetimes_ns += Age(block, input_.time_ns(end.ticks));
  }
  void Revived(aggregate::LivingBlock& block, const aggregate::Revival& revival) override {
    Of(block).lifetimes_ns -= Age(block, input_.time_ns(revival.end.ticks));
    Raise(Of(block), block);
  }
  // Blocks that live on lived until the end.
  void LiveOn(const aggregate::LivingBlock& block) {
    Of(block).lifetimes_ns += Age(block, input_.trace.info.duration_ns);
  }

  const std::vector<Point>& all() const { return points_; }
  const std::vector<std::string>& frame_texts() const { return texts_; }

 private:
  std::string NumbersOf(const Stack& stack) {
    std::string numbers = stack.frames.empty() ? NumberOf("[no stack]") : "";
    for (const symbolize::Frame* frame : stack.frames) {
      numbers += (numbers.empty() ? "" : ",") + NumberOf(ValgrindFrame(*frame));
    }
    return numbers;
  }
  std::string NumberOf(const std::string& text) {
    const auto [known, is_new] = text_numbers_.try_emplace(text, texts_.size());
    if (is_new) texts_.push_back(text);
    return std::to_string(known->second);
  }
  Point& Of(const aggregate::LivingBlock& block) {
    const auto known = by_node_.find(block.node);
    return known == by_node_.end() ? nowhere_ : points_[known->second];
  }
  std::uint64_t Age(const aggregate::LivingBlock& block, std::uint64_t until_ns) const {
    const std::uint64_t born_ns = input_.time_ns(block.born_ticks);
    return until_ns > born_ns ? until_ns - born_ns : 0;
  }
  static void Raise(Point& point, const aggregate::LivingBlock& block) {
    point.live += Amount{block.size, 1};
    if (point.live.bytes > point.highest.bytes) point.highest = point.live;
  }

  const Input& input_;
  std::vector<Point> points_;
  std::unordered_map<std::string, std::size_t> by_frames_;
  std::unordered_map<model::NodeId, std::size_t> by_node_;
  std::vector<std::string> texts_ = {"[root]"};
  std::unordered_map<std::string, std::size_t> text_numbers_;
  Point nowhere_;  // for nodes of a damaged trace, which has no such site
};

std::string HeaderJson(const Input& input) {
  const auto us = [](std::uint64_t ns) { return ns / 1000; };
  return fmt::format(
      "{{\"dhatFileVersion\":2,\"mode\":\"heap\",\"verb\":\"Allocated\",\"bklt\":true,\"bkacc\":false,\n"
      "\"tu\":\"µs\",\"Mtu\":\"s\",\"tuth\":{},\n\"cmd\":{},\"pid\":{},\n\"tg\":{},\"te\":{},\n",
      kShortLivedUs, Quoted(CommandText(input.trace.info)), input.trace.info.pid,
      us(input.profile.peak_time_ns), us(input.trace.info.duration_ns));
}

std::string PointJson(const Point& point) {
  const report::Amounts& amounts = point.amounts;
  return fmt::format(
      "{{\"tb\":{},\"tbk\":{},\"tl\":{},\"mb\":{},\"mbk\":{},\"gb\":{},\"gbk\":{},\"eb\":{},\"ebk\":{},"
      "\"fs\":[{}]}}",
      amounts.total.bytes, amounts.total.blocks, point.lifetimes_ns / 1000, point.highest.bytes,
      point.highest.blocks, amounts.peak.bytes, amounts.peak.blocks, amounts.not_freed.bytes,
      amounts.not_freed.blocks, point.frames);
}

}  // namespace

void WriteDhat(const Input& input, Sink& sink) {
  Points points(input);
  input.for_each_life(points, [&points](const aggregate::LivingBlock& block) { points.LiveOn(block); });
  sink.Write(HeaderJson(input));
  sink.Write("\"pps\":[");
  for (std::size_t i = 0; i < points.all().size(); ++i) {
    sink.Write((i == 0 ? "\n" : ",\n") + PointJson(points.all()[i]));
  }
  sink.Write("],\n\"ftbl\":[");
  for (std::size_t i = 0; i < points.frame_texts().size(); ++i) {
    sink.Write((i == 0 ? "\n" : ",\n") + Quoted(points.frame_texts()[i]));
  }
  sink.Write("]}\n");
}

}  // namespace memtrace::exporting
