// SPDX-License-Identifier: MIT
#include "preload/site/site_tree.h"

#include "preload/site/site_index.h"
#include "preload/site/site_nodes.h"

namespace memtrace::preload {

bool SiteTreeInit(NodeStorage storage) {
  return SiteIndexInit() && SiteNodesInit(storage);
}

bool SiteTreeReset(NodeStorage storage) {
  SiteIndexDiscard();
  return SiteTreeInit(storage);
}

std::uint64_t SiteTreeNodeCount() {
  return SiteNodesCount();
}

std::uint32_t SiteTreeFind(std::uint32_t parent, std::uint64_t path_hash) {
  return SiteIndexFind(path_hash, parent);
}

std::uint32_t SiteTreeChild(std::uint32_t parent, std::uint64_t key, std::uint64_t path_hash) {
  const std::uint32_t known = SiteIndexFind(path_hash, parent);
  if (__builtin_expect(known != 0, 1)) return known;
  const std::uint32_t id = SiteNodesAdd(key, parent);
  return id != 0 ? SiteIndexAdd(path_hash, parent, id) : 0;
}

}  // namespace memtrace::preload
