// SPDX-License-Identifier: MIT
#include "preload/python/text.h"

#include <gtest/gtest.h>

#include "tests/unit/python/fake_python.h"

namespace memtrace::preload {
namespace {

class PythonTextTest : public testing::TestWithParam<int> {
 protected:
  std::string Utf8(std::uintptr_t object, std::size_t room = 100) {
    char out[100];
    return {out, PutUtf8(ReadPythonText(python_.runtime(), object), out, room)};
  }

  FakePython python_{GetParam()};
};

TEST_P(PythonTextTest, ReadsEveryWidth) {
  EXPECT_EQ(Utf8(python_.Text("plain")), "plain");
  EXPECT_EQ(Utf8(python_.Text(U"gr\u00f6\u00dfe", 1, false)), "größe");
  EXPECT_EQ(Utf8(python_.Text(U"\u540d\u524d", 2, false)), "名前");
  EXPECT_EQ(Utf8(python_.Text(U"a\U0001f40d", 4, false)), "a🐍");
  EXPECT_EQ(Utf8(python_.Text("")), "");
}

TEST_P(PythonTextTest, LoneSurrogatesAreThreeBytes) {
  EXPECT_EQ(Utf8(python_.Text(std::u32string{0xdc80}, 2, false)), "\xed\xb2\x80");
}

TEST_P(PythonTextTest, CutsAtWholeCharacters) {
  const std::uintptr_t text = python_.Text(U"\u540d\u524d", 2, false);
  EXPECT_EQ(Utf8(text, 5), "名");
  EXPECT_EQ(Utf8(text, 2), "");
}

TEST_P(PythonTextTest, OtherObjectsAreEmpty) {
  EXPECT_EQ(Utf8(0), "");
  EXPECT_EQ(Utf8(python_.Bytes("bytes")), "");
  const std::uintptr_t in_pieces = python_.Text("old");
  PutAt(in_pieces, python_.at().text_state, 1U << python_.at().text_kind_shift);
  EXPECT_EQ(Utf8(in_pieces), "");
}

INSTANTIATE_TEST_SUITE_P(Of3, PythonTextTest, testing::Values(8, 11, 12, 13, 14));

}  // namespace
}  // namespace memtrace::preload
