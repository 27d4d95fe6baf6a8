// SPDX-License-Identifier: MIT
#include "preload/stack/cfa_expression.h"

#include <gtest/gtest.h>

#include <vector>

namespace memtrace::preload {
namespace {

struct Outcome {
  ExpressionResult result;
  std::uint64_t value;
};

FrameRegisters Registers() {
  FrameRegisters registers{};
  registers.Put(kRegisterRsp, 0x1000);
  registers.Put(kRegisterRbp, 0x2000);
  registers.Put(kRegisterReturn, 0x401234);
  return registers;
}

Outcome Evaluate(std::vector<std::uint8_t> operations, const std::uint64_t* initial = nullptr) {
  std::vector<std::uint8_t> block = {static_cast<std::uint8_t>(operations.size())};
  block.insert(block.end(), operations.begin(), operations.end());
  StackMemory memory(0, 0);
  Outcome outcome{};
  outcome.result = EvaluateExpression(block.data(), initial, Registers(), memory, outcome.value);
  return outcome;
}

void ExpectValue(std::vector<std::uint8_t> operations, std::uint64_t value) {
  const Outcome outcome = Evaluate(operations);
  EXPECT_EQ(outcome.result, ExpressionResult::kOk);
  EXPECT_EQ(outcome.value, value);
}

TEST(CfaExpression, RegistersAndConstants) {
  ExpectValue({0x77, 0x08}, 0x1008);        // rsp + 8
  ExpectValue({0x76, 0x78}, 0x1ff8);        // rbp - 8
  ExpectValue({0x92, 0x07, 0x10}, 0x1010);  // bregx rsp + 16
  ExpectValue({0x4f}, 31);                  // lit31
  ExpectValue({0x09, 0xff}, ~0ULL);         // const1s -1
  ExpectValue({0x0a, 0x34, 0x12}, 0x1234);  // const2u
  ExpectValue({0x0d, 0xfe, 0xff, 0xff, 0xff}, -2ULL);
  ExpectValue({0x10, 0x80, 0x01}, 128);  // constu
  ExpectValue({0x11, 0x7f}, ~0ULL);      // consts -1
}

TEST(CfaExpression, Arithmetic) {
  ExpectValue({0x35, 0x33, 0x1c}, 2);  // 5 - 3
  ExpectValue({0x35, 0x33, 0x22}, 8);
  ExpectValue({0x35, 0x33, 0x1e}, 15);
  ExpectValue({0x35, 0x33, 0x1a}, 1);
  ExpectValue({0x35, 0x33, 0x21}, 7);
  ExpectValue({0x35, 0x33, 0x27}, 6);
  ExpectValue({0x35, 0x33, 0x24}, 40);              // 5 << 3
  ExpectValue({0x11, 0x70, 0x32, 0x26}, -4ULL);     // -16 >> 2
  ExpectValue({0x11, 0x70, 0x08, 0x3c, 0x25}, 15);  // unsigned shift
  ExpectValue({0x35, 0x1f}, -5ULL);
  ExpectValue({0x35, 0x20}, ~5ULL);
  ExpectValue({0x11, 0x7b, 0x19}, 5);   // abs -5
  ExpectValue({0x35, 0x23, 0x0a}, 15);  // plus_uconst
}

TEST(CfaExpression, StackOrder) {
  ExpectValue({0x31, 0x32, 0x16, 0x1c}, 1);              // 1 2 swap minus: 2 - 1
  ExpectValue({0x31, 0x32, 0x33, 0x17}, 2);              // rot: the third on top becomes the second
  ExpectValue({0x31, 0x32, 0x33, 0x17, 0x13, 0x13}, 3);  // and the top has gone below both
  ExpectValue({0x31, 0x32, 0x14}, 1);                    // over
  ExpectValue({0x31, 0x32, 0x33, 0x15, 0x02}, 1);        // pick 2
  ExpectValue({0x37, 0x12, 0x22}, 14);                   // dup plus
}

TEST(CfaExpression, ComparisonsAreSigned) {
  ExpectValue({0x11, 0x7f, 0x31, 0x2d}, 1);  // -1 < 1
  ExpectValue({0x11, 0x7f, 0x31, 0x2a}, 0);  // -1 >= 1
  ExpectValue({0x33, 0x33, 0x29}, 1);
  ExpectValue({0x33, 0x33, 0x2e}, 0);
}

// glibc's PLT entry: CFA = rsp + 8 + ((rip & 15) >= 11) * 8.
TEST(CfaExpression, PltEntry) {
  const std::vector<std::uint8_t> plt = {0x77, 0x08, 0x80, 0x00, 0x3f, 0x1a, 0x3b, 0x2a, 0x33, 0x24, 0x22};
  ExpectValue(plt, 0x1008);  // 0x401234 & 15 is 4
}

TEST(CfaExpression, JumpsAreFollowedAndBounded) {
  ExpectValue({0x31, 0x28, 0x01, 0x00, 0x32, 0x33}, 3);                       // taken: skips lit2
  ExpectValue({0x30, 0x28, 0x02, 0x00, 0x32, 0x2f, 0x01, 0x00, 0x34}, 2);     // not taken, then past lit4
  EXPECT_EQ(Evaluate({0x2f, 0xfd, 0xff}).result, ExpressionResult::kFailed);  // for ever
  EXPECT_EQ(Evaluate({0x2f, 0x10, 0x00}).result, ExpressionResult::kFailed);  // past the end
}

TEST(CfaExpression, ReadsMemoryThatIsThere) {
  const std::uint64_t word = 0x1122334455667788;
  const std::uint64_t cfa = reinterpret_cast<std::uint64_t>(&word);
  const Outcome outcome = Evaluate({0x06}, &cfa);
  EXPECT_EQ(outcome.result, ExpressionResult::kOk);
  EXPECT_EQ(outcome.value, word);
  const std::uint64_t nowhere = 16;
  EXPECT_EQ(Evaluate({0x06}, &nowhere).result, ExpressionResult::kFailed);
  const std::uint64_t not_canonical = 0x8000000000000000;
  EXPECT_EQ(Evaluate({0x06}, &not_canonical).result, ExpressionResult::kFailed);
}

TEST(CfaExpression, RefusesWhatItCannotKnow) {
  EXPECT_EQ(Evaluate({0x73, 0x00}).result, ExpressionResult::kUnknownRegister);  // rbx
  EXPECT_EQ(Evaluate({0x88, 0x00}).result, ExpressionResult::kUnknownRegister);  // a vector register
  EXPECT_EQ(Evaluate({0x22}).result, ExpressionResult::kFailed);                 // nothing to add
  EXPECT_EQ(Evaluate({}).result, ExpressionResult::kFailed);
  EXPECT_EQ(Evaluate({0xe0}).result, ExpressionResult::kFailed);        // not an operation of ours
  EXPECT_EQ(Evaluate({0x0e, 0x01}).result, ExpressionResult::kFailed);  // cut
  EXPECT_EQ(Evaluate(std::vector<std::uint8_t>(40, 0x31)).result, ExpressionResult::kFailed);  // too deep
}

}  // namespace
}  // namespace memtrace::preload
