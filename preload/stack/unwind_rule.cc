// SPDX-License-Identifier: MIT
#include "preload/stack/unwind_rule.h"

#include "preload/stack/dwarf_cursor.h"

namespace memtrace::preload {
namespace {

constexpr std::uint8_t kBregRbp = 0x70 + kRegisterRbp;
constexpr std::uint8_t kDeref = 0x06;

bool Has(const UnwindRow& row, unsigned number, RegisterRule rule) {
  return row.rules[number] == rule;
}

// The offset n of an expression that is "rbp + n" and, with dereferenced, "the word at rbp + n".
bool IsRbpPlus(const std::uint8_t* expression, bool dereferenced, std::int64_t& offset) {
  const std::uint64_t bytes = *expression++;
  if (bytes < 2 || bytes > 12) return false;
  DwarfCursor in(expression, expression + bytes);
  if (in.Fixed<std::uint8_t>() != kBregRbp) return false;
  offset = in.Sleb();
  if (dereferenced && in.Fixed<std::uint8_t>() != kDeref) return false;
  return !in.failed() && in.AtEnd();
}

}  // namespace

bool UnwindRule::Pack(RuleKind kind, std::int64_t cfa_offset, bool saves_rbp, std::int64_t rbp_offset,
                      UnwindRule& rule) {
  constexpr std::int64_t kCfaLimit = std::int64_t{1} << (63 - kCfaShift + 3);
  if (cfa_offset % 8 != 0 || cfa_offset < -kCfaLimit || cfa_offset >= kCfaLimit) return false;
  if (rbp_offset % 8 != 0 || rbp_offset != static_cast<std::int16_t>(rbp_offset)) return false;
  rule = UnwindRule(static_cast<std::uint64_t>(kind) | (saves_rbp ? kSavesRbpBit : 0) |
                    (std::uint64_t{static_cast<std::uint16_t>(rbp_offset)} << kRbpShift) |
                    (static_cast<std::uint64_t>(cfa_offset / 8) << kCfaShift));
  return true;
}

UnwindRule UnwindRule::FromRow(const UnwindRow& row) {
  const UnwindRule complex = OfKind(RuleKind::kComplex);
  if (Has(row, kRegisterReturn, RegisterRule::kUndefined)) return OfKind(RuleKind::kEnd);
  const bool plain_return =
      Has(row, kRegisterReturn, RegisterRule::kAtCfaOffset) && row.values[kRegisterReturn] == -8;
  if (!plain_return || !Has(row, kRegisterRsp, RegisterRule::kSame) || row.signal_frame) return complex;

  UnwindRule rule;
  if (row.cfa_is_expression) {
    std::int64_t cfa_offset = 0;
    std::int64_t rbp_offset = 0;
    if (!IsRbpPlus(row.Expression(row.cfa_value), true, cfa_offset)) return complex;
    if (!Has(row, kRegisterRbp, RegisterRule::kAtExpression)) return complex;
    if (!IsRbpPlus(row.Expression(row.values[kRegisterRbp]), false, rbp_offset)) return complex;
    return Pack(RuleKind::kRealign, cfa_offset, true, rbp_offset, rule) ? rule : complex;
  }
  const bool saved = Has(row, kRegisterRbp, RegisterRule::kAtCfaOffset);
  if (!saved && !Has(row, kRegisterRbp, RegisterRule::kSame)) return complex;
  if (row.cfa_register != kRegisterRsp && row.cfa_register != kRegisterRbp) return complex;
  const RuleKind kind = row.cfa_register == kRegisterRsp ? RuleKind::kRsp : RuleKind::kRbp;
  const std::int64_t rbp_offset = saved ? row.values[kRegisterRbp] : 0;
  if (kind == RuleKind::kRsp) {
    if (row.cfa_value < 8) return complex;
    if (saved && (rbp_offset > -16 || rbp_offset < -std::int64_t{row.cfa_value})) return complex;
  }
  return Pack(kind, row.cfa_value, saved, rbp_offset, rule) ? rule : complex;
}

}  // namespace memtrace::preload
