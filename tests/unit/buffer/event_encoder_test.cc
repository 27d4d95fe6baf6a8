// SPDX-License-Identifier: MIT
// Tests that what the recorder encodes is what the analyzer decodes, for chosen and for random events.
#include "preload/buffer/event_encoder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <random>
#include <vector>

#include "analyzer/reader/event_decoder.h"

namespace memtrace::preload {
namespace {

using model::Event;
using model::EventType;

// A window in memory with an encoder on it.
class EventEncoderTest : public testing::Test {
 protected:
  static constexpr std::uint64_t kBaseTicks = 1'000'000;

  void SetUp() override { Restart(); }
  void Restart() {
    window_ = reinterpret_cast<format::WindowHeader*>(memory_.data() + sizeof(format::ChunkHeader));
    *window_ = {};
    window_->base_ticks = kBaseTicks;
    encoder_.Begin(window_);
  }

  std::vector<Event> Decode() {
    static const std::vector<model::NodeId> kSame = [] {
      std::vector<model::NodeId> same(1 << 20);
      for (std::uint32_t i = 0; i < same.size(); ++i) same[i] = i;
      return same;
    }();
    // The decoder wants padding behind the data, which a full window does not have.
    std::vector<std::uint8_t> bytes(encoder_.data(), encoder_.data() + encoder_.used_bytes());
    const std::size_t used = bytes.size();
    bytes.resize(used + reader::EventDecoder::kPaddingBytes);
    reader::EventDecoder decoder;
    decoder.Start(std::span(bytes.data(), used), 0, kBaseTicks, kSame);
    std::vector<Event> events(70'000);
    events.resize(decoder.Decode(events));
    EXPECT_TRUE(decoder.done());
    EXPECT_FALSE(decoder.error().has_value()) << decoder.error()->what;
    return events;
  }

  std::vector<std::uint8_t> Bytes() const { return {encoder_.data(), encoder_.data() + encoder_.used_bytes()}; }

  alignas(4096) std::array<char, format::kWindowBytes> memory_{};
  format::WindowHeader* window_ = nullptr;
  EventEncoder encoder_;
};

TEST_F(EventEncoderTest, EncodesTheHeadersExample) {
  encoder_.Alloc(kBaseTicks, 0x1000, 8, 1);
  const std::size_t start = encoder_.used_bytes();
  encoder_.Free(kBaseTicks + 3, 0x1000, format::FreeForm::kFree);
  encoder_.Alloc(kBaseTicks + 8, 0x1020, 100, 1);
  const std::vector<std::uint8_t> all = Bytes();
  EXPECT_EQ(std::vector<std::uint8_t>(all.begin() + static_cast<long>(start), all.end()),
            (std::vector<std::uint8_t>{0x40, 0x03, 0x91, 0x04, 0x08, 0x64, 0x05}));
}

TEST_F(EventEncoderTest, CommitsAfterEveryEvent) {
  EXPECT_EQ(window_->used_bytes, 0u);
  encoder_.Alloc(kBaseTicks, 0x1000, 8, 1);
  EXPECT_EQ(window_->used_bytes, encoder_.used_bytes());
  EXPECT_GT(window_->used_bytes, 0u);
}

TEST_F(EventEncoderTest, KeepsExtremes) {
  const std::uint64_t far = 0x7fff'ffff'fff8ULL;
  encoder_.Alloc(kBaseTicks, 8, 0, 1);
  encoder_.Alloc(kBaseTicks + (1ULL << 40), far, (1ULL << 47) - 1, (1 << 20) - 1);
  encoder_.Free(kBaseTicks + (1ULL << 41), 8, format::FreeForm::kDeleteArray);
  const auto events = Decode();
  ASSERT_EQ(events.size(), 3u);
  EXPECT_EQ(events[0].size, 0u);
  EXPECT_EQ(events[1].ticks, kBaseTicks + (1ULL << 40));
  EXPECT_EQ(events[1].address, far);
  EXPECT_EQ(events[1].size, (1ULL << 47) - 1);
  EXPECT_EQ(events[1].node, (1u << 20) - 1);
  EXPECT_EQ(events[2].address, 8u);
  EXPECT_EQ(events[2].free_form, format::FreeForm::kDeleteArray);
}

TEST_F(EventEncoderTest, KeepsOddAddresses) {
  encoder_.Alloc(kBaseTicks, 0x1003, 5, 7);
  encoder_.Free(kBaseTicks + 1, 0x1003, format::FreeForm::kDelete);
  const auto events = Decode();
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].address, 0x1003u);
  EXPECT_EQ(events[0].node, 7u);
  EXPECT_EQ(events[1].address, 0x1003u);
  EXPECT_EQ(events[1].free_form, format::FreeForm::kDelete);
}

TEST_F(EventEncoderTest, ReallocAndMappings) {
  encoder_.ReallocBegin(kBaseTicks + 1, 0x2000);
  encoder_.ReallocCancel(kBaseTicks + 2, 0x2000);
  encoder_.Plain(format::ExtendedEvent::kMap, kBaseTicks + 3, 9u, 0x7f0000000000ULL, 8192ULL, 3u, 0x22u);
  encoder_.Plain(format::ExtendedEvent::kUnmap, kBaseTicks + 4, 0x7f0000000000ULL, 4096ULL);
  encoder_.Plain(format::ExtendedEvent::kRemap, kBaseTicks + 5, 9u, 0x7f0000001000ULL, 4096ULL, 0x7e0000000000ULL, 16384ULL);
  encoder_.Plain(format::ExtendedEvent::kBreak, kBaseTicks + 6, 9u, 0x5000ULL, 0x9000ULL);
  const auto events = Decode();
  ASSERT_EQ(events.size(), 6u);
  EXPECT_EQ(events[0].type, EventType::kReallocBegin);
  EXPECT_EQ(events[1].type, EventType::kReallocCancel);
  EXPECT_EQ(events[1].address, 0x2000u);
  EXPECT_EQ(events[2].type, EventType::kMap);
  EXPECT_EQ(events[2].size, 8192u);
  EXPECT_EQ(events[2].node, 9u);
  EXPECT_EQ(events[3].type, EventType::kUnmap);
  EXPECT_EQ(events[4].type, EventType::kRemap);
  EXPECT_EQ(events[4].old_address, 0x7f0000001000u);
  EXPECT_EQ(events[4].size, 16384u);
  EXPECT_EQ(events[5].type, EventType::kBreak);
  EXPECT_EQ(events[5].address, 0x9000u);
}

TEST_F(EventEncoderTest, ReuseKeepsToTheRunningValues) {
  encoder_.Alloc(kBaseTicks, 0x1000, 56, 7);
  EXPECT_EQ(encoder_.last_address(), 0x1000u);
  encoder_.Reuse(kBaseTicks + 2, 0x2000, 3);
  EXPECT_EQ(encoder_.last_address(), 0x2000u);
  encoder_.Alloc(kBaseTicks + 3, 0x2040, 24, 4);
  const auto events = Decode();
  ASSERT_EQ(events.size(), 3u);
  EXPECT_EQ(events[1].type, EventType::kReuse);
  EXPECT_EQ(events[1].ticks, kBaseTicks + 2);
  EXPECT_EQ(events[1].address, 0x2000u);
  EXPECT_EQ(events[1].node, 3u);
  EXPECT_EQ(events[2].address, 0x2040u);
  EXPECT_EQ(events[2].node, 4u);
}

TEST_F(EventEncoderTest, TimeThatRunsBackwardsStandsStill) {
  encoder_.Free(kBaseTicks + 100, 0x1000, format::FreeForm::kFree);
  encoder_.Free(kBaseTicks + 50, 0x1000, format::FreeForm::kFree);
  encoder_.Free(kBaseTicks + 120, 0x1000, format::FreeForm::kFree);
  const auto events = Decode();
  EXPECT_EQ(events[1].ticks, kBaseTicks + 100);
  EXPECT_EQ(events[2].ticks, kBaseTicks + 120);
}

// One random event, encoded and expected. Widths are drawn first, so that every byte count of every field occurs.
Event RandomEvent(std::mt19937_64& random, std::uint64_t ticks) {
  const auto number = [&](unsigned max_bits) { return random() >> (64 - 1 - random() % max_bits); };
  Event event;
  event.ticks = ticks;
  event.type = random() % 2 == 0 ? EventType::kAlloc : EventType::kFree;
  event.address = number(47) & ~7ULL;
  if (random() % 50 == 0) event.address |= 4;
  if (event.type == EventType::kAlloc) {
    event.size = number(47);
    event.node = static_cast<model::NodeId>(number(20));
  } else {
    event.free_form = static_cast<format::FreeForm>(random() % 3);
  }
  return event;
}

TEST_F(EventEncoderTest, RandomEventsComeBack) {
  std::mt19937_64 random(20261120);
  for (int round = 0; round < 200; ++round) {
    Restart();
    std::vector<Event> expected;
    std::uint64_t ticks = kBaseTicks;
    while (encoder_.HasRoom() && expected.size() < 3000) {
      ticks += random() >> (64 - 1 - random() % 36);
      const Event event = RandomEvent(random, ticks);
      expected.push_back(event);
      if (event.type == EventType::kAlloc) {
        encoder_.Alloc(event.ticks, event.address, event.size, event.node);
      } else {
        encoder_.Free(event.ticks, event.address, event.free_form);
      }
    }
    const auto events = Decode();
    ASSERT_EQ(events.size(), expected.size());
    for (std::size_t i = 0; i < events.size(); ++i) {
      ASSERT_EQ(events[i].ticks, expected[i].ticks) << i;
      ASSERT_EQ(events[i].address, expected[i].address) << i;
      ASSERT_EQ(events[i].size, expected[i].size) << i;
      ASSERT_EQ(events[i].node, expected[i].node) << i;
      ASSERT_EQ(events[i].type, expected[i].type) << i;
      ASSERT_EQ(events[i].free_form, expected[i].free_form) << i;
    }
  }
}

TEST_F(EventEncoderTest, NeverWritesBehindTheWindow) {
  std::vector<std::uint8_t> guard(format::kWindowBytes + 4096, 0xab);
  auto* window = reinterpret_cast<format::WindowHeader*>(guard.data() + sizeof(format::ChunkHeader));
  *window = {};
  encoder_.Begin(window);
  std::uint64_t ticks = 0;
  while (encoder_.HasRoom()) {
    encoder_.Plain(format::ExtendedEvent::kRemap, ticks += 1ULL << 60, ~0u, ~0ULL, ~0ULL, ~0ULL, ~0ULL);
  }
  for (std::size_t i = format::kWindowBytes; i < guard.size(); ++i) ASSERT_EQ(guard[i], 0xab) << i;
}

}  // namespace
}  // namespace memtrace::preload
