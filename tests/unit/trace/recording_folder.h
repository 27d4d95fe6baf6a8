// SPDX-License-Identifier: MIT
// A temporary folder with one trace file in it, for tests of what the recorder writes.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <string>

#include "analyzer/reader/trace_reader.h"
#include "preload/base/clock.h"
#include "preload/trace/trace_file.h"

namespace memtrace::preload {

class RecordingFolder : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "memtrace_trace_XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    path_ = folder_ + "/t.mtr";
    memory_ = std::make_unique<Zeroed>();
    file_ = new (memory_->bytes) TraceFile();
    ASSERT_EQ(file_->Create(path_.c_str(), NameFacts{"test", "host", 1, 0}), 0);
    format::FileHeader& header = *file_->header();
    header.version = format::kFormatVersion;
    header.header_bytes = format::kFileHeaderBytes;
    header.tick_shift = kTickShift;
    header.start_ticks = header.latest_ticks = NowTicks();
    header.start_monotonic_ns = header.latest_monotonic_ns = MonotonicNs();
    header.page_bytes = format::kPageBytes;
    header.thread_count = 1;
    header.node_count = 1;
    header.state = static_cast<std::uint32_t>(format::RecordingState::kEnded);
    std::memcpy(header.magic, format::kFileMagic, sizeof(header.magic));
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  // What the analyzer makes of the file as it now is.
  reader::TraceReader Read() {
    auto opened = reader::TraceReader::Open(path_);
    EXPECT_TRUE(opened.ok()) << (opened.ok() ? "" : opened.error().message);
    return std::move(opened).value();
  }

  struct Zeroed {
    alignas(64) char bytes[sizeof(TraceFile)] = {};
  };
  std::string folder_;
  std::string path_;
  std::unique_ptr<Zeroed> memory_;
  TraceFile* file_ = nullptr;
};

}  // namespace memtrace::preload
