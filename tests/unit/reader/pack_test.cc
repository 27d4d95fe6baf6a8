// SPDX-License-Identifier: MIT
// Packed traces: the same events, names that come back, and bytes that are not believed.
#include <gmock/gmock.h>

#include <cstring>
#include <deque>
#include <fstream>
#include <iterator>
#include <map>
#include <random>

#include "analyzer/reader/address_references.h"
#include "analyzer/reader/event_columns.h"
#include "analyzer/reader/pack_file.h"
#include "analyzer/reader/packed_events.h"
#include "analyzer/reader/symbols_codec.h"
#include "tests/unit/reader/reader_fixture.h"

namespace memtrace::reader {
namespace {

using ::testing::HasSubstr;

model::Symbols SomeSymbols() {
  model::Symbols symbols;
  symbols.strings = {"", "main", "/src/a.cc", "Inner", "int main() {"};
  symbols.frames = {{3, 2, 7, 1, 5}, {1, 2, 9, 2, 8}, {1, 0, 0, 0, 0}};
  symbols.modules = {{"/bin/app", "abcd", {{0x11f3, 0, 2}, {0x1280, 2, 1}}}, {"", "", {{~0ULL, 2, 1}}}};
  symbols.sources = {{2, 7, 4}};
  return symbols;
}

std::span<const std::uint8_t> BytesOf(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

TEST(SymbolsCodecTest, WhatWasWrittenComesBack) {
  const model::Symbols symbols = SomeSymbols();
  const std::string bytes = EncodeSymbols(symbols);
  model::Symbols back;
  ASSERT_EQ(DecodeSymbols(BytesOf(bytes), &back), nullptr);
  EXPECT_EQ(back.strings, symbols.strings);
  ASSERT_EQ(back.modules.size(), 2U);
  EXPECT_EQ(back.modules[0].path, "/bin/app");
  EXPECT_EQ(back.modules[0].addresses[1].address, 0x1280U);
  EXPECT_EQ(back.modules[1].build_id, "");
  EXPECT_EQ(back.modules[1].addresses[0].address, ~0ULL);
  EXPECT_EQ(back.frames[back.modules[0].addresses[0].first].function_line, 5U);
  EXPECT_EQ(back.sources[0].text, 4U);
  EXPECT_EQ(EncodeSymbols(back), bytes);
}

TEST(SymbolsCodecTest, CutsAndChangesAreNoticed) {
  const std::string bytes = EncodeSymbols(SomeSymbols());
  model::Symbols back;
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_NE(DecodeSymbols(BytesOf(bytes.substr(0, size)), &back), nullptr) << size;
  }
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    std::string changed = bytes;
    changed[at] = static_cast<char>(changed[at] ^ 0x41);
    const bool is_reserved = at >= 4 && at < 8;
    EXPECT_EQ(DecodeSymbols(BytesOf(changed), &back) == nullptr, is_reserved) << at;
  }
}

TEST(SymbolsCodecTest, TextThatRepeatsItselfBeyondBeliefIsStoredAsItIs) {
  model::Symbols symbols;
  symbols.strings.push_back(std::string(1'000'000, 'x'));
  const std::string bytes = EncodeSymbols(symbols);
  EXPECT_GT(bytes.size(), 1'000'000U);
  model::Symbols back;
  EXPECT_EQ(DecodeSymbols(BytesOf(bytes), &back), nullptr);
  EXPECT_EQ(back.strings, symbols.strings);
}

TEST(EventColumnsTest, EveryShapeComesBackToTheByte) {
  WindowBuilder window(0);
  window.Alloc(1, 0x1000, 24, 1).Free(2, 0x1000).Alloc(300, 0x1003, 5, 3).ReallocBegin(400, 0x20);
  window.ReallocCancel(401, 0x20).Reuse(402, 0x1008, 7);
  window.Map(1ULL << 33, 1, 2, 3).Unmap((1ULL << 33) + 1, 1, 2);
  window.Remap((1ULL << 33) + 2, 4, 5, 6, 7, 8).Break((1ULL << 33) + 3, 1, 2, 3).Time((1ULL << 33) + 9);
  window.Free((1ULL << 33) + 10, 0x1003, format::FreeForm::kDelete)
      .Alloc(1ULL << 40, 1ULL << 46, 1ULL << 46, 1 << 23);
  EventColumns columns;
  ASSERT_TRUE(SplitEvents(window.bytes(), &columns));
  ASSERT_TRUE(SplitEvents(window.bytes(), &columns));
  EventJoiner joiner(columns);
  std::vector<std::uint8_t> back(window.bytes().size());
  for (int i = 0; i < 2; ++i) {
    EXPECT_FALSE(joiner.done());
    ASSERT_TRUE(joiner.Join(back));
    EXPECT_EQ(back, window.bytes());
  }
  EXPECT_TRUE(joiner.done());
  EXPECT_FALSE(joiner.Join(back));
}

TEST(EventColumnsTest, HalfEventsAreRefused) {
  WindowBuilder window(0);
  window.Alloc(1, 0x1000, 24, 1).Map(9, 1, 2, 3);
  for (std::size_t size = 1; size < window.bytes().size(); ++size) {
    EventColumns columns;
    const std::span<const std::uint8_t> part(window.bytes().data(), size);
    WindowBuilder first(0);
    first.Alloc(1, 0x1000, 24, 1);
    EXPECT_EQ(SplitEvents(part, &columns), size == first.bytes().size()) << size;
  }
}

// A heap with free lists as glibc has them: what was freed last of a size is handed out first, and blocks
// live for a fixed number of allocations.
WindowBuilder BusyHeap(std::uint64_t seed, std::size_t pairs) {
  std::mt19937_64 random(seed);
  std::map<std::uint64_t, std::vector<std::uint64_t>> free;
  std::deque<std::pair<std::uint64_t, std::uint64_t>> live;  // address, size
  std::uint64_t next = 0x55550000;
  WindowBuilder window(0);
  for (std::uint64_t i = 0; i < pairs && window.HasRoom(); ++i) {
    const std::uint64_t size = 16 * (1 + random() % 8);
    auto& list = free[size];
    std::uint64_t address = next;
    if (list.empty()) {
      next += size + 16;
    } else {
      address = list.back();
      list.pop_back();
    }
    window.Alloc(10 * i, address, size - random() % 8, static_cast<std::uint32_t>(random() % 5));
    live.emplace_back(address, size);
    if (live.size() < 100) continue;
    if (random() % 16 == 0)
      window.ReallocBegin(10 * i + 3, live.front().first).ReallocCancel(10 * i + 4, live.front().first);
    window.Free(10 * i + 5, live.front().first);
    free[live.front().second].push_back(live.front().first);
    live.pop_front();
  }
  return window;
}

TEST(AddressReferencesTest, EveryShapeComesBackToTheByte) {
  WindowBuilder window(0);
  window.Alloc(1, 0x1000, 24, 1)
      .Free(2, 0x1000)
      .Alloc(3, 0x1000, 20, 1)
      .Alloc(4, 0x1000, 20, 1)
      .Free(5, 0x1000);
  window.Free(6, 0x1000).Free(7, 0x2000).Alloc(8, 0x2000, 1 << 20, 3).ReallocBegin(9, 0x2000);
  window.Alloc(10, 0x3000, 50, 2).ReallocBegin(11, 0x3000).ReallocCancel(12, 0x3000).Reuse(13, 0x3000, 5);
  window.Alloc(13, 0x3040, 50, 2).Reuse(13, 0x3000, 2).Free(13, 0x3000).Free(13, 0x3040);
  window.Map(14, 1, 2, 3).Unmap(15, 1, 2).Remap(16, 4, 5, 6, 7, 8).Break(17, 1, 2, 3).Time(18);
  window.Alloc(1ULL << 40, 1ULL << 46, 1ULL << 46, 1 << 23)
      .Free(1ULL << 41, 0x1003, format::FreeForm::kDelete);
  AddressBook writer, reader;
  for (int i = 0; i < 3; ++i) {  // the second time the book knows everything
    std::vector<std::uint8_t> events;
    ASSERT_TRUE(ReferAddresses(window.bytes(), &writer, &events));
    std::vector<std::uint8_t> back(window.bytes().size());
    ASSERT_TRUE(ResolveAddresses(events, &reader, back));
    EXPECT_EQ(back, window.bytes()) << i;
  }
}

TEST(AddressReferencesTest, HistoriesComeBackAndTakeLessRoom) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const WindowBuilder window = BusyHeap(seed, 5000);
    AddressBook writer, reader;
    std::vector<std::uint8_t> events;
    ASSERT_TRUE(ReferAddresses(window.bytes(), &writer, &events));
    std::vector<std::uint8_t> back(window.bytes().size());
    ASSERT_TRUE(ResolveAddresses(events, &reader, back));
    ASSERT_EQ(back, window.bytes()) << seed;
    EXPECT_LT(events.size(), window.bytes().size()) << seed;
  }
}

// Events that are no heap's: addresses at random, freed twice, handed out twice.
TEST(AddressReferencesTest, NonsenseComesBackToo) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    std::mt19937_64 random(seed);
    WindowBuilder window(0);
    for (std::uint64_t i = 0; i < 2000; ++i) {
      const std::uint64_t address = 0x1000 + 8 * (random() % 40);
      switch (random() % 6) {
        case 0:
          window.ReallocBegin(i, address);
          break;
        case 1:
          window.ReallocCancel(i, address);
          break;
        case 2:
        case 3:
          window.Free(i, address);
          break;
        default:
          window.Alloc(i, address, random() % 64, 0);
      }
    }
    AddressBook writer, reader;
    std::vector<std::uint8_t> events;
    ASSERT_TRUE(ReferAddresses(window.bytes(), &writer, &events));
    std::vector<std::uint8_t> back(window.bytes().size());
    ASSERT_TRUE(ResolveAddresses(events, &reader, back)) << seed;
    ASSERT_EQ(back, window.bytes()) << seed;
  }
}

TEST(AddressReferencesTest, NothingIsNothing) {
  AddressBook book;
  std::vector<std::uint8_t> events;
  EXPECT_TRUE(ReferAddresses({}, &book, &events));
  EXPECT_TRUE(events.empty());
  EXPECT_TRUE(ResolveAddresses({}, &book, {}));
}

TEST(AddressReferencesTest, NamesOfNothingAreRefused) {
  const WindowBuilder window = BusyHeap(1, 300);
  AddressBook writer;
  std::vector<std::uint8_t> events;
  ASSERT_TRUE(ReferAddresses(window.bytes(), &writer, &events));
  std::vector<std::uint8_t> back(window.bytes().size());
  for (std::size_t at = 0; at < events.size(); ++at) {
    std::vector<std::uint8_t> changed = events;
    changed[at] ^= 0x15;
    AddressBook reader;
    ResolveAddresses(changed, &reader,
                     back);  // whatever it says, it comes to an end and stays within its room
    AddressBook another;
    EXPECT_FALSE(ResolveAddresses(std::span(events).first(at), &another, back)) << at;  // does not fill it
  }
}

// The better form is taken, and both are read.
TEST(PackedEventsTest, AddressesThatAnAllocatorChoseCostLittle) {
  const WindowBuilder busy = BusyHeap(7, 20000);
  std::vector<WindowEvents> windows;
  for (std::uint64_t i = 0; i < 4; ++i) windows.push_back({i, 5 + i * 1'000'000, busy.bytes()});
  const std::string body = EncodePackedEvents(3, std::span(windows).first(1));
  ASSERT_FALSE(body.empty());
  EXPECT_LT(body.size(), busy.bytes().size() / 4) << "of which two thirds are addresses";
  std::vector<std::uint8_t> raw;
  ASSERT_EQ(DecodePackedEvents(BytesOf(body), 8, &raw), nullptr);
  raw.resize(raw.size() - 8);
  EXPECT_EQ(raw, busy.bytes());
  const std::string all = EncodePackedEvents(3, windows);
  ASSERT_EQ(DecodePackedEvents(BytesOf(all), 0, &raw), nullptr);
  EXPECT_TRUE(std::equal(busy.bytes().begin(), busy.bytes().end(),
                         raw.end() - static_cast<std::ptrdiff_t>(busy.bytes().size())));
}

TEST(PackedEventsTest, DamageInAnyByteIsNoticed) {
  WindowBuilder window(0);
  for (std::uint64_t i = 0; i < 40; ++i)
    window.Alloc(i * 3, 0x1000 + i * 64, 100 + i, 1).Free(i * 3 + 1, 0x1000 + i * 64);
  const std::vector<WindowEvents> windows = {{0, 5, window.bytes()}, {1, 200, window.bytes()}};
  const std::string body = EncodePackedEvents(3, windows);
  ASSERT_FALSE(body.empty());
  std::vector<std::uint8_t> raw;
  ASSERT_EQ(DecodePackedEvents(BytesOf(body), 8, &raw), nullptr);
  EXPECT_EQ(raw.size(), 2 * window.bytes().size() + 8);
  for (std::size_t at = 32; at < body.size(); ++at) {
    std::string changed = body;
    changed[at] = static_cast<char>(changed[at] ^ 0x41);
    EXPECT_NE(DecodePackedEvents(BytesOf(changed), 8, &raw), nullptr) << at;
  }
}

class PackTest : public ReaderTest {
 protected:
  static TraceBuilder Sample() {
    TraceBuilder builder;
    const auto root = builder.Node(0, 0x401000);
    const auto leaf = builder.Node(root, 0x402000, AllocKind::kNew);
    builder.Module({.start = 0x400000, .end = 0x500000, .path = "/bin/app", .build_id = "abcdefgh"});
    builder.Thread(0, 1, "main").Thread(1, 2, "second").Mark(25, 0, "mark").Checkpoint(26, {});
    for (std::uint64_t window = 0; window < 40; ++window) {
      for (std::uint64_t i = 0; i < 100; ++i) {
        const std::uint64_t tick = 1000 * window + 10 * i;
        builder.On(0).Alloc(tick, 0x1000 + 64 * i, 100 + i, leaf).Free(tick + 5, 0x1000 + 64 * i);
      }
      builder.Seal(0, window % 2 == 0 ? Codec::kZstd : Codec::kRaw);
      builder.On(1).Map(1000 * window + 3, 0x10000, 0x2000, root).Unmap(1000 * window + 7, 0x10000, 0x1000);
    }
    builder.On(0).Alloc(50'000, 0x77770, 9, root);  // stays in its window
    return builder.Note(60, "a note");
  }
  Result<PackedSizes> PackTo(const std::string& name, const model::Symbols& symbols = {}) const {
    return PackFile(Path(), Path(name), symbols);
  }
};

TEST_F(PackTest, EventsAndFactsAreTheSame) {
  auto before = Open(Sample());
  ASSERT_TRUE(PackTo("packed.mtr", SomeSymbols()).ok());
  auto after = TraceReader::Open(Path("packed.mtr"));
  ASSERT_TRUE(after.ok());
  EXPECT_EQ(Short(EventsOf(*after)), Short(EventsOf(before)));
  EXPECT_EQ(DamageOf(*after), "");
  EXPECT_EQ(after->trace().sites.size(), before.trace().sites.size());
  EXPECT_EQ(after->trace().modules.size(), 1U);
  EXPECT_EQ(after->trace().marks.size(), 1U);
  EXPECT_EQ(after->trace().checkpoints.size(), 1U);
  EXPECT_EQ(after->trace().notes.size(), 1U);
  EXPECT_EQ(after->trace().info.duration_ns, before.trace().info.duration_ns);
  EXPECT_EQ(after->trace().symbols.strings, SomeSymbols().strings);
  EXPECT_LT(std::filesystem::file_size(Path("packed.mtr")), std::filesystem::file_size(Path()) / 4);
}

TEST_F(PackTest, ADamagedTraceIsRefused) {
  std::string bytes = Sample().Build();
  for (std::size_t at = format::kFileHeaderBytes;; at += format::kChunkAlignBytes) {
    format::ChunkHeader chunk;
    std::memcpy(&chunk, bytes.data() + at, sizeof(chunk));
    if (chunk.magic != format::kChunkMagic || chunk.kind != 2) continue;
    bytes[at + 90] = static_cast<char>(bytes[at + 90] ^ 1);
    break;
  }
  testing::WriteFile(Path(), bytes);
  const auto packed = PackTo("packed.mtr");
  ASSERT_FALSE(packed.ok());
  EXPECT_THAT(packed.error().message, HasSubstr("is damaged at byte"));
  EXPECT_FALSE(std::filesystem::exists(Path("packed.mtr")));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 1)
      << "something was left behind";
}

// Cut or changed anywhere, a packed trace is read as far as it goes, or says what is wrong.
TEST_F(PackTest, APackedTraceCutAtEveryByte) {
  TraceBuilder small;
  small.On(0).Alloc(1, 0x10, 1, small.Node(0, 0x401000)).Free(2, 0x10);
  small.Seal(0);
  testing::WriteFile(Path(), small.End(9, format::EndReason::kExit, 0).Build());
  ASSERT_TRUE(PackTo("packed.mtr", SomeSymbols()).ok());
  std::ifstream file(Path("packed.mtr"), std::ios::binary);
  const std::string whole((std::istreambuf_iterator<char>(file)), {});
  for (std::size_t size = format::kFileHeaderBytes; size < whole.size(); ++size) {
    auto reader = OpenBytes(whole.substr(0, size));
    EXPECT_LE(EventsOf(reader).size(), 2U);
    const bool only_padding_is_missing = whole.find_first_not_of('\0', size) == std::string::npos;
    if (!only_padding_is_missing) {
      EXPECT_NE(DamageOf(reader), "") << size;
    }
  }
  for (std::size_t at = format::kFileHeaderBytes; at < whole.size(); ++at) {
    std::string changed = whole;
    changed[at] = static_cast<char>(changed[at] ^ 0x41);
    auto reader = OpenBytes(changed);
    EXPECT_LE(EventsOf(reader).size(), 2U);
  }
}

}  // namespace
}  // namespace memtrace::reader
