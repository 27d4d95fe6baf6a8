// SPDX-License-Identifier: MIT
// Every address of the fixtures' functions, compared with what an independent symbolizer says about it.
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <sstream>

#include "analyzer/symbolize/symbolizer.h"
#include "fixtures.h"

namespace memtrace::symbolize {
namespace {

struct Place {
  std::string file;
  std::uint32_t line = 0;  // 0: unknown
};
using Places = std::vector<Place>;  // of one address, innermost first

std::string Normal(const std::string& file) {
  return std::filesystem::path(file).lexically_normal().string();
}

// "/src/a.cc:12 (discriminator 2)", "??:0", "??:?"
Place ParsePlace(std::string text) {
  text = text.substr(0, text.find(" ("));
  const std::size_t colon = text.rfind(':');
  const std::string file = text.substr(0, colon);
  const std::uint32_t line = static_cast<std::uint32_t>(std::strtoul(text.c_str() + colon + 1, nullptr, 10));
  return line == 0 ? Place{} : Place{Normal(file), line};
}

// The tool's answer has, for each address, a line with the address, then a function and a place for each
// frame.
std::vector<Places> AskTool(const std::string& file, const std::vector<std::uint64_t>& addresses) {
  const TemporaryFolder folder;
  std::ostringstream input;
  for (const std::uint64_t address : addresses) input << "0x" << std::hex << address << '\n';
  WriteFile(folder / "addresses", input.str());
  const std::string command = std::string(MEMTRACE_REFERENCE_TOOL) + " " + file + " < " +
                              folder / "addresses" + " > " + folder / "answer";
  EXPECT_EQ(std::system(command.c_str()), 0) << command;
  std::vector<Places> answer;
  std::istringstream lines(ReadFile(folder / "answer"));
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("0x") && line.find_first_not_of("0123456789abcdefx") == std::string::npos) {
      answer.emplace_back();
    } else if (std::string place; !answer.empty() && std::getline(lines, place)) {
      answer.back().push_back(ParsePlace(place));
    }
  }
  return answer;
}

class CrossCheckTest : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (std::string(MEMTRACE_REFERENCE_TOOL).empty())
      GTEST_SKIP() << "neither llvm-symbolizer nor addr2line is here";
    if (!HasFixture(GetParam())) GTEST_SKIP() << "no compiler for the fixture " << GetParam() << " was found";
  }
};

INSTANTIATE_TEST_SUITE_P(Fixtures, CrossCheckTest, testing::Values("full", "dwarf4", "split", "clang"),
                         FixtureOf);

// The bytes from the first to the last function of the fixture that is exported.
std::vector<std::uint64_t> FixtureAddresses(const LoadedFixture& fixture) {
  std::uint64_t begin = ~std::uint64_t{0};
  std::uint64_t end = 0;
  for (const FixtureCall& call : fixture.calls) {
    begin = std::min(begin, PcOf(call) - fixture.load_bias);
    end = std::max(end, PcOf(call) - fixture.load_bias);
  }
  std::vector<std::uint64_t> addresses;
  for (std::uint64_t address = begin; address <= end; ++address) addresses.push_back(address);
  return addresses;
}

TEST_P(CrossCheckTest, AgreesOnEveryByteOfCode) {
  const LoadedFixture fixture = LoadFixture(GetParam());
  const std::vector<std::uint64_t> addresses = FixtureAddresses(fixture);
  const std::vector<Places> expected = AskTool(fixture.path, addresses);
  ASSERT_EQ(expected.size(), addresses.size());
  ASSERT_GT(addresses.size(), 200U);

  model::Trace trace = TraceOf(fixture, addresses, /*is_exact=*/true);
  trace.modules[0].load_bias = 0;
  Symbolizer symbolizer(trace);
  std::size_t compared = 0;
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    const std::vector<Frame>& frames = symbolizer.FramesOf(static_cast<model::NodeId>(i + 1));
    ASSERT_EQ(frames.size(), expected[i].size()) << std::hex << addresses[i];
    for (std::size_t k = 0; k < frames.size(); ++k) {
      if (expected[i][k].line == 0) continue;  // where the tool gives up we may know the function's own line
      EXPECT_EQ(frames[k].line, expected[i][k].line) << std::hex << addresses[i];
      EXPECT_EQ(frames[k].file, expected[i][k].file) << std::hex << addresses[i];
      ++compared;
    }
  }
  EXPECT_GT(compared, addresses.size() * 3 / 4);
}

}  // namespace
}  // namespace memtrace::symbolize
