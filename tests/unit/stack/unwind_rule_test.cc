// SPDX-License-Identifier: MIT
#include "preload/stack/unwind_rule.h"

#include <gtest/gtest.h>

namespace memtrace::preload {
namespace {

UnwindRow PlainRow(unsigned cfa_register, std::int32_t cfa_offset) {
  UnwindRow row{};
  row.cfa_register = static_cast<std::uint8_t>(cfa_register);
  row.cfa_value = cfa_offset;
  row.Set(kRegisterReturn, RegisterRule::kAtCfaOffset, -8);
  return row;
}

TEST(UnwindRule, KeepsOffsetsTagAndGeneration) {
  UnwindRow row = PlainRow(kRegisterRsp, 0x3fffff8);
  row.Set(kRegisterRbp, RegisterRule::kAtCfaOffset, -32768);
  const UnwindRule rule = UnwindRule::FromRow(row).With(255, 0xabc0);
  EXPECT_EQ(rule.kind(), RuleKind::kRsp);
  EXPECT_EQ(rule.cfa_offset(), 0x3fffff8);
  EXPECT_TRUE(rule.saves_rbp());
  EXPECT_EQ(rule.rbp_offset(), -32768);
  EXPECT_EQ(rule.generation(), 255);
  EXPECT_EQ(rule.tag(), 0xabc0u);
  EXPECT_EQ(rule.kind_and_tag(), UnwindRule::KindAndTag(RuleKind::kRsp, 0xabc0));
  EXPECT_NE(rule.kind_and_tag(), UnwindRule::KindAndTag(RuleKind::kRsp, 0xabd0));
  EXPECT_NE(rule.kind_and_tag(), UnwindRule::KindAndTag(RuleKind::kRbp, 0xabc0));
}

TEST(UnwindRule, NegativeCfaOffset) {
  const UnwindRule rule = UnwindRule::FromRow(PlainRow(kRegisterRbp, -64));
  EXPECT_EQ(rule.kind(), RuleKind::kRbp);
  EXPECT_EQ(rule.cfa_offset(), -64);
  EXPECT_FALSE(rule.saves_rbp());
}

TEST(UnwindRule, WhatDoesNotFitIsComplex) {
  EXPECT_EQ(UnwindRule::FromRow(PlainRow(kRegisterRsp, 0x4000000)).kind(), RuleKind::kComplex);
  EXPECT_EQ(UnwindRule::FromRow(PlainRow(kRegisterRsp, 12)).kind(), RuleKind::kComplex);
  EXPECT_EQ(UnwindRule::FromRow(PlainRow(10, 8)).kind(), RuleKind::kComplex);  // r10
  UnwindRow row = PlainRow(kRegisterRsp, 16);
  row.Set(kRegisterRbp, RegisterRule::kAtCfaOffset, -32776);
  EXPECT_EQ(UnwindRule::FromRow(row).kind(), RuleKind::kComplex);
  row = PlainRow(kRegisterRsp, 16);
  row.Set(kRegisterReturn, RegisterRule::kAtCfaOffset, -16);
  EXPECT_EQ(UnwindRule::FromRow(row).kind(), RuleKind::kComplex);
  row = PlainRow(kRegisterRsp, 16);
  row.Set(kRegisterRbp, RegisterRule::kAtCfaOffset, -24);  // below the stack pointer
  EXPECT_EQ(UnwindRule::FromRow(row).kind(), RuleKind::kComplex);
  EXPECT_EQ(UnwindRule::FromRow(PlainRow(kRegisterRsp, 0)).kind(), RuleKind::kComplex);
  row = PlainRow(kRegisterRsp, 16);
  row.signal_frame = true;
  EXPECT_EQ(UnwindRule::FromRow(row).kind(), RuleKind::kComplex);
}

TEST(UnwindRule, UndefinedReturnAddressEndsTheStack) {
  UnwindRow row = PlainRow(kRegisterRsp, 8);
  row.Set(kRegisterReturn, RegisterRule::kUndefined, 0);
  EXPECT_EQ(UnwindRule::FromRow(row).kind(), RuleKind::kEnd);
}

// What GCC writes for a function that realigns its stack: CFA = *(rbp - 8), rbp saved at rbp + 0.
TEST(UnwindRule, RealignedFrame) {
  const std::uint8_t expressions[] = {3, 0x76, 0x78, 0x06, 2, 0x76, 0x00};
  UnwindRow row = PlainRow(0, 0);
  row.expression_base = expressions;
  row.cfa_is_expression = true;
  row.cfa_value = 0;
  row.Set(kRegisterRbp, RegisterRule::kAtExpression, 4);
  const UnwindRule rule = UnwindRule::FromRow(row);
  EXPECT_EQ(rule.kind(), RuleKind::kRealign);
  EXPECT_EQ(rule.cfa_offset(), -8);
  EXPECT_EQ(rule.rbp_offset(), 0);
  row.Set(kRegisterRbp, RegisterRule::kSame, 0);
  EXPECT_EQ(UnwindRule::FromRow(row).kind(), RuleKind::kComplex);
}

}  // namespace
}  // namespace memtrace::preload
