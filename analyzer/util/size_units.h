// SPDX-License-Identifier: MIT
// How FormatSize writes sizes: 4855 KiB, 4972 kB (powers of 1000), or 4,971,520 B.
#pragma once

namespace memtrace {

enum class SizeUnits { kBinary, kDecimal, kBytes };

// For all sizes that are formatted from then on, in the whole process; binary ones if it is never called. A
// command calls it once, before it reports anything. Not to be called while other threads format.
void SetSizeUnits(SizeUnits units);

// For those who write sizes in another way than FormatSize: axes, and pages that go on formatting by
// themselves.
SizeUnits CurrentSizeUnits();

}  // namespace memtrace
