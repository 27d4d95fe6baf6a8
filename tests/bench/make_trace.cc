// SPDX-License-Identifier: MIT
// Writes a trace of any length, the same each time, to measure readers with:
//
//     make_trace EVENTS FILE [THREADS]        make_trace 100000000 big.mtr
//
// Blocks of 16 to 2063 bytes at 5,000 call sites in stacks of 20 frames; each thread keeps up to 20,000
// blocks and frees one at random when it allocates one, as programs do whose heap has grown up. One block in
// 50 is resized.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <vector>

#include "tests/format/trace_builder.h"

namespace {

using namespace memtrace;

constexpr unsigned kSites = 5000;
constexpr unsigned kDepth = 20;
constexpr std::size_t kLiveBlocks = 20'000;
constexpr std::size_t kEventsPerTurn = 4000;  // of one thread, before it is the next one's

class Generator {
 public:
  explicit Generator(std::uint32_t threads) : live_(threads) {
    trace_.Module({.start = 0x400000, .end = 0x4000000, .path = "/bin/generated"});
    for (std::uint32_t site = 0; site < kSites; ++site) {
      std::uint32_t node = 0;
      // Neighbours share all but their last four frames.
      for (std::uint32_t level = 0; level < kDepth; ++level) {
        const std::uint32_t path = level + 4 < kDepth ? site / 50 : site;
        if (level + 4 < kDepth && site % 50 != 0) {
          node = shared_[level];
          continue;
        }
        node = trace_.Node(node, 0x400000 + path * 0x1000ULL + level * 16 + 1);
        if (level + 4 < kDepth) shared_[level] = node;
      }
      leaves_.push_back(node);
    }
    for (std::uint32_t thread = 0; thread < threads; ++thread) trace_.Thread(thread, 100 + thread, "worker");
  }

  void Run(std::uint64_t events) {
    for (std::uint32_t thread = 0; events_ < events; thread = (thread + 1) % live_.size()) {
      for (const std::uint64_t end = events_ + kEventsPerTurn; events_ < end;) Step(thread);
    }
  }

  void WriteTo(const char* path) {
    trace_.End(ticks_ + 1, format::EndReason::kExit, 0);
    trace_.WriteTo(path);
  }

 private:
  void Step(std::uint32_t thread) {
    std::vector<std::uint64_t>& live = live_[thread];
    ticks_ += 2 + random_() % 30;
    if (!live.empty() && (live.size() >= kLiveBlocks || random_() % 4 == 0)) {
      std::uint64_t& block = live[random_() % live.size()];
      if (random_() % 50 == 0) {
        On(thread).ReallocBegin(ticks_, block);
        On(thread).Alloc(ticks_ + 1, block, 16 + random_() % 2048, leaves_[random_() % kSites]);
      } else {
        On(thread).Free(ticks_, block);
        free_.push_back(block);
        block = live.back();
        live.pop_back();
      }
    } else {
      std::uint64_t address = next_address_;
      if (free_.size() > 1000) {
        address = free_.back();
        free_.pop_back();
      } else {
        next_address_ += 2080;
      }
      On(thread).Alloc(ticks_, address, 16 + random_() % 2048, leaves_[random_() % kSites]);
      live.push_back(address);
    }
  }

  testing::WindowBuilder& On(std::uint32_t thread) {
    ++events_;
    if (!trace_.On(thread).HasRoom()) trace_.Seal(thread, format::Codec::kZstd);
    return trace_.On(thread);
  }

  testing::TraceBuilder trace_;
  std::mt19937_64 random_{7};
  std::vector<std::uint32_t> leaves_;
  std::uint32_t shared_[kDepth] = {};
  std::vector<std::vector<std::uint64_t>> live_;  // by thread
  std::vector<std::uint64_t> free_;
  std::uint64_t next_address_ = 0x10000000;
  std::uint64_t ticks_ = 1;
  std::uint64_t events_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  const std::uint64_t events = argc > 2 ? std::strtoull(argv[1], nullptr, 10) : 0;
  const unsigned long threads = argc > 3 ? std::strtoul(argv[3], nullptr, 10) : 1;
  if (events == 0 || threads == 0 || threads > 1000) {
    std::fprintf(stderr, "usage: make_trace EVENTS FILE [THREADS]\n");
    return 2;
  }
  Generator generator(static_cast<std::uint32_t>(threads));
  generator.Run(events);
  generator.WriteTo(argv[2]);
  return 0;
}
