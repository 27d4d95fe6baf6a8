// SPDX-License-Identifier: MIT
// Names from symbol tables alone.
#include "analyzer/symbolize/elf_symbols.h"

#include <gtest/gtest.h>

#include "analyzer/symbolize/elf_file.h"
#include "fixtures.h"

namespace memtrace::symbolize {
namespace {

// The fixture without debug information but with its .symtab ("bare"), or with .dynsym only ("stripped").
class ElfSymbolsTest : public testing::Test {
 protected:
  void Load(const std::string& name) {
    fixture_ = LoadFixture(name);
    auto file = ElfFile::Open(fixture_.path);
    ASSERT_TRUE(file.ok());
    file_ = std::move(file).value();
    symbols_ = std::make_unique<ElfSymbols>(std::vector<Elf*>{file_->elf()}, file_->code());
  }

  // The symbol that covers a place in the process; "" if none does.
  std::string At(std::uint64_t address) const {
    const char* name = symbols_->Find(address - fixture_.load_bias);
    return name == nullptr ? "" : name;
  }

  LoadedFixture fixture_;
  std::unique_ptr<ElfFile> file_;
  std::unique_ptr<ElfSymbols> symbols_;
};

TEST_F(ElfSymbolsTest, FindsExportedAndLocalFunctions) {
  Load("bare");
  EXPECT_EQ(At(PcOf(fixture_.Call("C function"))), "fixture_c_function");
  EXPECT_EQ(At(PcOf(fixture_.Call("inlined twice"))), "_ZN5store13OuterFunctionEi");
  EXPECT_EQ(At(PcOf(fixture_.Call("static function"))), "_ZL14StaticFunctionv");
}

// Between exported functions lie others; to give them their neighbour's name would be wrong.
TEST_F(ElfSymbolsTest, DoesNotStretchSymbolsOverStrippedOnes) {
  Load("stripped");
  EXPECT_EQ(At(PcOf(fixture_.Call("C function"))), "fixture_c_function");
  EXPECT_EQ(At(PcOf(fixture_.Call("static function"))), "");
  EXPECT_EQ(At(PcOf(fixture_.Call("anonymous namespace"))), "");
}

TEST_F(ElfSymbolsTest, CoversFunctionsFromFirstToLastByte) {
  Load("bare");
  const std::uint64_t begin = fixture_.AddressOf("fixture_c_function");
  EXPECT_EQ(At(begin), "fixture_c_function");
  EXPECT_NE(At(begin - 1), "fixture_c_function");
}

TEST_F(ElfSymbolsTest, AssemblyWithoutSizeReachesToTheNextSymbol) {
  Load("bare");
  const std::uint64_t begin = fixture_.AddressOf("fixture_assembly");
  ASSERT_NE(begin, 0U);
  EXPECT_EQ(At(begin), "fixture_assembly");
  EXPECT_EQ(At(begin + 2), "fixture_assembly");
  EXPECT_NE(At(begin - 1), "fixture_assembly");
}

// A function with several names goes by the one without underscores.
TEST_F(ElfSymbolsTest, PrefersPlainNames) {
  Load("bare");
  EXPECT_EQ(At(fixture_.AddressOf("__fixture_alias")), "fixture_c_function");
}

TEST_F(ElfSymbolsTest, FindsNothingOutsideTheCode) {
  Load("bare");
  EXPECT_EQ(symbols_->Find(0), nullptr);
  EXPECT_EQ(symbols_->Find(~std::uint64_t{0}), nullptr);
}

}  // namespace
}  // namespace memtrace::symbolize
