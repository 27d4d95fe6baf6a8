// SPDX-License-Identifier: MIT
// Nothing: the library of this file owns the test programs' precompiled header.
