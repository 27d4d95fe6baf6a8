// SPDX-License-Identifier: MIT
// Path hash → node id: the hash table in front of the site nodes.
//
//   slots   [tag 32 | id 32] [ 0 ] [tag | id] …        open addressing; tag = upper half of the path hash,
//                                                      whose own upper bits choose the slot
//   table ──previous──► the table that it replaces, emptied slot by slot by whoever adds nodes, then retired
//
// An entry is only a hint: the node itself says whether it is (key, parent). So a lost entry costs an equal
// second node and a wrong one cannot be believed.
// Thread-safety: lock-free but for growth, where others wait only if the table is nearly full.
#pragma once

#include <cstdint>

namespace memtrace::preload {

bool SiteIndexInit();
// Only where no other thread exists.
void SiteIndexDiscard();

// The id of the node (parent, key), or 0.
std::uint32_t SiteIndexFind(std::uint64_t path_hash, std::uint64_t key, std::uint32_t parent);
// False: no memory for a larger table.
bool SiteIndexAdd(std::uint64_t path_hash, std::uint32_t id);
void SiteIndexPrefetch(std::uint64_t path_hash);

}  // namespace memtrace::preload
