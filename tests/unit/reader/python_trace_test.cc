// SPDX-License-Identifier: MIT
// What a trace says about Python: interpreters, code objects, and sites that name them.
#include <gmock/gmock.h>

#include "tests/unit/reader/reader_fixture.h"

namespace memtrace::reader {
namespace {

using ::testing::HasSubstr;

constexpr auto kRuntimeType = static_cast<std::uint32_t>(format::LogType::kPythonRuntime);
constexpr auto kCodeType = static_cast<std::uint32_t>(format::LogType::kPythonCode);

template <typename T>
std::string BytesOf(const T& value) {
  return {reinterpret_cast<const char*>(&value), sizeof(value)};
}

class PythonTraceTest : public ReaderTest {};

TEST_F(PythonTraceTest, TellsOfInterpreters) {
  TraceBuilder builder;
  builder.PythonRuntime(5, 0x030b02f0)
      .PythonRuntime(9, 0x030f00a1, format::PythonSupport::kNoStacks, "too new");
  const auto reader = Open(builder);
  const auto& runtimes = reader.trace().python_runtimes;
  ASSERT_EQ(runtimes.size(), 2U);
  EXPECT_EQ(runtimes[0].hex_version, 0x030b02f0U);
  EXPECT_EQ(runtimes[0].support, format::PythonSupport::kFull);
  EXPECT_EQ(runtimes[1].time_ns, 9U);
  EXPECT_EQ(runtimes[1].support, format::PythonSupport::kNoStacks);
  EXPECT_EQ(runtimes[1].text, "too new");
}

TEST_F(PythonTraceTest, FindsCodeByItsId) {
  TraceBuilder builder;
  builder
      .PythonCode(
          {.id = 7, .first_line = 40, .name = "Cache.load", .file = "cache.py", .line_table = "\x04\x01"})
      .PythonCode({.id = 3, .name = "f", .file = "f.py", .kind = format::PythonLineTable::kLocations});
  const auto reader = Open(builder);
  const auto& codes = reader.trace().python_codes;
  ASSERT_NE(model::FindPythonCode(codes, 7), nullptr);
  EXPECT_EQ(model::FindPythonCode(codes, 7)->name, "Cache.load");
  EXPECT_EQ(model::FindPythonCode(codes, 7)->file, "cache.py");
  EXPECT_EQ(model::FindPythonCode(codes, 7)->first_line, 40U);
  EXPECT_EQ(model::FindPythonCode(codes, 7)->line_table, "\x04\x01");
  EXPECT_EQ(model::FindPythonCode(codes, 3)->table_kind, format::PythonLineTable::kLocations);
  EXPECT_EQ(model::FindPythonCode(codes, 4), nullptr);
  EXPECT_EQ(model::FindPythonCode(codes, 8), nullptr);
}

TEST_F(PythonTraceTest, SitesNameCodeAndPlace) {
  TraceBuilder builder;
  builder.Module(
      {.start = 0, .end = 1ULL << 47, .path = "/everywhere", .generation = format::kPythonGeneration});
  const auto module = builder.PythonNode(0, 3, 12);
  const auto inner = builder.PythonNode(module, 7, format::kPythonOffsetUnknown, AllocKind::kPythonObject);
  const auto native = builder.Node(inner, 0x401000);
  const auto reader = Open(builder);
  const auto& sites = reader.trace().sites;
  EXPECT_TRUE(sites[module].is_python);
  EXPECT_EQ(sites[module].python_code(), 3U);
  EXPECT_EQ(sites[module].python_unit(), 12U);
  EXPECT_EQ(sites[module].module, model::kNoModule);
  EXPECT_EQ(sites[inner].python_code(), 7U);
  EXPECT_EQ(sites[inner].python_unit(), format::kPythonOffsetUnknown);
  EXPECT_EQ(sites[inner].kind, AllocKind::kPythonObject);
  EXPECT_EQ(sites[inner].parent, module);
  EXPECT_FALSE(sites[native].is_python);
}

TEST_F(PythonTraceTest, CodeThatCannotBeIsDamage) {
  format::LogPythonCode code{};
  code.id = 1;
  code.name_bytes = ~0U;  // longer than the record
  EXPECT_THAT(DamageOf(Open(TraceBuilder().LogRecord(0, kCodeType, BytesOf(code)))),
              HasSubstr("type 11 is damaged"));
  code.name_bytes = 0;
  code.line_table_bytes = 1 << 20;
  EXPECT_NE(DamageOf(Open(TraceBuilder().LogRecord(0, kCodeType, BytesOf(code)))), "");
  code.line_table_bytes = 0;
  code.line_table = 3;  // a table of no known kind
  EXPECT_NE(DamageOf(Open(TraceBuilder().LogRecord(0, kCodeType, BytesOf(code)))), "");
  code.line_table = 0;
  code.id = 0;
  EXPECT_NE(DamageOf(Open(TraceBuilder().LogRecord(0, kCodeType, BytesOf(code)))), "");
  code.id = format::kMaxPythonCodes;
  EXPECT_NE(DamageOf(Open(TraceBuilder().LogRecord(0, kCodeType, BytesOf(code)))), "");
  EXPECT_TRUE(Open(TraceBuilder().LogRecord(0, kCodeType, BytesOf(code))).trace().python_codes.empty());
  format::LogPythonRuntime runtime{};
  runtime.support = 3;
  EXPECT_NE(DamageOf(Open(TraceBuilder().LogRecord(0, kRuntimeType, BytesOf(runtime)))), "");
}

TEST_F(PythonTraceTest, AnIdThatIsGivenTwiceKeepsItsFirstCode) {
  TraceBuilder builder;
  builder.PythonCode({.id = 2, .name = "first"}).PythonCode({.id = 2, .name = "second"});
  const auto reader = Open(builder);
  ASSERT_EQ(reader.trace().python_codes.size(), 1U);
  EXPECT_EQ(reader.trace().python_codes[0].name, "first");
}

}  // namespace
}  // namespace memtrace::reader
