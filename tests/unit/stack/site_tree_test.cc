// SPDX-License-Identifier: MIT
#include "preload/site/site_tree.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <thread>
#include <vector>

#include "preload/base/arena.h"
#include "preload/site/site_nodes.h"

namespace memtrace::preload {
namespace {

std::uint32_t g_segments_left = ~0u;

format::SiteNode* Grow(std::uint32_t, std::uint32_t capacity) {
  if (g_segments_left == 0) return nullptr;
  --g_segments_left;
  return MapArray<format::SiteNode>(capacity);
}

class SiteTreeTest : public testing::Test {
 protected:
  SiteTreeTest() {
    g_segments_left = ~0u;
    SiteTreeReset(NodeStorage{Grow});
  }
};

struct Path {
  std::uint32_t node = 0;
  std::uint64_t hash = 0;

  Path Child(std::uint64_t key) const {
    const std::uint64_t hash_of_child = SitePathHash(hash, key);
    return Path{SiteTreeChild(node, key, hash_of_child), hash_of_child};
  }
};

TEST_F(SiteTreeTest, OnePathOneNode) {
  const Path main = Path{}.Child(0x1000);
  const Path parse = main.Child(0x2000);
  EXPECT_EQ(main.node, 1u);
  EXPECT_EQ(parse.node, 2u);
  EXPECT_EQ(Path{}.Child(0x1000).Child(0x2000).node, parse.node);
  EXPECT_EQ(SiteTreeNodeCount(), 3u);  // node 0 included
  EXPECT_EQ(SiteNodeAt(parse.node).key, 0x2000u);
  EXPECT_EQ(SiteNodeAt(parse.node).parent, main.node);
}

std::vector<std::uint32_t> g_filled;  // first nodes, by their keys

void Filled(const format::SiteNode* first, std::uint32_t count) {
  EXPECT_EQ(count, 4096u);
  for (std::uint32_t i = 1; i < count; ++i) EXPECT_NE(first[i].key, 0u);
  g_filled.push_back(static_cast<std::uint32_t>(first[1].key));
}

// Each batch once, in order, and none that somebody may just be writing.
TEST_F(SiteTreeTest, StorageLearnsWhatIsFilled) {
  SiteTreeReset(NodeStorage{Grow, Filled});
  g_filled.clear();
  Path path;
  for (std::uint32_t id = 1; id <= 20'480; ++id) {
    path = Path{}.Child(id);
    ASSERT_EQ(path.node, id);
    EXPECT_EQ(g_filled.size(), id < 8192 ? 0 : id / 4096 - 1) << id;
  }
  EXPECT_EQ(g_filled, (std::vector<std::uint32_t>{1, 4097, 8193, 12289}));
}

TEST_F(SiteTreeTest, KeysAndParentsTellNodesApart) {
  const Path main = Path{}.Child(0x1000);
  std::set<std::uint32_t> nodes = {
      main.node,
      main.Child(0x2000).node,
      main.Child(0x2000 | std::uint64_t{1} << format::kKindShift).node,
      main.Child(0x2000 | std::uint64_t{1} << format::kGenerationShift).node,
      main.Child(0x2000 | format::kExactBit).node,
      Path{}.Child(0x2000).node,
      main.Child(0x2000).Child(0x2000).node,
  };
  EXPECT_EQ(nodes.size(), 7u);
}

// Children of different parents may have the same path hash and must not be mixed up.
TEST_F(SiteTreeTest, EqualHashesAreToldApart) {
  constexpr std::uint64_t kSameHash = 0x123456789abcdef0;
  std::set<std::uint32_t> nodes;
  for (std::uint32_t parent = 1; parent <= 100; ++parent) {
    nodes.insert(SiteTreeChild(parent, 0x1000 + parent, kSameHash));
  }
  EXPECT_EQ(nodes.size(), 100u);
  for (std::uint32_t parent = 1; parent <= 100; ++parent) {
    const std::uint32_t node = SiteTreeChild(parent, 0x1000 + parent, kSameHash);
    EXPECT_EQ(SiteNodeAt(node).parent, parent);
    EXPECT_EQ(SiteNodeAt(node).key, 0x1000u + parent);
  }
  EXPECT_EQ(SiteTreeNodeCount(), 101u);
}

// What the index takes for granted: SitePathHash can be undone.
TEST_F(SiteTreeTest, PathHashesAreOneToOne) {
  std::uint64_t inverse = 1;  // of the multiplier modulo 2^64, by Newton's method
  for (int i = 0; i < 6; ++i) inverse *= 2 - 0x9e3779b97f4a7c15ULL * inverse;
  std::uint64_t parent_hash = 0;
  for (std::uint64_t i = 1; i <= 1000; ++i) {
    const std::uint64_t key = i * 0x123456789abcdefULL;
    const std::uint64_t hash = SitePathHash(parent_hash, key);
    const std::uint64_t mixed = hash ^ (hash >> 29) ^ (hash >> 58);
    ASSERT_EQ((mixed * inverse) ^ parent_hash, key);
    parent_hash = hash;
  }
}

TEST_F(SiteTreeTest, GrowsAndFindsEverythingAgain) {
  constexpr std::uint64_t kPaths = 300000;
  std::vector<Path> paths(kPaths);
  for (std::uint64_t i = 0; i < kPaths; ++i)
    paths[i] = (i == 0 ? Path{} : paths[i / 3]).Child(0x400000 + i * 16);
  EXPECT_EQ(SiteTreeNodeCount(), kPaths + 1);
  for (std::uint64_t i = 0; i < kPaths; ++i) {
    const Path again = (i == 0 ? Path{} : paths[i / 3]).Child(0x400000 + i * 16);
    ASSERT_EQ(again.node, paths[i].node);
    ASSERT_LT(SiteNodeAt(again.node).parent, again.node);
  }
  EXPECT_EQ(SiteTreeNodeCount(), kPaths + 1);
}

TEST_F(SiteTreeTest, ThreadsShareOneTree) {
  constexpr int kThreads = 4;
  constexpr std::uint64_t kPaths = 60000;
  std::vector<std::vector<std::uint32_t>> found(kThreads, std::vector<std::uint32_t>(kPaths));
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&found, t] {
      for (std::uint64_t i = 0; i < kPaths; ++i) {
        // All threads add the same paths, in two directions, so that they meet.
        const std::uint64_t n = t % 2 == 0 ? i : kPaths - 1 - i;
        found[t][n] = Path{}.Child(0x1000 + n % 100).Child(0x2000 + n).node;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::uint64_t different = 0;
  for (std::uint64_t n = 0; n < kPaths; ++n) {
    for (int t = 0; t < kThreads; ++t) {
      const format::SiteNode& node = SiteNodeAt(found[t][n]);
      ASSERT_EQ(node.key, 0x2000 + n);
      ASSERT_EQ(SiteNodeAt(node.parent).key, 0x1000 + n % 100);
      ASSERT_LT(node.parent, found[t][n]);
      different += found[t][n] != found[0][n];
    }
  }
  // While a table is replaced a node may be made twice, but what is below it is not.
  EXPECT_LT(different, kPaths / 100);
  EXPECT_GE(SiteTreeNodeCount(), kPaths + 100 + 1);
}

TEST_F(SiteTreeTest, NoRoomGivesZeroAndKeepsWhatIsThere) {
  g_segments_left = 1;  // for ids 4096 to 8191
  Path last;
  std::uint32_t added = 0;
  for (std::uint64_t i = 0; i < 10000; ++i) {
    const Path path = Path{}.Child(0x1000 + i);
    if (path.node == 0) continue;
    ++added;
    last = path;
  }
  EXPECT_EQ(added, 8191u);
  EXPECT_EQ(Path{}.Child(0x1000).node, 1u);
  EXPECT_EQ(Path{}.Child(0x1000 + 8190).node, last.node);
  EXPECT_EQ(Path{}.Child(0x1000 + 9999).node, 0u);
}

TEST_F(SiteTreeTest, ResetGivesAnEmptyTree) {
  for (std::uint64_t i = 0; i < 20000; ++i) Path{}.Child(0x1000 + i);
  const std::uint64_t own_bytes = OwnPrivateBytes();
  ASSERT_TRUE(SiteTreeReset(NodeStorage{Grow}));
  EXPECT_LT(OwnPrivateBytes(), own_bytes + 4096 * sizeof(format::SiteNode));
  EXPECT_EQ(SiteTreeNodeCount(), 1u);
  EXPECT_EQ(Path{}.Child(0x5000).node, 1u);
}

}  // namespace
}  // namespace memtrace::preload
