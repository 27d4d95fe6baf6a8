// SPDX-License-Identifier: MIT
#include "preload/python/frames.h"

#include <gtest/gtest.h>

#include <random>

#include "preload/base/arena.h"
#include "preload/python/codes.h"
#include "tests/unit/python/fake_python.h"

namespace memtrace::preload {
namespace {

using format::AllocKind;

format::SiteNode* GrowNodes(std::uint32_t, std::uint32_t capacity) {
  return MapArray<format::SiteNode>(capacity);
}

bool TakeText(const PythonCodeText&) {
  return true;
}

// An interpreter of which only the frames are there. Slots are used again at the same address, as on
// CPython's stack of frames.
class PythonFramesTest : public testing::TestWithParam<int> {
 protected:
  static void SetUpTestSuite() {
    EXPECT_TRUE(SiteTreeInit({GrowNodes}));
    EXPECT_TRUE(PythonCodesInit(TakeText));
  }

  PythonFramesTest() {
    state_ = python_.Object(256, 0);
    cframe_ = python_.Object(256, 0);
    for (int i = 0; i < kSlots; ++i) slots_.push_back(python_.Object(512, 0));
    for (int i = 0; i < 12; ++i) codes_.push_back(python_.Code("function" + std::to_string(i), 10 * i + 1));
    if (python_.at().thread_cframe >= 0) PutAt(state_, python_.at().thread_cframe, cframe_);
    Link();
  }

  void Step(std::size_t depth, unsigned units) {
    const PythonOffsets& at = python_.at();
    const std::uintptr_t frame = chain_[depth].slot;
    if (at.has_frame_objects())
      PutAt(frame, at.frame_instruction, static_cast<std::int32_t>(at.minor >= 10 ? units : units * 2));
    else
      PutAt(frame, at.frame_instruction,
            chain_[depth].code + static_cast<std::uintptr_t>(at.code_instructions) + units * 2);
  }

  void Push(std::uintptr_t slot, std::uintptr_t code, unsigned units) {
    chain_.push_back({slot, code});
    PutAt(slot, python_.at().frame_code, python_.at().minor >= 14 ? code | 1 : code);  // tagged
    Step(chain_.size() - 1, units);
    Link();
  }

  void Link() {
    const PythonOffsets& at = python_.at();
    std::uintptr_t back = 0;
    for (const Entry& entry : chain_) {
      PutAt(entry.slot, at.frame_back, back);
      back = entry.slot;
    }
    if (at.cframe_frame >= 0)
      PutAt(cframe_, at.cframe_frame, back);
    else
      PutAt(state_, at.thread_frame, back);
  }

  std::uint32_t NodeBy(PythonStack& stack, AllocKind kind = AllocKind::kPythonObject, bool has_lock = true) {
    if (has_lock) {
      const std::uint32_t known = PythonKnownBlockNode(stack, python_.runtime(), state_, kind);
      if (known != 0) return known;
    }
    PythonPlace* place = ReadPythonStack(stack, python_.runtime(), state_, has_lock);
    return place == nullptr ? 0 : PythonBlockNode(stack, *place, kind);
  }
  // By a stack that remembers nothing.
  std::uint32_t FreshNode(AllocKind kind = AllocKind::kPythonObject) {
    ForgetPythonStack(*forgetful_);
    return NodeBy(*forgetful_, kind);
  }

  // Three frames are read; then the middle one's memory is gone, and the outer one has called the inner one.
  void LoseTheFrameBetween() {
    auto* page = MapArray<std::uint64_t>(512);
    ASSERT_NE(page, nullptr);
    Push(slots_[0], codes_[0], 5);
    Push(reinterpret_cast<std::uintptr_t>(page), codes_[1], 6);
    Push(slots_[2], codes_[2], 7);
    EXPECT_NE(NodeBy(*remembering_), 0u);
    UnmapPrivate(page, 4096);
    chain_.erase(chain_.begin() + 1);
    Link();
  }

  struct Entry {
    std::uintptr_t slot;
    std::uintptr_t code;
  };
  static constexpr int kSlots = 200;

  FakePython python_{GetParam()};
  std::uintptr_t state_ = 0;
  std::uintptr_t cframe_ = 0;
  std::vector<std::uintptr_t> slots_;
  std::vector<std::uintptr_t> codes_;
  std::vector<Entry> chain_;
  PythonStack* remembering_ = NewPythonStack();
  PythonStack* forgetful_ = NewPythonStack();
};

TEST_P(PythonFramesTest, NoFrameNoNode) {
  EXPECT_EQ(NodeBy(*remembering_), 0u);
}

TEST_P(PythonFramesTest, LinesFunctionsAndKindsAreToldApart) {
  Push(slots_[0], codes_[0], 5);
  Push(slots_[1], codes_[1], 7);
  const std::uint32_t node = NodeBy(*remembering_);
  ASSERT_NE(node, 0u);
  EXPECT_EQ(NodeBy(*remembering_), node);
  EXPECT_NE(NodeBy(*remembering_, AllocKind::kPythonMem), node);
  Step(1, 8);
  EXPECT_NE(NodeBy(*remembering_), node);
  Step(1, 7);
  Step(0, 6);
  EXPECT_NE(NodeBy(*remembering_), node) << "another line of the caller";
  Step(0, 5);
  EXPECT_EQ(NodeBy(*remembering_), node);
}

TEST_P(PythonFramesTest, ASlotUsedAgainByOtherCodeIsAnotherFrame) {
  Push(slots_[0], codes_[0], 5);
  Push(slots_[1], codes_[1], 7);
  const std::uint32_t node = NodeBy(*remembering_);
  chain_.pop_back();
  Push(slots_[1], codes_[2], 7);
  EXPECT_NE(NodeBy(*remembering_), node);
  EXPECT_EQ(NodeBy(*remembering_), FreshNode());
}

// What is remembered must never show: after any change the node is that of a walk that remembers nothing.
TEST_P(PythonFramesTest, RemembersNothingWrong) {
  std::mt19937 random(static_cast<unsigned>(GetParam()));
  std::vector<Entry> other;  // a greenlet's
  int free_other = kSlots / 2;
  for (int turn = 0; turn < 30000; ++turn) {
    const unsigned choice = random() % 100;
    if (choice < 35 && chain_.size() < 80) {
      const std::size_t base = free_other == kSlots / 2 ? 0 : kSlots / 2;
      Push(slots_[base + chain_.size()], codes_[random() % codes_.size()], random() % 30);
    } else if (choice < 65 && !chain_.empty()) {
      chain_.pop_back();
      Link();
    } else if (choice < 90 && !chain_.empty()) {
      Step(chain_.size() - 1, random() % 30);
    } else if (choice < 94) {
      std::swap(chain_, other);
      free_other = free_other == kSlots / 2 ? 0 : kSlots / 2;
      Link();
    } else if (choice < 96) {  // a code object dies and its block becomes another; frames with it are gone
      const std::uintptr_t code = codes_[random() % codes_.size()];
      chain_.clear();
      other.clear();
      Link();
      PythonObjectFreed(code);
      python_.FillCode(code, "again" + std::to_string(turn % 50), turn % 7);
    }
    if (choice % 2 == 0) continue;  // allocations happen now and then
    const AllocKind kind = choice % 3 == 0 ? AllocKind::kPythonMem : AllocKind::kPythonObject;
    const bool has_lock = choice % 7 != 0;
    const std::uint32_t remembered = NodeBy(*remembering_, kind, has_lock);
    ASSERT_EQ(remembered, FreshNode(kind)) << "turn " << turn << " at depth " << chain_.size();
    ASSERT_EQ(remembered == 0, chain_.empty());
  }
}

// A generator that was called at the end of a deep stack is called from further outside: what was between is
// gone.
TEST_P(PythonFramesTest, RememberedFramesThatAreGoneAreNotLookedAt) {
  LoseTheFrameBetween();
  PythonFramesMayBeGone();
  EXPECT_EQ(NodeBy(*remembering_), FreshNode());
  EXPECT_EQ(NodeBy(*remembering_), FreshNode()) << "as it was remembered then";
}

// Without the interpreter's lock nobody says what goes meanwhile.
TEST_P(PythonFramesTest, WithoutTheLockOnlyTheChainIsLookedAt) {
  LoseTheFrameBetween();
  EXPECT_EQ(NodeBy(*remembering_, AllocKind::kPythonObject, /*has_lock=*/false), FreshNode());
}

TEST_P(PythonFramesTest, DepthHasNoLimit) {
  std::vector<std::uintptr_t> frames;
  for (int i = 0; i < 3000; ++i) frames.push_back(python_.Object(512, 0));
  for (std::size_t i = 0; i < frames.size(); ++i) {
    chain_.push_back({frames[i], codes_[i % codes_.size()]});
    PutAt(frames[i], python_.at().frame_code, chain_.back().code);
    Step(i, 3);
  }
  Link();
  const std::uint32_t node = NodeBy(*remembering_);
  EXPECT_NE(node, 0u);
  EXPECT_EQ(node, FreshNode());
  Step(0, 4);
  EXPECT_NE(NodeBy(*remembering_), node);
}

INSTANTIATE_TEST_SUITE_P(Of3, PythonFramesTest, testing::Values(8, 10, 11, 12, 13, 14));

}  // namespace
}  // namespace memtrace::preload
