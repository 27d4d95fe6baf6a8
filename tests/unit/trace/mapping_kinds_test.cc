// SPDX-License-Identifier: MIT
// Tests mapping_kinds: lines of /proc/PID/maps in, pieces of one kind out.
#include "memtrace/mapping_kinds.h"

#include <cstdint>
#include <functional>
#include <string>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

namespace memtrace::format {
namespace {

struct Range {
  std::uint64_t start;
  std::uint64_t end;
};

// start, end, kind
using Piece = std::tuple<std::uint64_t, std::uint64_t, MemoryKind>;

constexpr std::uint64_t kPage = kPageBytes;
constexpr std::uint64_t kArena = 0x7f0000000000;  // a multiple of 64 MiB
static_assert(kArena % kArenaBytes == 0);

class MappingKindsTest : public ::testing::Test {
 public:
  // "rw-p", inode and name as /proc/PID/maps writes them.
  MappingKindsTest& Line(std::uint64_t start, std::uint64_t end, const std::string& access,
                         std::uint64_t inode = 0, const std::string& name = "") {
    if (!is_started_) kinds_.Start(own_.data(), own_.size(), {"/data/memtrace.app.7.mtr", 70});
    is_started_ = true;
    kinds_.Take({start, end, inode, access.substr(0, 3) != "---", access[1] == 'w', access[3] == 's'},
                name.c_str(), emit_);
    return *this;
  }

  std::vector<Piece> Pieces() {
    kinds_.Finish(emit_);
    return pieces_;
  }

  std::vector<Range> own_;

 private:
  const std::function<void(std::uint64_t, std::uint64_t, MemoryKind)> emit_ =
      [this](std::uint64_t start, std::uint64_t end, MemoryKind kind) {
        pieces_.emplace_back(start, end, kind);
      };
  MappingKinds<Range> kinds_;
  bool is_started_ = false;
  std::vector<Piece> pieces_;
};

TEST_F(MappingKindsTest, FilesAndTheVariablesBehindThem) {
  Line(0x10000, 0x20000, "r-xp", 7, "/usr/bin/app").Line(0x20000, 0x21000, "rw-p", 7, "/usr/bin/app");
  Line(0x21000, 0x25000, "rw-p").Line(0x25000, 0x29000, "rw-p");
  EXPECT_EQ(Pieces(), (std::vector<Piece>{{0x10000, 0x20000, MemoryKind::kFile},
                                          {0x20000, 0x21000, MemoryKind::kFile},
                                          {0x21000, 0x25000, MemoryKind::kModuleData},
                                          {0x25000, 0x29000, MemoryKind::kAnonymous}}));
}

TEST_F(MappingKindsTest, HeapAndStacks) {
  Line(0x10000, 0x20000, "rw-p", 0, "[heap]");
  Line(0x30000, 0x31000, "---p").Line(0x31000, 0x41000, "rw-p");
  // Too large for a guard.
  Line(0x1000000, 0x1000000 + 2 * kMaxGuardBytes, "---p");
  Line(0x1000000 + 2 * kMaxGuardBytes, 0x2000000, "rw-p").Line(0x7ffff000, 0x80000000, "rw-p", 0, "[stack]");
  EXPECT_EQ(Pieces(), (std::vector<Piece>{{0x10000, 0x20000, MemoryKind::kBreak},
                                          {0x31000, 0x41000, MemoryKind::kThreadStack},
                                          {0x1000000 + 2 * kMaxGuardBytes, 0x2000000, MemoryKind::kAnonymous},
                                          {0x7ffff000, 0x80000000, MemoryKind::kMainStack}}));
}

TEST_F(MappingKindsTest, AnArenaIsKnownByWhatIsForbiddenBehindIt) {
  Line(kArena, kArena + 5 * kPage, "rw-p").Line(kArena + 5 * kPage, kArena + kArenaBytes, "---p");
  Line(kArena + 2 * kArenaBytes, kArena + 2 * kArenaBytes + kPage, "rw-p");  // nothing behind it
  EXPECT_EQ(Pieces(), (std::vector<Piece>{{kArena, kArena + 5 * kPage, MemoryKind::kArena},
                                          {kArena + 2 * kArenaBytes, kArena + 2 * kArenaBytes + kPage,
                                           MemoryKind::kAnonymous}}));
}

TEST_F(MappingKindsTest, AnArenaBehindOtherMemoryInOneLine) {
  Line(kArena - 3 * kPage, kArena + 5 * kPage, "rw-p").Line(kArena + 5 * kPage, kArena + kArenaBytes, "---p");
  EXPECT_EQ(Pieces(), (std::vector<Piece>{{kArena - 3 * kPage, kArena, MemoryKind::kAnonymous},
                                          {kArena, kArena + 5 * kPage, MemoryKind::kArena}}));
}

TEST_F(MappingKindsTest, AFullArenaAndItsNeighbourAreOneLine) {
  const std::uint64_t second = kArena + kArenaBytes;
  Line(kArena, second + 5 * kPage, "rw-p").Line(second + 5 * kPage, second + kArenaBytes, "---p");
  EXPECT_EQ(Pieces(), (std::vector<Piece>{{kArena, second + 5 * kPage, MemoryKind::kArena}}));
}

TEST_F(MappingKindsTest, OurOwnIsCutOut) {
  own_ = {{0x8000, 0x9000}, {0x12000, 0x14000}, {0x18000, 0x22000}, {0x30000, 0x31000}};
  Line(0x10000, 0x20000, "rw-p").Line(0x20000, 0x26000, "r--p").Line(0x30000, 0x31000, "rw-p");
  EXPECT_EQ(Pieces(), (std::vector<Piece>{{0x10000, 0x12000, MemoryKind::kAnonymous},
                                          {0x12000, 0x14000, MemoryKind::kOwn},
                                          {0x14000, 0x18000, MemoryKind::kAnonymous},
                                          {0x18000, 0x20000, MemoryKind::kOwn},
                                          {0x20000, 0x22000, MemoryKind::kOwn},
                                          {0x22000, 0x26000, MemoryKind::kAnonymous},
                                          {0x30000, 0x31000, MemoryKind::kOwn}}));
}

TEST_F(MappingKindsTest, OurFilesAndSharedMemory) {
  const std::string trace = "/data/memtrace.app.7.mtr";
  Line(0x1000, 0x2000, "r-xp", 9, "/usr/lib/libmemtrace.so").Line(0x2000, 0x3000, "rw-s", 70, trace);
  Line(0x3000, 0x4000, "rw-s", 70, trace + " (deleted)");
  Line(0x4000, 0x5000, "rw-s", 71, trace);  // another file of that name
  Line(0x5000, 0x6000, "r--s", 70, trace);  // somebody reads it
  Line(0x6000, 0x7000, "rw-s", 5, "/memfd:pool").Line(0x7000, 0x8000, "rw-s");
  std::vector<MemoryKind> kinds;
  for (const Piece& piece : Pieces()) kinds.push_back(std::get<2>(piece));
  EXPECT_EQ(kinds, (std::vector<MemoryKind>{MemoryKind::kOwnFile, MemoryKind::kOwnFile, MemoryKind::kOwnFile,
                                            MemoryKind::kFile, MemoryKind::kFile, MemoryKind::kShared,
                                            MemoryKind::kShared}));
}

TEST(PageStates, AsPagemapTellsThem) {
  const std::uint64_t present = 1ULL << 63, of_file = 1ULL << 61, exclusive = 1ULL << 56;
  EXPECT_EQ(PageStateOf(exclusive), PageState::kAbsent);
  EXPECT_EQ(PageStateOf(present | of_file | exclusive), PageState::kResident);
  EXPECT_EQ(PageStateOf(present | exclusive), PageState::kPrivateCopy);
  EXPECT_EQ(PageStateOf(present), PageState::kCommon);
  EXPECT_EQ(CountedState(MemoryKind::kAnonymous, PageState::kCommon), PageState::kAbsent);
  EXPECT_EQ(CountedState(MemoryKind::kFile, PageState::kCommon), PageState::kCommon);
  EXPECT_TRUE(IsCopy(MemoryKind::kFile, PageState::kPrivateCopy));
  EXPECT_FALSE(IsCopy(MemoryKind::kAnonymous, PageState::kPrivateCopy));
}

}  // namespace
}  // namespace memtrace::format
