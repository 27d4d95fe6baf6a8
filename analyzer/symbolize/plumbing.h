// SPDX-License-Identifier: MIT
// Names of functions that only hand memory on: the block belongs to whoever called them.
#pragma once

#include <string_view>

namespace memtrace::symbolize {

// For a plain name without parameters, such as "xmalloc" or "g_strdup". Leading underscores do not count.
bool IsAllocatorWrapperName(std::string_view name);

}  // namespace memtrace::symbolize
