// SPDX-License-Identifier: MIT
// What the reader's tests share: a temporary folder, and verbs that write, open and list.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/reader/trace_reader.h"
#include "tests/format/trace_builder.h"

namespace memtrace::reader {

using format::AllocKind;
using format::Codec;
using model::Event;
using model::EventType;
using testing::TraceBuilder;
using testing::WindowBuilder;

// A little of everything: two threads, sealed and open windows, both codecs, a log, nodes.
inline TraceBuilder SampleTrace(format::RecordingState state) {
  TraceBuilder builder;
  builder.CompactWindows();
  const auto root = builder.Node(0, 0x401000);
  const auto leaf = builder.Node(root, 0x402000, AllocKind::kNew);
  builder.Module({.start = 0x400000, .end = 0x500000, .path = "/bin/app", .build_id = "abcdefgh"});
  builder.Thread(0, 1, "main").Thread(1, 2, "second").Mark(25, 0, "mark").Checkpoint(26, {});
  for (std::uint64_t i = 0; i < 10; ++i) builder.On(0).Alloc(10 + i, 0x1000 + 64 * i, 100 + i, leaf);
  builder.Seal(0, Codec::kZstd);
  builder.On(1).Free(30, 0x1000).ReallocBegin(31, 0x1040).Alloc(32, 0x1040, 7, root);
  builder.Seal(1, Codec::kRaw);
  builder.On(0).Map(40, 0x10000, 0x2000, root).Free(41, 0x1080);
  builder.On(1).Free(50, 0x10c0).Unmap(51, 0x10000, 0x1000);
  builder.Note(60, "a note");
  if (state == format::RecordingState::kEnded) builder.End(70, format::EndReason::kExit, 0);
  return builder;
}

class ReaderTest : public ::testing::Test {
 public:
  static std::vector<Event> EventsOf(TraceReader& reader) {
    std::vector<Event> events;
    reader.ForEachEvent([&](const Event& event) { events.push_back(event); });
    return events;
  }

 protected:
  ReaderTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "memtrace_reader_XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) std::abort();
    folder_ = pattern;
  }
  ~ReaderTest() override { std::filesystem::remove_all(folder_); }

  std::string Path(std::string_view name = "sample.mtr") const { return (folder_ / name).string(); }

  TraceReader Open(const TraceBuilder& builder) const { return OpenBytes(builder.Build()); }

  TraceReader OpenBytes(std::string_view bytes) const {
    testing::WriteFile(Path(), bytes);
    auto reader = TraceReader::Open(Path());
    if (!reader.ok()) throw std::runtime_error(reader.error().message);
    return std::move(reader).value();
  }

  // The message of the error that opening these bytes gives; "" if it opens.
  std::string ErrorOf(std::string_view bytes) const {
    testing::WriteFile(Path(), bytes);
    const auto reader = TraceReader::Open(Path());
    if (reader.ok()) return "";
    EXPECT_EQ(reader.error().code, ErrorCode::kUnreadable);
    EXPECT_EQ(reader.error().message.find('\n'), std::string::npos);
    return reader.error().message;
  }

  static std::string DamageOf(const TraceReader& reader) {
    std::string text;
    for (const model::Damage& damage : reader.trace().damage) {
      text += std::to_string(damage.offset) + ": " + damage.what + "\n";
    }
    return text;
  }

  std::filesystem::path folder_;
};

// "0:a5000+100@10" = thread 0 allocates 100 bytes at 0x5000, tick 10; f free, b and c realloc, m u r k
// mappings.
inline std::string Short(const Event& event) {
  static constexpr char kLetters[] = "afbcmurks";
  char text[128];
  std::snprintf(text, sizeof(text), "%u:%c%llx", static_cast<unsigned>(event.thread),
                kLetters[static_cast<unsigned>(event.type)], static_cast<unsigned long long>(event.address));
  std::string result = text;
  if (event.type == EventType::kAlloc) result += "+" + std::to_string(event.size);
  return result + "@" + std::to_string(event.ticks);
}

inline std::string Short(const std::vector<Event>& events) {
  std::string text;
  for (const Event& event : events) text += (text.empty() ? "" : " ") + Short(event);
  return text;
}

}  // namespace memtrace::reader
