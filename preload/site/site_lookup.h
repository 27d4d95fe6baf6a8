// SPDX-License-Identifier: MIT
// SiteTreeChild for hot paths: the lookup in line, the adding of a new node out of line.
#pragma once

#include <cstdint>

#include "preload/site/site_index.h"
#include "preload/site/site_tree.h"

namespace memtrace::preload {

[[gnu::always_inline]] inline std::uint32_t SiteTreeChildInline(std::uint32_t parent, std::uint64_t key,
                                                                std::uint64_t path_hash) {
  const std::uint32_t known =
      SiteIndexFindIn(*g_site_index.load(std::memory_order_acquire), path_hash, parent);
  return __builtin_expect(known != 0, 1) ? known : SiteTreeChild(parent, key, path_hash);
}

}  // namespace memtrace::preload
