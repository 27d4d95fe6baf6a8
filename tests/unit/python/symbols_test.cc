// SPDX-License-Identifier: MIT
#include "preload/python/symbols.h"

#include <dlfcn.h>
#include <gtest/gtest.h>

namespace memtrace::preload {
namespace {

const link_map& ModuleOf(void* address) {
  dl_find_object found;
  EXPECT_EQ(_dl_find_object(address, &found), 0);
  return *found.dlfo_link_map;
}

TEST(ModuleSymbolsTest, FindsWhatTheDynamicLinkerFinds) {
  const ModuleSymbols libc(ModuleOf(reinterpret_cast<void*>(&dlsym)));
  for (const char* name :
       {"fopen", "qsort", "strtol", "environ", "getaddrinfo", "pthread_mutex_lock", "exit"}) {
    const auto found = libc.Find(name);
    EXPECT_EQ(found.address, reinterpret_cast<std::uintptr_t>(dlsym(RTLD_DEFAULT, name))) << name;
    EXPECT_NE(found.bytes, 0u) << name;
  }
}

TEST(ModuleSymbolsTest, KnowsWhatIsNotThere) {
  const ModuleSymbols libc(ModuleOf(reinterpret_cast<void*>(&dlsym)));
  EXPECT_EQ(libc.Find("PyMem_SetAllocator").address, 0u);
  EXPECT_EQ(libc.Find("").address, 0u);
  void (*function)() = reinterpret_cast<void (*)()>(1);
  libc.Get("no_such_function", &function);
  EXPECT_EQ(function, nullptr);
}

TEST(ModuleSymbolsTest, TakesOnlyWhatAModuleDefinesItself) {
  // The test program uses dlsym, so it is among its symbols, undefined.
  const ModuleSymbols program(ModuleOf(reinterpret_cast<void*>(&ModuleOf)));
  EXPECT_EQ(program.Find("dlsym").address, 0u);
}

TEST(ModuleSymbolsTest, AModuleWithoutTablesHasNone) {
  link_map nothing{};
  EXPECT_EQ(ModuleSymbols(nothing).Find("main").address, 0u);
}

}  // namespace
}  // namespace memtrace::preload
