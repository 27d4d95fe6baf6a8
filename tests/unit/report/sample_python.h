// SPDX-License-Identifier: MIT
// A recorded Python program for golden outputs, read through the real symbolizer. Its source lies beside its
// trace.
//
//     0.1 s   shop/orders.py:6    load           1000 x 64 B objects, kept
//     0.2 s   shop/orders.py:12   Order.__init__  300 x 200 B of PyMem_Malloc, kept
//     0.3 s   shop/orders.py:7    load → libpq     3 x 20,000 B of malloc, kept       mark "loaded" at 0.5 s
//     0.6 s   shop/app.py:4       <module>       500 x 32 B objects, freed at once
//     0.7 s   two of load's objects are handed out again by <module>: shop/app.py:5
//     arenas  256 KiB, mapped from shop/orders.py:6
#pragma once

#include <cstdint>
#include <filesystem>

namespace memtrace::testing {

// Writes shop.mtr and shop/*.py into `folder`. `hex_version`: PY_VERSION_HEX; from 3.13 on the objects that
// are handed out again are in the trace.
void WriteSamplePython(const std::filesystem::path& folder, std::uint32_t hex_version);

}  // namespace memtrace::testing
