// SPDX-License-Identifier: MIT
// Kept look-ups: the same answers, nothing believed, bounded room.
#include "analyzer/symbolize/symbol_cache.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "analyzer/symbolize/module_file.h"
#include "fixtures.h"

namespace memtrace::symbolize {
namespace {

namespace fs = std::filesystem;

class SymbolCacheTest : public testing::Test {
 protected:
  static model::Symbols Sample(const std::string& build_id, std::size_t text_bytes = 8) {
    model::Symbols symbols;
    std::string text;
    for (std::size_t i = 0; i < text_bytes; ++i) text += static_cast<char>('a' + (i * i * 7 + i / 3) % 26);
    symbols.strings = {"", text};
    symbols.frames = {{1, 0, 3, 0, 0}};
    symbols.modules = {{"", build_id, {{0x1234, 0, 1}}}};
    return symbols;
  }
  std::vector<fs::path> Files() const {
    std::vector<fs::path> files;
    if (!fs::exists(folder_ / "cache")) return files;
    for (const auto& entry : fs::directory_iterator(folder_ / "cache")) files.push_back(entry.path());
    return files;
  }

  TemporaryFolder folder_;
  SymbolCache cache_{folder_ / "cache"};
};

TEST_F(SymbolCacheTest, WhatIsKeptIsFoundUnderItsKeyOnly) {
  cache_.Save({"abcd", 1}, Sample("abcd"));
  const auto found = cache_.Load({"abcd", 1});
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->strings, Sample("abcd").strings);
  EXPECT_FALSE(cache_.Load({"abcd", 2}).has_value());
  EXPECT_FALSE(cache_.Load({"abce", 1}).has_value());
  ASSERT_EQ(Files().size(), 1U);
  fs::rename(Files()[0], folder_ / "cache/abce-0000000000000001.sym");
  EXPECT_FALSE(cache_.Load({"abce", 1}).has_value()) << "a file under another module's name";
}

TEST_F(SymbolCacheTest, ABuildIdIsNoPath) {
  for (const char* id : {"", "../../x", "ABCD", "abc/d"}) {
    cache_.Save({id, 1}, Sample(id));
    EXPECT_FALSE(cache_.Load({id, 1}).has_value());
  }
  EXPECT_TRUE(Files().empty());
  EXPECT_FALSE(fs::exists(folder_ / "x"));
}

TEST_F(SymbolCacheTest, DamagedFilesAreAsGoodAsNone) {
  cache_.Save({"abcd", 1}, Sample("abcd"));
  const std::string bytes = ReadFile(Files()[0]);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    WriteFile(Files()[0], bytes.substr(0, size));
    EXPECT_FALSE(cache_.Load({"abcd", 1}).has_value()) << size;
  }
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    std::string changed = bytes;
    changed[at] = static_cast<char>(changed[at] ^ 0x41);
    WriteFile(Files()[0], changed);
    const bool is_reserved = at >= 20 && at < 24;
    EXPECT_EQ(cache_.Load({"abcd", 1}).has_value(), is_reserved) << at;
  }
}

TEST_F(SymbolCacheTest, TheOldestFilesMakeRoom) {
  const SymbolCache small(folder_ / "cache", 20'000);
  for (const char* id : {"aa", "bb", "cc", "dd"}) {
    small.Save({id, 1}, Sample(id, 9'000));
    for (const fs::path& file : Files())
      fs::last_write_time(file, fs::last_write_time(file) - std::chrono::hours(1));
    small.Load({"aa", 1});  // used all the time
  }
  std::uint64_t total = 0;
  for (const fs::path& file : Files()) total += fs::file_size(file);
  EXPECT_LE(total, 20'000U);
  EXPECT_TRUE(small.Load({"aa", 1}).has_value());
  EXPECT_FALSE(small.Load({"bb", 1}).has_value());
  small.Save({"ee", 1}, Sample("ee", 200'000));
  EXPECT_FALSE(small.Load({"ee", 1}).has_value()) << "larger than the whole cache";
}

TEST_F(SymbolCacheTest, DisabledOrUnwritableItIsJustNotThere) {
  const SymbolCache none("");
  none.Save({"abcd", 1}, Sample("abcd"));
  EXPECT_FALSE(none.Load({"abcd", 1}).has_value());
  const SymbolCache nowhere("/proc/nonexistent/cache");
  nowhere.Save({"abcd", 1}, Sample("abcd"));
  EXPECT_FALSE(nowhere.Load({"abcd", 1}).has_value());
}

TEST_F(SymbolCacheTest, FolderFollowsTheXdgRules) {
  setenv("HOME", "/home/somebody", 1);
  setenv("XDG_CACHE_HOME", "/var/cache/me", 1);
  EXPECT_EQ(SymbolCache::DefaultFolder(), "/var/cache/me/memtrace/symbols");
  setenv("XDG_CACHE_HOME", "relative", 1);
  EXPECT_EQ(SymbolCache::DefaultFolder(), "/home/somebody/.cache/memtrace/symbols");
  unsetenv("HOME");
  EXPECT_EQ(SymbolCache::DefaultFolder(), "");
}

// The second look-up of every call of the fixture comes from the cache, and is the same, inlines and all.
TEST_F(SymbolCacheTest, AModuleAnswersTheSameFromTheCache) {
  const LoadedFixture fixture = LoadFixture("full");
  const model::Trace trace = TraceOf(fixture, {PcOf(fixture.calls[0])});
  const DebugFiles files({}, "");
  const auto locations_of = [&](const SymbolCache* cache, bool inlines) {
    ModuleFile module(trace.modules[0], files, cache, std::chrono::nanoseconds(0));
    std::string text;
    for (const FixtureCall& call : fixture.calls) {
      for (const Location& location : module.Find(PcOf(call) - fixture.load_bias - 1, inlines)) {
        text += location.function + " " + location.file + ":" + std::to_string(location.line) + ":" +
                std::to_string(location.column) + " " + std::to_string(location.function_line) +
                (location.is_inlined ? " inlined\n" : "\n");
      }
    }
    return text;
  };
  const std::string all = locations_of(nullptr, true);
  const std::string outermost = locations_of(nullptr, false);
  EXPECT_NE(all, outermost);
  EXPECT_EQ(locations_of(&cache_, false), outermost);
  ASSERT_EQ(Files().size(), 1U);
  EXPECT_EQ(locations_of(&cache_, true), all) << "inlined calls are kept, whoever asked";
  // Proof that it is the cache that answers: another name in it comes out.
  const std::string name = Files()[0].filename().string();
  const SymbolCacheKey key{trace.modules[0].build_id,
                           std::stoull(name.substr(name.find('-') + 1), nullptr, 16)};
  auto kept = cache_.Load(key);
  ASSERT_TRUE(kept.has_value());
  for (std::string& text : kept->strings) {
    if (text.find("StaticFunction") != std::string::npos) text = "FromTheCache()";
  }
  cache_.Save(key, *kept);
  EXPECT_NE(locations_of(&cache_, true).find("FromTheCache()"), std::string::npos);
}

}  // namespace
}  // namespace memtrace::symbolize
