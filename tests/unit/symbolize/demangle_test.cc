// SPDX-License-Identifier: MIT
// Symbols as GCC, Clang and rustc write them, and what people should read.
#include "analyzer/symbolize/demangle.h"

#include <gtest/gtest.h>

#include "analyzer/symbolize/rust_names.h"

namespace memtrace::symbolize {
namespace {

TEST(DemangleTest, ReadsItaniumNames) {
  EXPECT_EQ(Demangle("_ZN5store5Cache3PutEi"), "store::Cache::Put(int)");
  EXPECT_EQ(Demangle("_Znwm"), "operator new(unsigned long)");
  EXPECT_EQ(Demangle("_ZN12_GLOBAL__N_14LoadEPKc"), "(anonymous namespace)::Load(char const*)");
}

TEST(DemangleTest, LeavesPlainNamesAlone) {
  EXPECT_EQ(Demangle("PQexec"), "PQexec");
  EXPECT_EQ(Demangle("main.main"), "main.main");  // Go
  EXPECT_EQ(Demangle(""), "");
}

TEST(DemangleTest, LeavesBrokenNamesAlone) {
  EXPECT_EQ(Demangle("_ZN5store"), "_ZN5store");
  EXPECT_EQ(Demangle("_Z"), "_Z");
  EXPECT_EQ(Demangle("_R"), "_R");
  EXPECT_EQ(Demangle("_RNvC"), "_RNvC");
}

TEST(DemangleTest, DropsWhatCompilersAppend) {
  EXPECT_EQ(Demangle("_ZN5store4LoadEv.cold"), "store::Load()");
  EXPECT_EQ(Demangle("_ZN5store4LoadEv.part.0.constprop.1"), "store::Load()");
  EXPECT_EQ(Demangle("_ZN5store4LoadEv.llvm.8839219"), "store::Load()");
  EXPECT_EQ(Demangle("resize_table.isra.0"), "resize_table");
  EXPECT_EQ(Demangle("memcpy@@GLIBC_2.14"), "memcpy");
}

TEST(DemangleTest, NamesClangsLambdas) {
  EXPECT_EQ(Demangle("_ZZ4mainENK3$_0clEi"), "main::{lambda#0}::operator()(int) const");
}

TEST(DemangleTest, CapsLengthsBothWays) {
  const std::string long_name(1 << 20, 'a');
  EXPECT_LT(Demangle(long_name.c_str()).size(), 40'000U);
  // Each S_-style reference repeats everything before it: 60 steps would make 2^60 characters.
  std::string doubling = "_Z1fI1xE";
  for (int i = 0; i < 12; ++i) doubling = "_Z1fI" + doubling.substr(4) + doubling.substr(4) + "E";
  EXPECT_LT(Demangle(doubling.c_str()).size(), 40'000U);
}

TEST(DemangleTest, ReadsRustLegacyNames) {
  EXPECT_TRUE(IsRustLegacy("_ZN4core3fmt5write17h0123456789abcdefE"));
  EXPECT_FALSE(IsRustLegacy("_ZN4core3fmt5writeE"));
  EXPECT_FALSE(IsRustLegacy("_ZN4core3fmt5write17h0123456789abcdegE"));
  EXPECT_EQ(Demangle("_ZN4core3fmt5write17h0123456789abcdefE"), "core::fmt::write");
  EXPECT_EQ(Demangle("_ZN4core3ptr42drop_in_place$LT$alloc..string..String$GT$17h0123456789abcdefE"),
            "core::ptr::drop_in_place<alloc::string::String>");
  EXPECT_EQ(
      Demangle(
          "_ZN58_$LT$alloc..string..String$u20$as$u20$core..fmt..Write$GT$9write_str17h0123456789abcdefE"),
      "<alloc::string::String as core::fmt::Write>::write_str");
}

// Symbols and their reading: the examples of RFC 2603 and of the rustc book.
TEST(DemangleTest, ReadsRustV0Names) {
  EXPECT_EQ(Demangle("_RNvCs1234_7mycrate3foo"), "mycrate::foo");
  EXPECT_EQ(Demangle("_RNvNtCs1234_7mycrate3foo3bar"), "mycrate::foo::bar");
  EXPECT_EQ(Demangle("_RNCNCNgCs6DXkGYLi8lr_2cc5spawn00B5_"), "cc::spawn::{closure#0}::{closure#0}");
  EXPECT_EQ(Demangle("_RINvCs1234_7mycrate3foolE"), "mycrate::foo::<i32>");
  EXPECT_EQ(Demangle("_RNvMs_NtCs1234_7mycrate3barNtB4_3Foo3baz"), "<mycrate::bar::Foo>::baz");
  EXPECT_EQ(Demangle("_RNvXNtC7mycrate3barNtB2_3FooNtC5alloc5Clone5clone"),
            "<mycrate::bar::Foo as alloc::Clone>::clone");
  EXPECT_EQ(Demangle("_RINvC1a1bTmRReEE"), "a::b::<(u32, &&str)>");
  EXPECT_EQ(Demangle("_RINvC1a1bAhj8_E"), "a::b::<[u8; 8]>");
  EXPECT_EQ(Demangle("_RINvC1a1bTmEE"), "a::b::<(u32,)>");
  EXPECT_EQ(Demangle("_RINvC1a1bDNtC1c1dp6OutputmNtC1c4SendEL_E"),
            "a::b::<dyn c::d<Output = u32> + c::Send>");
  EXPECT_EQ(Demangle("_RINvC1a1bDINtC1c1dhEp6OutputmEL_E"), "a::b::<dyn c::d<u8, Output = u32>>");
}

TEST(DemangleTest, SurvivesRustV0Damage) {
  const std::string sound = "_RINvXNtC7mycrate3barNtB2_3FooNtC5alloc5Clone5cloneTmRReAhj8_EE";
  for (std::size_t i = 2; i < sound.size(); ++i) {
    for (const char c : {'B', 'C', 'I', 'N', 'T', 'F', 'D', 'K', '_', '0', '9', 's', 'E'}) {
      std::string damaged = sound;
      damaged[i] = c;
      EXPECT_LT(Demangle(damaged.c_str()).size(), 10'000U) << damaged;
    }
    EXPECT_LT(Demangle(sound.substr(0, i).c_str()).size(), 10'000U);
  }
}

}  // namespace
}  // namespace memtrace::symbolize
