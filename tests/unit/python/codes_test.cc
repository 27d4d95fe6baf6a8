// SPDX-License-Identifier: MIT
#include "preload/python/codes.h"

#include <gtest/gtest.h>

#include <map>

#include "tests/unit/python/fake_python.h"

namespace memtrace::preload {
namespace {

std::map<std::uint32_t, std::string>& Logged() {
  static std::map<std::uint32_t, std::string> logged;
  return logged;
}

bool Log(const PythonCodeText& code) {
  const bool is_new =
      Logged()
          .emplace(code.id, std::string(code.file, code.file_bytes) + ":" + std::to_string(code.first_line) +
                                " " + std::string(code.name, code.name_bytes))
          .second;
  EXPECT_TRUE(is_new) << "id " << code.id << " twice";
  return true;
}

class PythonCodesTest : public testing::Test {
 protected:
  PythonCodesTest() {
    EXPECT_TRUE(PythonCodesInit(Log));
    PythonCodesForget();
  }
  std::uint32_t Id(std::uintptr_t code) { return PythonCodeId(python_.runtime(), code); }

  FakePython python_{11};
};

TEST_F(PythonCodesTest, IsLoggedOnceWithItsText) {
  const std::uintptr_t code = python_.Code("logged_once", 12);
  const std::uint32_t id = Id(code);
  EXPECT_EQ(Logged()[id], "file.py:12 logged_once");
  EXPECT_EQ(Id(code), id);
}

TEST_F(PythonCodesTest, EqualContentHasOneId) {
  const std::uint32_t id = Id(python_.Code("twin", 3));
  EXPECT_EQ(Id(python_.Code("twin", 3)), id);
  EXPECT_NE(Id(python_.Code("twin", 4)), id);
  EXPECT_NE(Id(python_.Code("twin", 3, "other lines")), id);
}

TEST_F(PythonCodesTest, AnAddressIsForgottenWhenItsBlockIsFreed) {
  const std::uintptr_t code = python_.Code("first", 1);
  const std::uint32_t first = Id(code);
  const std::uint64_t epoch = g_python_codes_epoch.load();
  PythonObjectFreed(code);
  EXPECT_NE(g_python_codes_epoch.load(), epoch);
  python_.FillCode(code, "second", 2);
  EXPECT_NE(Id(code), first);
}

TEST_F(PythonCodesTest, OtherBlocksChangeNothing) {
  const std::uintptr_t code = python_.Code("stays", 1);
  const std::uint32_t id = Id(code);
  const std::uint64_t epoch = g_python_codes_epoch.load();
  for (std::uintptr_t block = 0x10000; block < 0x4000000; block += 16) PythonObjectFreed(block);
  EXPECT_EQ(g_python_codes_epoch.load(), epoch);
  EXPECT_EQ(Id(code), id);
}

TEST_F(PythonCodesTest, ThousandsAreFoundAgainWhileOthersDie) {
  std::vector<std::pair<std::uintptr_t, std::uint32_t>> codes;
  for (int i = 0; i < 6000; ++i) {
    const std::uintptr_t code = python_.Code("many" + std::to_string(i), i);
    codes.emplace_back(code, Id(code));
  }
  for (std::size_t i = 0; i < codes.size(); i += 2) PythonObjectFreed(codes[i].first);
  for (std::size_t i = 1; i < codes.size(); i += 2) EXPECT_EQ(Id(codes[i].first), codes[i].second);
  for (std::size_t i = 0; i < codes.size(); i += 2)
    EXPECT_EQ(Id(codes[i].first), codes[i].second) << "same content";
}

}  // namespace
}  // namespace memtrace::preload
