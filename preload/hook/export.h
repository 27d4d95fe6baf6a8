// SPDX-License-Identifier: MIT
// How a hook is written: exported under the real function's name, and nothing else is.
//
// A wrapper is boring on purpose: the real call and one record call, in the order that keeps address reuse right
// across threads (free is recorded before the real free, an allocation after the real one). The record call
// never touches errno.
#pragma once

#define MEMTRACE_EXPORT extern "C" __attribute__((visibility("default")))

// A hook under a name that C++ cannot spell, such as _Znwm.
#define MEMTRACE_EXPORT_AS(symbol) extern "C" __attribute__((visibility("default"))) asm(#symbol)
