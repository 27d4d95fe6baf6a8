// SPDX-License-Identifier: MIT
// heaptrack's interpreted file, version 3, gzipped: heaptrack_gui and heaptrack_print read it.
//
//     v VERSION FORMAT    X command    I page-size pages      header
//     s LENGTH TEXT                                           strings, counted from 1
//     i IP MODULE [FUNCTION FILE LINE]…                       instructions: innermost inlined call first
//     t INSTRUCTION PARENT                                    stacks, counted from 1; parent 0: outermost
//     a SIZE STACK                                            kinds of allocation, counted from 0
//     + KIND   - KIND   c MILLISECONDS   R RESIDENT-PAGES     what happened; all numbers are hexadecimal
#include <string>
#include <unordered_map>
#include <vector>

#include <fmt/format.h>
#include <tsl/robin_map.h>

#include "analyzer/export/format.h"
#include "analyzer/export/text.h"

namespace memtrace::exporting {
namespace {

constexpr int kHeaptrackVersion = 0x10400;
constexpr int kFileVersion = 3;
constexpr int kGzipLevel = 1;  // the file has a line for every event

class HeaptrackWriter : public aggregate::BlockLives::Visitor {
 public:
  HeaptrackWriter(const Input& input, Sink& sink) : input_(input), sink_(sink) {
    for (const Stack& stack : input.stacks.all()) stacks_.emplace(stack.node, &stack);
  }

  void Begin() {
    std::uint64_t pages = 0;
    for (const model::Checkpoint& checkpoint : input_.trace.checkpoints) {
      if (checkpoint.virtual_size != format::kUnknown) pages = std::max(pages, checkpoint.virtual_size);
    }
    sink_.Write(fmt::format("v {:x} {:x}\nX {}\nI {:x} {:x}\n", kHeaptrackVersion, kFileVersion,
                            CommandText(input_.trace.info), format::kPageBytes, pages / format::kPageBytes));
  }

  void End() { TellTime(input_.trace.info.duration_ns); }

  void Born(aggregate::LivingBlock& block) override {
    TellTime(input_.time_ns(block.born_ticks));
    block.tags[0] = KindOf(block.size, block.node);
    sink_.Write(fmt::format("+ {:x}\n", block.tags[0]));
  }
  void Died(aggregate::LivingBlock& block, const aggregate::BlockEnd& end) override {
    TellTime(input_.time_ns(end.ticks));
    sink_.Write(fmt::format("- {:x}\n", block.tags[0]));
  }
  void Revived(aggregate::LivingBlock& block, const aggregate::Revival& revival) override {
    TellTime(input_.time_ns(revival.ticks));
    sink_.Write(fmt::format("+ {:x}\n", block.tags[0]));
  }

 private:
  void TellTime(std::uint64_t time_ns) {
    while (next_checkpoint_ < input_.trace.checkpoints.size() &&
           input_.trace.checkpoints[next_checkpoint_].time_ns <= time_ns) {
      const model::Checkpoint& checkpoint = input_.trace.checkpoints[next_checkpoint_++];
      TellMilliseconds(checkpoint.time_ns / 1'000'000);
      if (checkpoint.resident == format::kUnknown) continue;
      sink_.Write(fmt::format("R {:x}\n", checkpoint.resident / format::kPageBytes));
    }
    TellMilliseconds(time_ns / 1'000'000);
  }

  void TellMilliseconds(std::uint64_t ms) {
    if (ms <= last_ms_) return;
    last_ms_ = ms;
    sink_.Write(fmt::format("c {:x}\n", ms));
  }

  std::size_t TextNumber(const std::string& text) {
    if (text.empty()) return 0;
    const auto [known, is_new] = texts_.try_emplace(text, texts_.size() + 1);
    if (is_new) sink_.Write(fmt::format("s {:x} {}\n", text.size(), text));
    return known->second;
  }

  // `frames`: one machine frame, its inlined calls first.
  std::size_t InstructionOf(FrameSpan frames) {
    const auto [known, is_new] = instructions_.try_emplace(frames.front(), instructions_.size() + 1);
    if (!is_new) return known->second;
    std::string line =
        fmt::format("i {:x} {:x}", frames.front()->pc, TextNumber(frames.front()->module_path));
    for (const symbolize::Frame* frame : frames) {
      if (frame->function.empty() && !frame->has_line()) continue;
      line += fmt::format(" {:x} {:x} {:x}", TextNumber(NameOf(*frame)), TextNumber(FileOf(*frame)),
                          frame->has_line() ? frame->line : 0);
    }
    sink_.Write(line + "\n");
    return known->second;
  }

  std::size_t TraceOf(model::NodeId node) {
    const auto [known, is_new] = trace_of_node_.try_emplace(node, 0);
    if (!is_new) return known->second;
    const auto stack = stacks_.find(node);
    if (stack == stacks_.end()) return 0;
    const auto& frames = stack->second->frames;
    std::size_t trace = 0;
    for (std::size_t end = frames.size(); end > 0;) {
      std::size_t begin = end - 1;
      while (begin > 0 && frames[begin - 1]->is_inlined) --begin;
      const std::size_t instruction = InstructionOf(FrameSpan(frames).subspan(begin, end - begin));
      const std::uint64_t key = static_cast<std::uint64_t>(trace) << 32 | instruction;
      const auto [place, is_first] = traces_.try_emplace(key, traces_.size() + 1);
      if (is_first) sink_.Write(fmt::format("t {:x} {:x}\n", instruction, trace));
      trace = place->second;
      end = begin;
    }
    return trace_of_node_[node] = trace;
  }

  std::uint32_t KindOf(std::uint64_t size, model::NodeId node) {
    const auto [known, is_new] =
        kinds_.try_emplace(Kind{size, node}, static_cast<std::uint32_t>(kinds_.size()));
    const std::uint32_t number = known->second;
    if (is_new) sink_.Write(fmt::format("a {:x} {:x}\n", size, TraceOf(node)));
    return number;
  }

  struct Kind {
    std::uint64_t size;
    model::NodeId node;
    bool operator==(const Kind&) const = default;
  };
  struct KindHash {
    std::size_t operator()(const Kind& kind) const {
      const std::uint64_t mixed = kind.size * 0x9e3779b97f4a7c15ULL ^ kind.node * 0xc2b2ae3d27d4eb4fULL;
      return mixed ^ mixed >> 32;
    }
  };

  const Input& input_;
  Sink& sink_;
  std::unordered_map<model::NodeId, const Stack*> stacks_;
  std::unordered_map<std::string, std::size_t> texts_;
  std::unordered_map<const symbolize::Frame*, std::size_t> instructions_;
  std::unordered_map<std::uint64_t, std::size_t> traces_;
  std::unordered_map<model::NodeId, std::size_t> trace_of_node_;
  tsl::robin_map<Kind, std::uint32_t, KindHash> kinds_;
  std::size_t next_checkpoint_ = 0;
  std::uint64_t last_ms_ = 0;
};

}  // namespace

void WriteHeaptrack(const Input& input, Sink& sink) {
  GzipSink gzip(sink, kGzipLevel);
  HeaptrackWriter writer(input, gzip);
  writer.Begin();
  input.for_each_life(writer, {});
  writer.End();
  (void)gzip.Finish();  // the sink behind it keeps its error and is asked for it again
}

}  // namespace memtrace::exporting
