// SPDX-License-Identifier: MIT
// FORMAT.md's worked example, taken from the document itself: the bytes it prints give the events it prints.
#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <sstream>

#include "analyzer/reader/event_decoder.h"

namespace memtrace::reader {
namespace {

constexpr std::uint64_t kTraceId = 0x0123456789abcdef;
constexpr std::uint64_t kOffset = 8192;

// The lines between ```label and ```.
std::vector<std::string> Listing(const std::string& label) {
  std::ifstream document(MEMTRACE_FORMAT_DOCUMENT);
  std::vector<std::string> lines;
  std::string line;
  while (std::getline(document, line) && line != "```" + label) {
  }
  while (std::getline(document, line) && line != "```") lines.push_back(line);
  return lines;
}

std::vector<std::uint8_t> BytesOf(const std::vector<std::string>& lines) {
  std::vector<std::uint8_t> bytes;
  for (const std::string& line : lines) {
    std::istringstream words(line);
    std::size_t offset = 0;
    words >> std::hex >> offset;
    EXPECT_EQ(offset, bytes.size()) << "the listing's offsets are off at: " << line;
    for (unsigned byte; words >> byte;) bytes.push_back(static_cast<std::uint8_t>(byte));
  }
  return bytes;
}

std::string Kind(const model::Event& event) {
  switch (event.type) {
    case model::EventType::kAlloc:
      return "alloc";
    case model::EventType::kFree:
      return event.free_form == format::FreeForm::kFree     ? "free"
             : event.free_form == format::FreeForm::kDelete ? "delete"
                                                            : "delete[]";
    case model::EventType::kReallocBegin:
      return "realloc-begin";
    case model::EventType::kReallocCancel:
      return "realloc-failed";
    case model::EventType::kMap:
      return "map";
    case model::EventType::kUnmap:
      return "unmap";
    default:
      return "?";
  }
}

// The document's words for an event, blanks squeezed.
std::string Words(const model::Event& event) {
  std::ostringstream text;
  text << Kind(event) << ' ' << std::dec << event.ticks << " 0x" << std::hex << event.address << std::dec;
  if (event.size != 0) text << ' ' << event.size;
  if (event.node != 0) text << ' ' << event.node;
  return text.str();
}

std::string Squeezed(const std::string& line) {
  std::istringstream words(line);
  std::string text;
  for (std::string word; words >> word;) text += (text.empty() ? "" : " ") + word;
  return text;
}

class FormatDocument : public ::testing::Test {
 protected:
  FormatDocument() : bytes_(BytesOf(Listing("hex"))) {}

  void SetUp() override { ASSERT_GT(bytes_.size(), format::kWindowDataOffset) << "no listing in FORMAT.md"; }

  template <typename T>
  T StructAt(std::size_t offset) const {
    T value;
    std::memcpy(&value, bytes_.data() + offset, sizeof(value));
    return value;
  }

  std::vector<std::uint8_t> bytes_;
};

TEST_F(FormatDocument, TheChunkHeaderHolds) {
  const auto chunk = StructAt<format::ChunkHeader>(0);
  EXPECT_EQ(chunk.magic, format::kChunkMagic);
  EXPECT_EQ(chunk.size_bytes, format::kWindowBytes);
  EXPECT_EQ(chunk.check,
            format::ChunkCheck(kTraceId, kOffset, format::ChunkKind::kWindow, format::kWindowBytes));
}

TEST_F(FormatDocument, TheWindowHeaderIsAsDescribed) {
  const auto window = StructAt<format::WindowHeader>(sizeof(format::ChunkHeader));
  EXPECT_EQ(window.version, 16U);
  EXPECT_EQ(window.thread, 0U);
  EXPECT_EQ(window.in_use, 1U);
  EXPECT_EQ(window.sequence, 7U);
  EXPECT_EQ(window.base_ticks, 1'000'000U);
  EXPECT_EQ(window.used_bytes, bytes_.size() - format::kWindowDataOffset);
}

TEST_F(FormatDocument, TheBytesGiveTheEvents) {
  const auto window = StructAt<format::WindowHeader>(sizeof(format::ChunkHeader));
  std::vector<model::NodeId> nodes(13);
  for (model::NodeId id = 0; id < nodes.size(); ++id) nodes[id] = id;
  std::vector<std::uint8_t> data(bytes_.begin() + format::kWindowDataOffset, bytes_.end());
  data.resize(data.size() + EventDecoder::kPaddingBytes);
  EventDecoder decoder;
  decoder.Start(std::span(data).first(window.used_bytes), window.thread, window.base_ticks, nodes);
  std::vector<model::Event> events(64);
  events.resize(decoder.Decode(events));
  EXPECT_TRUE(decoder.done());
  EXPECT_FALSE(decoder.error());
  const auto expected = Listing("events");
  ASSERT_EQ(events.size(), expected.size());
  for (std::size_t i = 0; i < events.size(); ++i) EXPECT_EQ(Words(events[i]), Squeezed(expected[i]));
}

}  // namespace
}  // namespace memtrace::reader
