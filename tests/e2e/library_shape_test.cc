// SPDX-License-Identifier: MIT
// What libmemtrace.so needs from others and shows to others, and which folder includes which: lists, not
// opinions.
#include <algorithm>
#include <regex>
#include <set>
#include <sstream>

#include "tests/e2e/harness/fixture.h"

namespace memtrace::e2e {
namespace {

using Names = std::set<std::string>;

// Everything that the library takes from libc. A new name here is a decision: it must neither allocate nor
// lock nor change errno where hooks call it.
const Names kAllowedImports = {
    // the weak and generated ones
    "__cxa_finalize", "__gmon_start__", "_ITM_deregisterTMCloneTable", "_ITM_registerTMCloneTable",
    // memory and strings, free of side effects
    "memcpy", "memset", "memcmp", "memmove", "strlen", "strnlen", "strncpy",
    // the process as the linker and libc know it
    "environ", "__environ", "__errno_location", "__libc_stack_end", "_dl_find_object", "dl_iterate_phdr",
    "dladdr", "dlsym", "dlopen", "dlerror", "dladdr1", "dlclose", "__tls_get_addr", "pthread_self",
    // weak: is a sanitizer's runtime there?
    "__tsan_init", "__asan_init", "__msan_init",
    // glibc's allocator, called when the next one is not yet known
    "__libc_malloc", "__libc_free", "__libc_calloc", "__libc_realloc", "__libc_memalign", "__libc_valloc",
    "__libc_pvalloc",
    // readings at checkpoints
    "mallinfo2", "getauxval"};

// Names other than these stay inside.
const Names kAllowedExports = {
    // allocation
    "malloc", "calloc", "realloc", "reallocarray", "free", "cfree", "posix_memalign", "aligned_alloc",
    "memalign", "valloc", "pvalloc", "free_sized", "free_aligned_sized",
    // mappings
    "mmap", "mmap64", "munmap", "mremap", "brk", "sbrk",
    // jemalloc's
    "mallocx", "rallocx", "xallocx", "dallocx", "sdallocx",
    // threads and processes
    "pthread_create", "pthread_setname_np", "prctl", "dlclose", "vfork", "fork", "_Fork", "posix_spawn",
    "posix_spawnp", "execve", "execv", "execvp", "execvpe", "execl", "execlp", "execle", "fexecve",
    "execveat", "_exit", "_Exit", "quick_exit", "unshare", "setns", "syscall",
    // the client header
    "memtrace_mark_impl", "memtrace_pause_impl", "memtrace_resume_impl", "memtrace_active_impl",
    // the same for other languages
    "setenv", "putenv", "memtrace_mark", "memtrace_pause", "memtrace_resume", "memtrace_active"};

bool IsAllowedExport(const std::string& name) {
  static const std::regex families(
      "_Zn[aw].*|_Zd[al].*|(tc|mi|je)_[a-z_0-9]+");  // operators new and delete; allocators
  return kAllowedExports.count(name) != 0 || std::regex_match(name, families);
}

class LibraryShape : public EndToEnd {
 protected:
  void SetUp() override {
    if (!IsInstalled("nm") || !IsInstalled("readelf")) GTEST_SKIP() << "binutils are not installed";
  }

  // The last column of nm's output without versions.
  Names Symbols(const std::string& option) const {
    Names names;
    std::istringstream lines(Run({"/usr/bin/nm", "-D", option, ShimPath()}).out);
    for (std::string line; std::getline(lines, line);) {
      const std::string name = line.substr(line.rfind(' ') + 1);
      names.insert(name.substr(0, name.find('@')));
    }
    EXPECT_FALSE(names.empty());
    return names;
  }
};

TEST_F(LibraryShape, ImportsOnlyWhatIsOnTheList) {
  for (const std::string& name : Symbols("--undefined-only")) {
    EXPECT_TRUE(kAllowedImports.count(name)) << "libmemtrace.so imports " << name;
  }
}

TEST_F(LibraryShape, ExportsOnlyWhatIsOnTheList) {
  const Names exported = Symbols("--defined-only");
  for (const std::string& name : exported)
    EXPECT_TRUE(IsAllowedExport(name)) << "libmemtrace.so exports " << name;
}

TEST_F(LibraryShape, ExportsEveryHookOfTheDesign) {
  const Names exported = Symbols("--defined-only");
  for (const char* name : {"malloc",
                           "calloc",
                           "realloc",
                           "reallocarray",
                           "free",
                           "cfree",
                           "posix_memalign",
                           "aligned_alloc",
                           "memalign",
                           "valloc",
                           "pvalloc",
                           "free_sized",
                           "free_aligned_sized",
                           "mmap",
                           "mmap64",
                           "munmap",
                           "mremap",
                           "brk",
                           "sbrk",
                           "mallocx",
                           "rallocx",
                           "xallocx",
                           "dallocx",
                           "sdallocx",
                           "dlclose",
                           "_exit",
                           "_Exit",
                           "execve",
                           "execv",
                           "execvp",
                           "execvpe",
                           "execl",
                           "execlp",
                           "execle",
                           "fexecve",
                           "_Znwm",
                           "_Znam",
                           "_ZnwmRKSt9nothrow_t",
                           "_ZnamRKSt9nothrow_t",
                           "_ZnwmSt11align_val_t",
                           "_ZnamSt11align_val_t",
                           "_ZnwmSt11align_val_tRKSt9nothrow_t",
                           "_ZnamSt11align_val_tRKSt9nothrow_t",
                           "_ZdlPv",
                           "_ZdaPv",
                           "_ZdlPvm",
                           "_ZdaPvm",
                           "_ZdlPvRKSt9nothrow_t",
                           "_ZdaPvRKSt9nothrow_t",
                           "_ZdlPvSt11align_val_t",
                           "_ZdaPvSt11align_val_t",
                           "_ZdlPvmSt11align_val_t",
                           "_ZdaPvmSt11align_val_t",
                           "_ZdlPvSt11align_val_tRKSt9nothrow_t",
                           "_ZdaPvSt11align_val_tRKSt9nothrow_t",
                           "memtrace_mark_impl",
                           "memtrace_pause_impl",
                           "memtrace_resume_impl",
                           "memtrace_active_impl",
                           "memtrace_mark",
                           "memtrace_pause",
                           "memtrace_resume",
                           "memtrace_active"}) {
    EXPECT_TRUE(exported.count(name)) << "no hook for " << name;
  }
}

TEST_F(LibraryShape, NeedsLibcAlone) {
  std::istringstream lines(Run({"/usr/bin/readelf", "-dW", ShimPath()}).out);
  for (std::string line; std::getline(lines, line);) {
    if (line.find("(NEEDED)") == std::string::npos) continue;
    EXPECT_THAT(line, testing::AnyOf(testing::HasSubstr("[libc.so.6]"),
                                     testing::HasSubstr("[ld-linux-x86-64.so.2]")));
  }
}

TEST_F(LibraryShape, IsBoundAtLoadAndHasSmallThreadVariables) {
  EXPECT_THAT(Run({"/usr/bin/readelf", "-dW", ShimPath()}).out, testing::HasSubstr("NOW"));
  const std::string headers = Run({"/usr/bin/readelf", "-lW", ShimPath()}).out;
  static const std::regex tls(R"(TLS\s+\S+\s+\S+\s+\S+\s+\S+\s+0x([0-9a-f]+))");
  std::smatch found;
  ASSERT_TRUE(std::regex_search(headers, found, tls)) << headers;
  EXPECT_LE(std::stoul(found[1], nullptr, 16), 256u)
      << "bytes in every thread of every program, and dlopen has few";
  EXPECT_THAT(headers,
              testing::Not(testing::HasSubstr("GNU_STACK      0x000000 0x0000000000000000 0x0000000000000000 "
                                              "0x000000 0x000000 RWE")));
}

// ---- rooms of the house

struct Room {
  std::string folder;
  std::regex forbidden;  // include paths
};

void PrintTo(const Room& room, std::ostream* out) {
  *out << room.folder;
}

class Rooms : public testing::TestWithParam<Room> {};

TEST_P(Rooms, IncludeNothingFromAcrossTheYard) {
  const auto& [room, forbidden] = GetParam();
  static const std::regex include(R"re(^\s*#\s*include\s*["<]([^">]+)[">])re");
  int files = 0;
  for (const fs::directory_entry& entry :
       fs::recursive_directory_iterator(fs::path(MEMTRACE_SOURCE_ROOT) / room)) {
    const std::string extension = entry.path().extension();
    if (extension != ".h" && extension != ".cc") continue;
    ++files;
    std::istringstream lines(ReadFile(entry.path()));
    for (std::string line; std::getline(lines, line);) {
      std::smatch found;
      if (!std::regex_search(line, found, include)) continue;
      EXPECT_FALSE(std::regex_match(found[1].str(), forbidden)) << entry.path() << " includes " << found[1];
    }
  }
  EXPECT_GT(files, 3) << room;
}

INSTANTIATE_TEST_SUITE_P(
    Halves, Rooms,
    testing::Values(Room{"analyzer",
                         std::regex(R"((?!preload/include/).*preload/.*|.*tests/.*|.*demo_apps/.*)")},
                    Room{"preload", std::regex(R"(.*analyzer/.*|.*tests/.*|.*demo_apps/.*)")}),
    [](const auto& param) { return param.param.folder; });

}  // namespace
}  // namespace memtrace::e2e
