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

struct PointLife {
  std::uint64_t lifetimes_ns = 0;  // of all its blocks, summed up
  Amount live;
  Amount highest;  // the blocks then, with the bytes
};

class PointLives : public aggregate::BlockLives::Visitor {
 public:
  explicit PointLives(const Input& input) : input_(input) {}

  void Born(aggregate::LivingBlock& block) override { Raise(points_[block.node], block); }
  void Died(const aggregate::LivingBlock& block, std::uint64_t ticks, bool) override {
    PointLife& point = points_[block.node];
    point.live -= Amount{block.size, 1};
    point.lifetimes_ns += Age(block, input_.time_ns(ticks));
    died_at_ = ticks;
  }
  void Revived(const aggregate::LivingBlock& block, std::uint64_t, bool) override {
    PointLife& point = points_[block.node];
    point.lifetimes_ns -= Age(block, input_.time_ns(died_at_));
    Raise(point, block);
  }
  // Blocks that live on lived until the end.
  void LiveOn(const aggregate::LivingBlock& block) {
    points_[block.node].lifetimes_ns += Age(block, input_.trace.info.duration_ns);
  }

  const PointLife& Of(model::NodeId node) { return points_[node]; }

 private:
  std::uint64_t Age(const aggregate::LivingBlock& block, std::uint64_t until_ns) const {
    const std::uint64_t born_ns = input_.time_ns(block.born_ticks);
    return until_ns > born_ns ? until_ns - born_ns : 0;
  }
  static void Raise(PointLife& point, const aggregate::LivingBlock& block) {
    point.live += Amount{block.size, 1};
    if (point.live.bytes > point.highest.bytes) point.highest = point.live;
  }

  const Input& input_;
  std::unordered_map<model::NodeId, PointLife> points_;
  std::uint64_t died_at_ = 0;
};

std::string HeaderJson(const Input& input) {
  const auto us = [](std::uint64_t ns) { return ns / 1000; };
  return fmt::format(
      "{{\"dhatFileVersion\":2,\"mode\":\"heap\",\"verb\":\"Allocated\",\"bklt\":true,\"bkacc\":false,\n"
      "\"tu\":\"µs\",\"Mtu\":\"s\",\"tuth\":{},\n\"cmd\":{},\"pid\":{},\n\"tg\":{},\"te\":{},\n",
      kShortLivedUs, Quoted(CommandText(input.trace.info)), input.trace.info.pid,
      us(input.profile.peak_time_ns), us(input.trace.info.duration_ns));
}

std::string PointJson(const Stack& stack, const PointLife& life, const std::string& frames) {
  const report::Amounts& amounts = stack.amounts;
  return fmt::format(
      "{{\"tb\":{},\"tbk\":{},\"tl\":{},\"mb\":{},\"mbk\":{},\"gb\":{},\"gbk\":{},\"eb\":{},\"ebk\":{},"
      "\"fs\":[{}]}}",
      amounts.total.bytes, amounts.total.blocks, life.lifetimes_ns / 1000, life.highest.bytes,
      life.highest.blocks, amounts.peak.bytes, amounts.peak.blocks, amounts.not_freed.bytes,
      amounts.not_freed.blocks, frames);
}

}  // namespace

void WriteDhat(const Input& input, Sink& sink) {
  PointLives lives(input);
  input.for_each_life(lives, [&lives](const aggregate::LivingBlock& block) { lives.LiveOn(block); });
  std::unordered_map<std::string, std::size_t> numbers;
  std::vector<std::string> texts = {"[root]"};
  sink.Write(HeaderJson(input));
  sink.Write("\"pps\":[");
  bool is_first = true;
  for (const Stack& stack : input.stacks.all()) {
    std::string frames;
    for (const symbolize::Frame* frame : stack.frames) {
      const std::string text = ValgrindFrame(*frame);
      const auto [known, is_new] = numbers.try_emplace(text, texts.size());
      if (is_new) texts.push_back(text);
      frames += (frames.empty() ? "" : ",") + std::to_string(known->second);
    }
    sink.Write((is_first ? "\n" : ",\n") + PointJson(stack, lives.Of(stack.node), frames));
    is_first = false;
  }
  sink.Write("],\n\"ftbl\":[");
  for (std::size_t i = 0; i < texts.size(); ++i) sink.Write((i == 0 ? "\n" : ",\n") + Quoted(texts[i]));
  sink.Write("]}\n");
}

}  // namespace memtrace::exporting
