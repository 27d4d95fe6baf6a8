// SPDX-License-Identifier: MIT
#include "analyzer/reader/event_decoder.h"

#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <random>

#include "tests/unit/reader/reader_fixture.h"

namespace memtrace::reader {
namespace {

// A window's worth of bytes with nothing readable behind the padding: the memory ends there.
struct Window {
  explicit Window(const std::vector<std::uint8_t>& bytes)
      : size(bytes.size()), data(new std::uint8_t[bytes.size() + EventDecoder::kPaddingBytes]()) {
    std::copy(bytes.begin(), bytes.end(), data.get());
  }
  std::size_t size;
  std::unique_ptr<std::uint8_t[]> data;
};

struct Decoded {
  std::vector<Event> events;
  std::optional<DecodeError> error;
  std::uint64_t unknown_nodes = 0;
};

Decoded Decode(const std::vector<std::uint8_t>& bytes, std::uint64_t base_ticks = 0,
               std::size_t batch = 512) {
  static const std::vector<model::NodeId> canonical = [] {
    std::vector<model::NodeId> ids(1000);
    for (model::NodeId id = 0; id < ids.size(); ++id) ids[id] = id;
    ids[7] = 5;
    ids[9] = kNoNode;
    return ids;
  }();
  const Window window(bytes);
  EventDecoder decoder;
  decoder.Start({window.data.get(), window.size}, 3, base_ticks, canonical);
  Decoded decoded;
  std::vector<Event> out(batch);
  for (std::size_t count; (count = decoder.Decode(out)) > 0;) {
    decoded.events.insert(decoded.events.end(), out.begin(),
                          out.begin() + static_cast<std::ptrdiff_t>(count));
  }
  EXPECT_TRUE(decoder.done());
  decoded.error = decoder.error();
  decoded.unknown_nodes = decoder.unknown_nodes();
  return decoded;
}

// The two examples above the recorder's encoder.
TEST(EventDecoder, ReadsTheRecordersOwnExamples) {
  const auto decoded = Decode({0x40, 0x03, 0x91, 0x04, 0x08, 0x64, 0x05}, 1000);
  ASSERT_FALSE(decoded.error);
  EXPECT_EQ(Short(decoded.events), "3:f0@1003 3:a20+100@1008");
}

TEST(EventDecoder, ReadsEveryKindOfEvent) {
  WindowBuilder window(100);
  window.Alloc(100, 0x7f0000001000, 24, 5)
      .Free(101, 0x7f0000001000, format::FreeForm::kDeleteArray)
      .Alloc(400, 0x1003, 5, 2)  // an odd address
      .Free(1ULL << 40, 0x1003)  // and a long pause
      .ReallocBegin((1ULL << 40) + 1, 0x2000)
      .ReallocCancel((1ULL << 40) + 2, 0x2000)
      .Time((1ULL << 40) + 3)
      .Map((1ULL << 40) + 4, 0x10000, 0x3000, 6)
      .Unmap((1ULL << 40) + 5, 0x11000, 0x1000)
      .Remap((1ULL << 40) + 6, 0x10000, 0x1000, 0x90000, 0x5000, 8)
      .Break((1ULL << 40) + 7, 0x50000, 0x60000, 4)
      .Reuse((1ULL << 40) + 8, 0x1ff0, 3)
      .Alloc((1ULL << 40) + 9, 0x1ff8, 1, 4);
  const auto decoded = Decode(window.bytes(), 100);
  ASSERT_FALSE(decoded.error);
  EXPECT_EQ(Short(decoded.events),
            "3:a7f0000001000+24@100 3:f7f0000001000@101 3:a1003+5@400 3:f1003@1099511627776 "
            "3:b2000@1099511627777 3:c2000@1099511627778 3:m10000@1099511627780 3:u11000@1099511627781 "
            "3:r90000@1099511627782 3:k60000@1099511627783 3:s1ff0@1099511627784 "
            "3:a1ff8+1@1099511627785");
  EXPECT_EQ(decoded.events[1].free_form, format::FreeForm::kDeleteArray);
  EXPECT_EQ(decoded.events[6].node, 6U);
  EXPECT_EQ(decoded.events[8].old_size, 0x1000U);
  EXPECT_EQ(decoded.events[8].size, 0x5000U);
  EXPECT_EQ(decoded.events[9].old_address, 0x50000U);
  EXPECT_EQ(decoded.events[10].node, 3U);
  EXPECT_EQ(decoded.events[11].node, 4U);
}

TEST(EventDecoder, MapsNodesAndCountsUnknownOnes) {
  WindowBuilder window(0);
  window.Alloc(1, 16, 1, 7).Alloc(2, 32, 1, 9).Alloc(3, 48, 1, 100'000).Alloc(4, 64, 1, 8);
  const auto decoded = Decode(window.bytes());
  ASSERT_EQ(decoded.events.size(), 4U);
  EXPECT_EQ(decoded.events[0].node, 5U);
  EXPECT_EQ(decoded.events[1].node, 0U);
  EXPECT_EQ(decoded.events[2].node, 0U);
  EXPECT_EQ(decoded.events[3].node, 8U);
  EXPECT_EQ(decoded.unknown_nodes, 2U);
}

struct Malformed {
  const char* name;
  std::vector<std::uint8_t> bytes;
  const char* what;
};

// Names the cases in the test's output instead of their bytes.
void PrintTo(const Malformed& malformed, std::ostream* out) {
  *out << malformed.name;
}

class EventDecoderErrors : public ::testing::TestWithParam<Malformed> {};

TEST_P(EventDecoderErrors, NamesTheEventsFirstByte) {
  std::vector<std::uint8_t> bytes = {0x40, 0x03};  // a sound event first
  bytes.insert(bytes.end(), GetParam().bytes.begin(), GetParam().bytes.end());
  const auto decoded = Decode(bytes);
  EXPECT_EQ(decoded.events.size(), 1U);
  ASSERT_TRUE(decoded.error);
  EXPECT_EQ(decoded.error->offset, 2U);
  EXPECT_STREQ(decoded.error->what, GetParam().what);
}

INSTANTIATE_TEST_SUITE_P(
    All, EventDecoderErrors,
    ::testing::Values(
        Malformed{"allocation_head_cut", {0x01}, "an event is cut off"},
        Malformed{"allocation_field_cut", {0x91, 0x04, 0x08, 0x64}, "an event is cut off"},
        Malformed{"allocation_reserved_bits", {0x01, 0x10}, "an allocation event has unknown bits set"},
        Malformed{"free_field_cut", {0x40}, "an event is cut off"},
        Malformed{"extended_time_cut", {0x06}, "an event is cut off or has an overlong number"},
        Malformed{"extended_time_overlong",
                  {0x06, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02},
                  "an event is cut off or has an overlong number"},
        Malformed{"extended_field_cut",
                  {0x06 | 2 << 3, 0x01, 0x10},
                  "an event is cut off or has an overlong number"},
        Malformed{"extended_unknown_kind", {0x06 | 10 << 3, 0x01}, "an event is of no known kind"},
        Malformed{"extended_unknown_form", {0x06 | 2 << 3, 0x01, 0x10, 0x03}, "an event is of no known kind"},
        Malformed{"impossible_time",
                  {0x06, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
                  "an event's time is impossible"}),
    [](const auto& test) { return test.param.name; });

TEST(EventDecoder, ATimeThatCreepsBeyondReasonEndsTheWindow) {
  std::vector<std::uint8_t> bytes;
  for (int i = 0; i < 5; ++i)
    bytes.insert(bytes.end(), {0x06, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x1f});
  const auto decoded = Decode(bytes, 1ULL << 61);
  ASSERT_TRUE(decoded.error);
  EXPECT_STREQ(decoded.error->what, "an event's time is impossible");
  EXPECT_TRUE(Decode({}, ~0ULL).error);  // a base time may be nonsense too
}

Event RandomEvent(std::mt19937_64& random, std::uint64_t* ticks) {
  Event event;
  *ticks += random() >> (random() % 63 + 1) >> 8;
  *ticks &= (1ULL << 61) - 1;
  event.ticks = *ticks;
  event.thread = 3;
  event.type = static_cast<EventType>(random() % 9);
  const std::uint64_t word = random() >> (random() % 57 + 7);
  event.address = word & ~7ULL;
  const bool has_node = event.type == EventType::kAlloc || event.type >= EventType::kMap;
  if (has_node && event.type != EventType::kUnmap)
    event.node = static_cast<model::NodeId>(10 + random() % 900);
  switch (event.type) {
    case EventType::kAlloc:
      event.size = random() >> (random() % 64);
      if (random() % 4 == 0) event.address = word;
      break;
    case EventType::kFree:
      event.free_form = static_cast<format::FreeForm>(random() % 3);
      if (random() % 4 == 0) event.address = word;
      break;
    case EventType::kMap:
    case EventType::kUnmap:
      event.size = random();
      break;
    case EventType::kRemap:
      event.size = random();
      event.old_size = random();
      event.old_address = random();
      break;
    case EventType::kBreak:
      event.old_address = random();
      break;
    default:
      break;
  }
  return event;
}

// Property: what the test's own writer puts in comes out again, whatever the batch size.
TEST(EventDecoder, RandomEventsSurviveTheRoundTrip) {
  std::mt19937_64 random(20250101);
  for (int round = 0; round < 300; ++round) {
    std::uint64_t ticks = random() >> 8;
    const std::uint64_t base = ticks;
    WindowBuilder window(base);
    std::vector<Event> expected;
    while (window.HasRoom() && expected.size() < 2000) {
      // The clock may only run forward inside a window.
      Event event = RandomEvent(random, &ticks);
      if (!expected.empty() && event.ticks < expected.back().ticks) break;
      if (expected.empty() && event.ticks < base) break;
      window.Add(event);
      expected.push_back(event);
    }
    const auto decoded = Decode(window.bytes(), base, round % 7 + 1);
    ASSERT_FALSE(decoded.error) << decoded.error->what;
    ASSERT_EQ(decoded.events.size(), expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) {
      ASSERT_EQ(std::memcmp(&decoded.events[i], &expected[i], sizeof(Event)), 0)
          << Short(decoded.events[i]) << " instead of " << Short(expected[i]);
    }
  }
}

// Property: any bytes at all end with events and perhaps an error, and reading stays inside the window and
// its padding (AddressSanitizer would tell).
TEST(EventDecoder, RandomBytesAreHarmless) {
  std::mt19937_64 random(7);
  for (int round = 0; round < 20'000; ++round) {
    std::vector<std::uint8_t> bytes(random() % 80);
    for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random());
    const auto decoded = Decode(bytes, random() >> (random() % 60));
    EXPECT_LE(decoded.events.size(), bytes.size());
    EXPECT_LE(decoded.error ? decoded.error->offset : 0, bytes.size());
  }
}

}  // namespace
}  // namespace memtrace::reader
