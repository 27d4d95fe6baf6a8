// SPDX-License-Identifier: MIT
// An unwind row packed into 64 bits, for the few shapes that nearly all rows have.
//
//   bit  63..40          39..24      23..16      15..4  3          2..0
//        cfa offset / 8  rbp offset  generation  tag    saves rbp  kind
//
//   kRsp      CFA = rsp + cfa offset             ┐ return address at CFA-8; the caller's rbp at CFA + rbp
//   offset kRbp      CFA = rbp + cfa offset             ┘ if saves rbp, else unchanged; the caller's rsp =
//   CFA kRealign  CFA = the word at rbp + cfa offset   (GCC's over-aligned frames) return address at CFA-8;
//             the caller's rbp = the word at rbp + rbp offset
//   kEnd      the stack's first frame
//   kGuess    no unwind information: taken for a frame with a frame pointer
//   kComplex  anything else: the row itself has to be read
//
// tag: the modules' epoch in which the rule was made, see modules.h; generation: of the module at that pc.
#pragma once

#include <cstdint>

#include "preload/stack/unwind_row.h"

namespace memtrace::preload {

enum class RuleKind : std::uint8_t { kUnknown = 0, kRsp, kRbp, kRealign, kEnd, kGuess, kComplex };

class UnwindRule {
 public:
  static constexpr std::uint64_t kKindMask = 0x7;
  static constexpr std::uint64_t kTagMask = 0xfff0;
  static constexpr unsigned kTagShift = 4;

  constexpr UnwindRule() = default;
  constexpr explicit UnwindRule(std::uint64_t bits) : bits_(bits) {}
  static UnwindRule FromRow(const UnwindRow& row);
  static constexpr UnwindRule OfKind(RuleKind kind) { return UnwindRule(static_cast<std::uint64_t>(kind)); }

  constexpr UnwindRule With(std::uint8_t generation, std::uint64_t tag) const {
    return UnwindRule(bits_ | (std::uint64_t{generation} << kGenerationShift) | tag);
  }

  constexpr std::uint64_t bits() const { return bits_; }
  constexpr RuleKind kind() const { return static_cast<RuleKind>(bits_ & kKindMask); }
  constexpr std::uint64_t tag() const { return bits_ & kTagMask; }
  // What kind_and_tag() of a rule of that kind is, made in the epoch of `tag`.
  static constexpr std::uint64_t KindAndTag(RuleKind kind, std::uint64_t tag) {
    return static_cast<std::uint64_t>(kind) | tag;
  }
  constexpr std::uint64_t kind_and_tag() const { return bits_ & (kKindMask | kTagMask); }
  constexpr bool saves_rbp() const { return (bits_ & kSavesRbpBit) != 0; }
  constexpr std::uint8_t generation() const { return static_cast<std::uint8_t>(bits_ >> kGenerationShift); }
  constexpr std::int64_t rbp_offset() const { return static_cast<std::int16_t>(bits_ >> kRbpShift); }
  constexpr std::int64_t cfa_offset() const { return (static_cast<std::int64_t>(bits_) >> kCfaShift) * 8; }

 private:
  static constexpr std::uint64_t kSavesRbpBit = 1u << 3;
  static constexpr unsigned kGenerationShift = 16;
  static constexpr unsigned kRbpShift = 24;
  static constexpr unsigned kCfaShift = 40;

  static bool Pack(RuleKind kind, std::int64_t cfa_offset, bool saves_rbp, std::int64_t rbp_offset,
                   UnwindRule& rule);

  std::uint64_t bits_ = 0;
};

}  // namespace memtrace::preload
