// SPDX-License-Identifier: MIT
// Made-up blocks: what an interpreter says of its structures, in the order of its version's source.
#include "preload/python/debug_offsets.h"

#include <gmock/gmock.h>

#include <cstring>
#include <string>
#include <vector>

namespace memtrace::preload {
namespace {

using ::testing::HasSubstr;

using Numbers = std::vector<std::uint64_t>;

std::uint64_t Cookie(const char* text) {
  std::uint64_t word = 0;
  std::memcpy(&word, text, sizeof(word));
  return word;
}

void Append(Numbers* all, const Numbers& part) {
  all->insert(all->end(), part.begin(), part.end());
}

std::uint64_t N(int offset) {
  return static_cast<std::uint64_t>(offset);
}

class DebugOffsetsTest : public testing::TestWithParam<int> {
 protected:
  DebugOffsetsTest() : at_(*FindPythonOffsets(3, GetParam())) {
    const bool is_14 = GetParam() >= 14;
    block_ = {Cookie("xdebugpy"), version_, 0};
    Append(&block_, {700'000, 1, 2});               // the runtime
    Append(&block_, Numbers(is_14 ? 16 : 13, 77));  // an interpreter
    thread_ = block_.size();
    Append(&block_, {400, 0, 8, 16, N(at_.thread_frame), N(at_.thread_id), 160, 224, 32});
    frame_ = block_.size();
    Append(&block_,
           {88, N(at_.frame_back), N(at_.frame_code), N(at_.frame_instruction), 72, N(at_.frame_owner)});
    if (is_14) Append(&block_, {64, 0});  // stack pointer, thread-local bytecode
    code_ = block_.size();
    Append(&block_, {N(at_.code_instructions) + 8, N(at_.code_file), 120, N(at_.code_name),
                     N(at_.code_line_table), N(at_.code_first_line), 52, 96, 104, N(at_.code_instructions)});
    if (is_14) Append(&block_, {0});
    object_ = block_.size();
    Append(&block_, {16, 8});
    type_ = block_.size();
    Append(&block_, {416, 24, 88, N(at_.type_flags)});
  }

  std::string Check() const { return CheckOnly(block_.size() * sizeof(std::uint64_t)); }
  // "": agrees.
  std::string CheckOnly(std::size_t bytes) const {
    const char* why =
        CheckDebugOffsets(reinterpret_cast<std::uintptr_t>(block_.data()), bytes, version_, at_);
    return why == nullptr ? "" : why;
  }
  std::string CheckWith(std::size_t number, std::uint64_t value) {
    const std::uint64_t before = std::exchange(block_[number], value);
    const std::string why = Check();
    block_[number] = before;
    return why;
  }

  const PythonOffsets& at_;
  const std::uint32_t version_ = 0x030000f0U | static_cast<std::uint32_t>(GetParam()) << 16;
  Numbers block_;
  std::size_t thread_, frame_, code_, object_, type_;
};

TEST_P(DebugOffsetsTest, ABlockThatSaysTheSameIsRight) {
  EXPECT_EQ(Check(), "");
  block_.insert(block_.end(), 100, 55);  // versions say more than we ask
  EXPECT_EQ(Check(), "");
}

TEST_P(DebugOffsetsTest, EveryNumberThatIsUsedHasToAgree) {
  for (const std::size_t number : {thread_ + 4, thread_ + 5, frame_ + 1, frame_ + 2, frame_ + 3, frame_ + 5,
                                   code_ + 1, code_ + 3, code_ + 4, code_ + 5, code_ + 9, type_ + 3})
    EXPECT_THAT(CheckWith(number, block_[number] + 8), HasSubstr("not those of its version")) << number;
  // Sizes and what else is there may be anything.
  for (const std::size_t number :
       {thread_, thread_ + 6, frame_, frame_ + 4, code_, code_ + 2, type_, type_ + 1})
    EXPECT_EQ(CheckWith(number, block_[number] + 8), "") << number;
}

TEST_P(DebugOffsetsTest, ABlockOfAnotherFormIsNotRead) {
  for (const std::size_t number : {thread_ + 1, thread_ + 2, thread_ + 3, object_, object_ + 1})
    EXPECT_THAT(CheckWith(number, block_[number] + 8), HasSubstr("not in the form")) << number;
  block_.insert(block_.begin() + static_cast<std::ptrdiff_t>(thread_), 3);  // a part has become longer
  EXPECT_THAT(Check(), HasSubstr("not in the form"));
}

TEST_P(DebugOffsetsTest, WhatIsNoBlockIsNotRead) {
  EXPECT_THAT(CheckWith(0, Cookie("xdebugpx")), HasSubstr("does not say"));
  EXPECT_THAT(CheckWith(1, version_ + 0x100), HasSubstr("another version"));
  EXPECT_EQ(CheckWith(2, 1), "a free-threaded build");
  EXPECT_STREQ(CheckDebugOffsets(0, 4096, version_, at_), "it does not say where it keeps what");
  for (std::size_t bytes = 0; bytes < block_.size() * sizeof(std::uint64_t); bytes += 4)
    EXPECT_NE(CheckOnly(bytes), "") << bytes;
}

INSTANTIATE_TEST_SUITE_P(Of3, DebugOffsetsTest, testing::Values(13, 14));

}  // namespace
}  // namespace memtrace::preload
