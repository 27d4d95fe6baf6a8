// SPDX-License-Identifier: MIT
// Every row of real libraries' unwind tables against what readelf makes of them.
#include "preload/stack/eh_frame.h"

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <link.h>

#include <cstdio>
#include <cstring>
#include <map>
#include <sstream>
#include <string>
#include <vector>

namespace memtrace::preload {
namespace {

const char* const kNames[] = {"rax", "rdx", "rcx", "rbx", "rsi", "rdi", "rbp", "rsp", "r8",
                              "r9",  "r10", "r11", "r12", "r13", "r14", "r15", "ra"};

std::string Signed(std::int64_t value) {
  return (value < 0 ? "" : "+") + std::to_string(value);
}

std::string CfaText(const UnwindRow& row) {
  if (row.cfa_is_expression) return "exp";
  return std::string(row.cfa_register < 16 ? kNames[row.cfa_register] : "?") + Signed(row.cfa_value);
}

// In readelf's notation: u undefined, s same, c-8 at CFA-8, v+8 is CFA+8, exp, vexp, or a register's name.
std::string RuleText(const UnwindRow& row, unsigned number) {
  switch (row.rules[number]) {
    case RegisterRule::kSame:
      return "s";
    case RegisterRule::kUndefined:
      return "u";
    case RegisterRule::kAtCfaOffset:
      return "c" + Signed(row.values[number]);
    case RegisterRule::kIsCfaOffset:
      return "v" + Signed(row.values[number]);
    case RegisterRule::kAtExpression:
      return "exp";
    case RegisterRule::kIsExpression:
      return "vexp";
    default:
      return kNames[row.values[number]];
  }
}

// readelf's "u" stands for "not mentioned" as well; for those registers we say "same".
bool Agree(const std::string& theirs, const std::string& ours) {
  return theirs == ours || (theirs == "u" && ours == "s");
}

class Comparison {
 public:
  explicit Comparison(const std::string& path) : path_(path) {}

  void Run() {
    void* handle = dlopen(path_.c_str(), RTLD_NOW);
    ASSERT_NE(handle, nullptr) << dlerror();
    link_map* map = nullptr;
    ASSERT_EQ(dlinfo(handle, RTLD_DI_LINKMAP, &map), 0);
    bias_ = map->l_addr;
    FILE* output = popen(("readelf --debug-dump=frames-interp " + path_ + " 2>/dev/null").c_str(), "r");
    ASSERT_NE(output, nullptr);
    char line[1024];
    bool in_fde = false;
    while (fgets(line, sizeof line, output) != nullptr) {
      if (std::strstr(line, " FDE ") != nullptr) in_fde = true;
      if (std::strstr(line, " CIE ") != nullptr) in_fde = false;
      if (in_fde) Line(line);
    }
    pclose(output);
    dlclose(handle);
  }

  int rows() const { return rows_; }
  int expressions() const { return expressions_; }

 private:
  void Line(const std::string& text) {
    std::istringstream words(text);
    std::vector<std::string> fields;
    for (std::string word; words >> word;) {
      if (word[0] == '(') {  // "r10 (r10)", "r1 (rdx)": a register by number and name
        fields.back() = word.substr(1, word.size() - 2);
      } else {
        fields.push_back(word);
      }
    }
    if (fields.size() < 3 || fields[1] == "CFA") {
      if (fields.size() >= 3) columns_ = fields;
      return;
    }
    if (fields[0].size() != 16 || fields[0].find_first_not_of("0123456789abcdef") != std::string::npos)
      return;
    ASSERT_EQ(fields.size(), columns_.size()) << text;
    Row(fields);
  }

  void Row(const std::vector<std::string>& fields) {
    const std::uintptr_t pc = bias_ + std::stoull(fields[0], nullptr, 16);
    dl_find_object module;
    ASSERT_EQ(_dl_find_object(reinterpret_cast<void*>(pc), &module), 0);
    UnwindRow row;
    ASSERT_EQ(FindUnwindRow(pc, module, row), RowResult::kFound) << path_ << " " << fields[0];
    ++rows_;
    EXPECT_EQ(CfaText(row), fields[1]) << path_ << " " << fields[0];
    if (row.cfa_is_expression) ++expressions_;
    for (std::size_t i = 2; i < fields.size(); ++i) {
      for (unsigned number = 0; number < kRegisters; ++number) {
        if (columns_[i] != kNames[number]) continue;
        EXPECT_TRUE(Agree(fields[i], RuleText(row, number)))
            << path_ << " " << fields[0] << " " << columns_[i] << ": readelf " << fields[i] << ", ours "
            << RuleText(row, number);
      }
    }
  }

  std::string path_;
  std::uintptr_t bias_ = 0;
  std::vector<std::string> columns_;
  int rows_ = 0;
  int expressions_ = 0;
};

std::string PathOf(const char* symbol) {
  Dl_info info{};
  dladdr(dlsym(RTLD_DEFAULT, symbol), &info);
  return info.dli_fname;
}

TEST(EhFrame, AgreesWithReadelfOnLibc) {
  Comparison comparison(PathOf("malloc"));
  comparison.Run();
  EXPECT_GT(comparison.rows(), 10000);
  EXPECT_GT(comparison.expressions(), 0);  // the PLT and the signal return
}

TEST(EhFrame, AgreesWithReadelfOnLibstdcxx) {
  Comparison comparison(PathOf("__cxa_throw"));
  comparison.Run();
  EXPECT_GT(comparison.rows(), 10000);
}

TEST(EhFrame, CodeWithoutAnEntryHasNone) {
  dl_find_object module;
  ASSERT_EQ(_dl_find_object(reinterpret_cast<void*>(&std::fopen), &module), 0);
  UnwindRow row;
  // The first bytes of a library are its ELF header.
  EXPECT_EQ(FindUnwindRow(reinterpret_cast<std::uintptr_t>(module.dlfo_map_start), module, row),
            RowResult::kNoEntry);
  module.dlfo_eh_frame = nullptr;
  EXPECT_EQ(FindUnwindRow(reinterpret_cast<std::uintptr_t>(&std::fopen), module, row), RowResult::kNoEntry);
}

// A hand-made CIE and FDE that can be damaged byte by byte.
std::vector<std::uint8_t> SmallTable() {
  return {
      0x14, 0,    0,   0,              // CIE: 20 bytes follow
      0,    0,    0,   0,              // a CIE
      1,    'z',  'R', 0,              // version, augmentation
      1,    0x78, 16,                  // code and data alignment 1 and -8, return address in column 16
      1,    0x00,                      // augmentation data: absolute pointers
      0x0c, 7,    8,                   // CFA = rsp + 8
      0x90, 1,                         // return address at CFA - 8
      0,    0,                         // nothing
      0x1c, 0,    0,   0,              // FDE: 28 bytes
      0x1c, 0,    0,   0,              // its CIE is 28 bytes before this field
      0,    0x10, 0,   0, 0, 0, 0, 0,  // start 0x1000
      0x40, 0,    0,   0, 0, 0, 0, 0,  // 64 bytes of code
      0,                               // no augmentation data
      0x44, 0x0e, 16,                  // from 0x1004: CFA = rsp + 16
      0x86, 2,                         // rbp at CFA - 16
      0x00, 0x00,                      // nothing
  };
}

TEST(EhFrame, SmallTable) {
  const auto table = SmallTable();
  UnwindRow row;
  const std::uint8_t* fde = table.data() + 24;
  const std::uint8_t* end = table.data() + table.size();
  ASSERT_EQ(ReadUnwindRow(0x1003, fde, end, table.data(), row), RowResult::kFound);
  EXPECT_EQ(CfaText(row), "rsp+8");
  EXPECT_EQ(RuleText(row, kRegisterRbp), "s");
  ASSERT_EQ(ReadUnwindRow(0x1004, fde, end, table.data(), row), RowResult::kFound);
  EXPECT_EQ(CfaText(row), "rsp+16");
  EXPECT_EQ(RuleText(row, kRegisterRbp), "c-16");
  EXPECT_EQ(RuleText(row, kRegisterReturn), "c-8");
  EXPECT_EQ(ReadUnwindRow(0x0fff, fde, end, table.data(), row), RowResult::kNoEntry);
  EXPECT_EQ(ReadUnwindRow(0x1040, fde, end, table.data(), row), RowResult::kNoEntry);
}

// Whatever a byte is changed to, and wherever the table is cut, the reader stays inside it and comes back.
TEST(EhFrame, SurvivesDamage) {
  const auto whole = SmallTable();
  UnwindRow row;
  int changed_answers = 0;
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (const int value : {0x00, 0x0f, 0x16, 0x7f, 0x80, 0xff}) {
      auto damaged = whole;
      damaged[at] = static_cast<std::uint8_t>(value);
      if (at >= 28 && at < 32) continue;  // the way to the CIE: the linker's word is taken for it
      const auto result =
          ReadUnwindRow(0x1010, damaged.data() + 24, damaged.data() + damaged.size(), damaged.data(), row);
      changed_answers += result != RowResult::kFound;
    }
  }
  EXPECT_GT(changed_answers, 0);
  for (std::size_t size = 24; size < whole.size(); ++size) {
    const std::vector<std::uint8_t> cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_NE(ReadUnwindRow(0x1010, cut.data() + 24, cut.data() + cut.size(), cut.data(), row),
              RowResult::kFound);
  }
}

}  // namespace
}  // namespace memtrace::preload
