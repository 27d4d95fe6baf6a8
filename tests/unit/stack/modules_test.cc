// SPDX-License-Identifier: MIT
#include "preload/stack/modules.h"

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <link.h>

#include <atomic>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "tests/unit/stack/captured_stack.h"

namespace memtrace::preload {
namespace {

struct KnownModule {
  ModuleInfo info;
  std::string path;
};
std::vector<KnownModule> g_modules;
void Remember(const ModuleInfo& module) {
  g_modules.push_back(KnownModule{module, module.path});
}

const KnownModule* Find(const std::string& name) {
  for (const KnownModule& module : g_modules) {
    if (module.path.find(name) != std::string::npos) return &module;
  }
  return nullptr;
}

// The build id as the program headers of a loaded object give it.
std::vector<std::uint8_t> BuildIdOf(std::uintptr_t load_bias) {
  struct Search {
    std::uintptr_t bias;
    std::vector<std::uint8_t> id;
  } search{load_bias, {}};
  dl_iterate_phdr(
      [](dl_phdr_info* info, std::size_t, void* data) {
        auto& wanted = *static_cast<Search*>(data);
        if (info->dlpi_addr != wanted.bias) return 0;
        for (int i = 0; i < info->dlpi_phnum; ++i) {
          if (info->dlpi_phdr[i].p_type != PT_NOTE) continue;
          const auto* note =
              reinterpret_cast<const std::uint32_t*>(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr);
          if (note[2] != NT_GNU_BUILD_ID || note[0] != 4) continue;
          const auto* bytes = reinterpret_cast<const std::uint8_t*>(note + 4);
          wanted.id.assign(bytes, bytes + note[1]);
        }
        return 1;
      },
      &search);
  return search.id;
}

class ModulesTest : public testing::Test {
 protected:
  ModulesTest() {
    g_modules.clear();
    SiteTreeReset(NodeStorage{GrowFromArena});
    StackInit(StackOptions{0, Remember});
    StackResetAfterFork();  // reports all modules, also those that earlier tests met
  }
  ~ModulesTest() override { StackInit(StackOptions{0, nullptr}); }
};

TEST_F(ModulesTest, LoadedModulesAreReported) {
  const KnownModule* self = Find(std::filesystem::read_symlink("/proc/self/exe").string());
  ASSERT_NE(self, nullptr);
  const auto here = reinterpret_cast<std::uintptr_t>(&BuildIdOf);
  EXPECT_LE(self->info.start, here);
  EXPECT_GT(self->info.end, here);
  EXPECT_NE(Find("[vdso]"), nullptr);
  const KnownModule* libc = Find("libc.so.6");
  ASSERT_NE(libc, nullptr);
  const std::vector<std::uint8_t> id(libc->info.build_id, libc->info.build_id + libc->info.build_id_bytes);
  EXPECT_EQ(id, BuildIdOf(libc->info.load_bias));
  EXPECT_EQ(id.size(), 20u);
}

using PluginEntry = void (*)(void (*)(std::size_t), int);

struct PluginUse {
  std::uintptr_t base = 0;
  int generation = -1;  // in the nodes of frames inside the plugin
  bool exact = true;
};

// Loads a plugin, captures inside it, closes it.
PluginUse UsePlugin(CaptureSession& session, const char* path) {
  PluginUse use;
  void* library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  EXPECT_NE(library, nullptr) << dlerror();
  link_map* map = nullptr;
  dlinfo(library, RTLD_DI_LINKMAP, &map);
  use.base = map->l_addr;
  session.stacks().clear();
  reinterpret_cast<PluginEntry>(dlsym(library, "TorturePluginEnter"))([](std::size_t) { TestHook(); }, 3);
  for (const CapturedStack& stack : session.stacks()) {
    use.exact &= stack.pcs() == stack.reference;
    for (const std::uint64_t key : stack.keys) {
      const std::uint64_t pc = key & format::kPcMask;
      if (pc - use.base < 0x10000) use.generation = static_cast<int>(key >> format::kGenerationShift);
    }
  }
  ModulesChanging();
  dlclose(library);  // its destructors capture, too
  ModulesChanged();
  for (const CapturedStack& stack : session.stacks()) use.exact &= stack.pcs() == stack.reference;
  return use;
}

TEST_F(ModulesTest, ModulesAtOneAddressAreToldApart) {
  CaptureSession session;
  const PluginUse first = UsePlugin(session, TORTURE_PLUGIN_1);
  const PluginUse second = UsePlugin(session, TORTURE_PLUGIN_2);
  const PluginUse again = UsePlugin(session, TORTURE_PLUGIN_1);
  EXPECT_TRUE(first.exact);
  EXPECT_TRUE(second.exact);
  EXPECT_TRUE(again.exact);
  if (first.base != second.base || first.base != again.base) GTEST_SKIP() << "loaded at different addresses";
  EXPECT_NE(first.generation, second.generation);
  EXPECT_EQ(first.generation, again.generation);
}

TEST_F(ModulesTest, AlsoWhenNobodyTellsOfTheChange) {
  CaptureSession session;
  int exact = 0;
  for (const char* path : {TORTURE_PLUGIN_1, TORTURE_PLUGIN_2}) {
    void* library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    ASSERT_NE(library, nullptr);
    session.stacks().clear();
    auto enter = reinterpret_cast<PluginEntry>(dlsym(library, "TorturePluginEnter"));
    for (int i = 0; i < 3; ++i) enter([](std::size_t) { TestHook(); }, i);
    exact = session.stacks().back().pcs() == session.stacks().back().reference;
    dlclose(library);  // as glibc does with its own modules, past our hook
  }
  EXPECT_TRUE(exact) << "a new pc in the second module must have shown that the first is gone";
}

// More changes than rule tags there are: tags repeat, old rules must not come back with them.
TEST_F(ModulesTest, TagsMayRepeat) {
  CaptureSession session;
  UsePlugin(session, TORTURE_PLUGIN_1);
  for (int i = 0; i < 4095; ++i) {
    ModulesChanging();
    ModulesChanged();
  }
  const PluginUse second = UsePlugin(session, TORTURE_PLUGIN_2);
  EXPECT_TRUE(second.exact);
}

TEST_F(ModulesTest, OtherThreadsStayExactDuringChanges) {
  std::atomic<bool> stop{false};
  std::atomic<int> wrong{0};
  std::atomic<int> captures{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 2; ++t) {
    threads.emplace_back([&] {
      // A session of its own would reset the shared tree; the thread brings only its state.
      auto* thread = MapArray<ThreadCapture>(1);
      ThreadCaptureInit(*thread, 0, reinterpret_cast<std::uintptr_t>(pthread_self()));
      std::uint32_t expected = 0;
      while (!stop.load()) {
        auto* const frame = static_cast<std::uintptr_t*>(__builtin_frame_address(0));
        const std::uint32_t node = Capture(*thread, frame[1], reinterpret_cast<std::uintptr_t>(frame + 2),
                                           frame[0], format::AllocKind::kMalloc);
        if (expected == 0) expected = node;
        wrong += node != expected;
        ++captures;
      }
    });
  }
  while (captures < 100) std::this_thread::yield();
  for (int i = 0; i < 2000; ++i) {
    ModulesChanging();
    ModulesChanged();
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace memtrace::preload
