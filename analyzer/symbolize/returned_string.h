// SPDX-License-Identifier: MIT
// The text that a function of a program returns, without running it: read out of its machine code.
//
//     const char* __lsan_default_suppressions() { return "leak:Registry\n"; }
//
//     endbr64                          skipped
//     push %rbp; mov %rsp,%rbp         skipped (unoptimised code)
//     lea  0xe8d(%rip),%rax    ──────► .rodata: "leak:Registry\n\0"
//     pop  %rbp; ret                   must follow, else it is no such function
#pragma once

#include <optional>
#include <string>

#include "analyzer/symbolize/elf_file.h"

namespace memtrace::symbolize {

// Where a program keeps its rules for LeakSanitizer.
inline constexpr const char* kLsanSuppressions = "__lsan_default_suppressions";

// `symbols`: the file whose symbol table names the function: `file` itself, or its debug information. nullopt
// if there is no such function, or it does more than return a literal or a global pointer to one.
// x86-64 only.
std::optional<std::string> ReturnedString(const ElfFile& file, const ElfFile& symbols,
                                          const std::string& function);

}  // namespace memtrace::symbolize
