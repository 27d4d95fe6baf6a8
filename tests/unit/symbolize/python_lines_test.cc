// SPDX-License-Identifier: MIT
// CPython's line tables, against what the interpreters themselves read in them
// (fixture/python/make_lines.py).
#include "analyzer/symbolize/python_lines.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace memtrace::symbolize {
namespace {

using format::PythonLineTable;

std::string FromHex(const std::string& text) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2)
    bytes += static_cast<char>(std::stoi(text.substr(i, 2), nullptr, 16));
  return bytes;
}

struct KnownRow {
  std::uint32_t offset;
  PythonPlace place;
};

struct KnownCode {
  model::PythonCode code;
  std::vector<KnownRow> rows;
  std::uint32_t end = 0;
};

std::vector<KnownCode> ReadFixture(const std::string& version) {
  std::ifstream file(std::string(MEMTRACE_PYTHON_FIXTURES) + "/lines_" + version + ".txt");
  std::vector<KnownCode> codes;
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string what;
    words >> what;
    if (what == "code") {
      KnownCode& known = codes.emplace_back();
      int kind = 0;
      std::string table;
      words >> known.code.name >> known.code.first_line >> kind >> table;
      known.code.table_kind = static_cast<PythonLineTable>(kind);
      known.code.line_table = FromHex(table);
    } else if (what == "at") {
      KnownRow row{};
      words >> row.offset >> row.place.line >> row.place.column;
      codes.back().rows.push_back(row);
    } else {
      words >> codes.back().end;
    }
  }
  return codes;
}

class PythonLinesTest : public ::testing::TestWithParam<const char*> {};

TEST_P(PythonLinesTest, ReadsWhatTheInterpreterReads) {
  const std::vector<KnownCode> codes = ReadFixture(GetParam());
  ASSERT_GE(codes.size(), 6U);
  for (const KnownCode& known : codes) {
    const PythonLines lines(known.code);
    auto row = known.rows.begin();
    for (std::uint32_t offset = 0; offset < known.end; offset += 2) {
      while (row + 1 != known.rows.end() && (row + 1)->offset <= offset) ++row;
      const PythonPlace found = lines.Find(offset);
      EXPECT_EQ(found.line, row->place.line) << known.code.name << " + " << offset;
      EXPECT_EQ(found.column, row->place.column) << known.code.name << " + " << offset;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Versions, PythonLinesTest,
                         ::testing::Values("3.8", "3.9", "3.10", "3.11", "3.12", "3.13"),
                         [](const auto& version) {
                           std::string name = version.param;
                           name[1] = '_';
                           return name;
                         });

model::PythonCode Code(PythonLineTable kind, const std::string& table, std::uint32_t first_line = 10) {
  model::PythonCode code;
  code.id = 1;
  code.first_line = first_line;
  code.table_kind = kind;
  code.line_table = table;
  return code;
}

TEST(PythonLinesTableTest, WithoutATableOldCodeIsOneLine) {
  EXPECT_EQ(PythonLines(Code(PythonLineTable::kLnotab, "")).Find(40).line, 10U);
  EXPECT_EQ(PythonLines(Code(PythonLineTable::kLines310, "")).Find(0).line, 0U);
  EXPECT_EQ(PythonLines(Code(PythonLineTable::kLocations, "")).Find(0).line, 0U);
}

TEST(PythonLinesTableTest, BehindTheEndThereIsNoLine) {
  const PythonLines lines(Code(PythonLineTable::kLocations, FromHex("d801")));  // kind 11, one instruction
  EXPECT_EQ(lines.Find(0).line, 11U);
  EXPECT_EQ(lines.Find(2).line, 0U);
}

// "No line" leaves the count of lines alone.
TEST(PythonLinesTableTest, MarksOfNoLineDoNotMoveTheLine) {
  const PythonLines lines(Code(PythonLineTable::kLines310, FromHex("0401"
                                                                   "0480"
                                                                   "0402")));
  EXPECT_EQ(lines.Find(0).line, 11U);
  EXPECT_EQ(lines.Find(4).line, 0U);
  EXPECT_EQ(lines.Find(8).line, 13U);
}

TEST(PythonLinesTableTest, LinesBelowOneAndBeyondCountingAreNone) {
  EXPECT_EQ(PythonLines(Code(PythonLineTable::kLnotab, FromHex("00f0"), 5)).Find(0).line, 0U);
  // A long entry whose numbers go on and on.
  const std::string endless = FromHex("f0") + std::string(200, '\xff');
  EXPECT_EQ(PythonLines(Code(PythonLineTable::kLocations, endless)).Find(0).line, 0U);
}

// Every table of bytes is read to its end, whatever it says.
TEST(PythonLinesTableTest, AnyBytesWillDo) {
  std::uint32_t state = 7;
  for (int round = 0; round < 3000; ++round) {
    std::string table;
    for (std::uint32_t i = 0; i < state % 40; ++i) {
      state = state * 1664525 + 1013904223;  // Numerical Recipes' generator
      table += static_cast<char>(state >> 24);
    }
    state = state * 1664525 + 1013904223;
    const auto kind = static_cast<PythonLineTable>(state >> 30 == 3 ? 0 : state >> 30);
    const PythonLines lines(Code(kind, table, state));
    for (std::uint32_t offset = 0; offset < 600; offset += 2) EXPECT_LE(lines.Find(offset).line, 0x7fffffffU);
  }
}

}  // namespace
}  // namespace memtrace::symbolize
