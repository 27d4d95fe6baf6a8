// SPDX-License-Identifier: MIT
#include "preload/python/known_nodes.h"

#include <gtest/gtest.h>

#include <memory>

namespace memtrace::preload {
namespace {

constexpr std::uintptr_t kInstruction = 0x7f1234567890;

class KnownNodesTest : public testing::Test {
 protected:
  std::unique_ptr<KnownNodes> known_ = std::make_unique<KnownNodes>();
};

TEST_F(KnownNodesTest, NothingIsKnownAtFirst) {
  EXPECT_EQ(known_->Find(kInstruction, PythonRole::kObject, 5), 0u);
  EXPECT_EQ(known_->Find(0, PythonRole::kCaller, 0), 0u);
}

TEST_F(KnownNodesTest, TellsInstructionRoleAndCallerApart) {
  known_->Put(kInstruction, PythonRole::kObject, 5, 77);
  EXPECT_EQ(known_->Find(kInstruction, PythonRole::kObject, 5), 77u);
  EXPECT_EQ(known_->Find(kInstruction, PythonRole::kMem, 5), 0u);
  EXPECT_EQ(known_->Find(kInstruction, PythonRole::kCaller, 5), 0u);
  EXPECT_EQ(known_->Find(kInstruction, PythonRole::kObject, 6), 0u);
  EXPECT_EQ(known_->Find(kInstruction + 2, PythonRole::kObject, 5), 0u);
}

// Of two that want the same place the later one has it; the other one is not taken for it.
TEST_F(KnownNodesTest, WhateverIsFoundWasPutThere) {
  for (std::uint32_t caller = 0; caller < 300; ++caller) {
    for (std::uintptr_t units = 0; units < 50; ++units)
      known_->Put(kInstruction + 2 * units, PythonRole::kMem, caller,
                  1 + caller * 100 + static_cast<std::uint32_t>(units));
  }
  int found = 0;
  for (std::uint32_t caller = 0; caller < 300; ++caller) {
    for (std::uintptr_t units = 0; units < 50; ++units) {
      const std::uint32_t node = known_->Find(kInstruction + 2 * units, PythonRole::kMem, caller);
      found += node != 0;
      if (node != 0) ASSERT_EQ(node, 1 + caller * 100 + units);
    }
  }
  EXPECT_GT(found, 50);
  known_->Clear();
  EXPECT_EQ(known_->Find(kInstruction, PythonRole::kMem, 299), 0u);
}

}  // namespace
}  // namespace memtrace::preload
