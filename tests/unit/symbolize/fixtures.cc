// SPDX-License-Identifier: MIT
// Loads fixture libraries with dlopen.
#include "fixtures.h"

#include <dlfcn.h>
#include <link.h>
#include <stdlib.h>

#include <fstream>
#include <iterator>

#include "analyzer/symbolize/elf_file.h"

namespace memtrace::symbolize {

const FixtureCall& LoadedFixture::Call(const std::string& label) const {
  static const FixtureCall kMissing{"", 0, nullptr};
  for (const FixtureCall& call : calls) {
    if (label == call.label) return call;
  }
  ADD_FAILURE() << path << " has no call " << label;
  return kMissing;
}

std::uint64_t LoadedFixture::AddressOf(const char* symbol) const {
  return reinterpret_cast<std::uint64_t>(dlsym(handle, symbol));
}

std::string FixturePath(const std::string& name) {
  return std::string(MEMTRACE_FIXTURE_FOLDER) + "/libfixture_" + name + ".so";
}

LoadedFixture LoadFixture(const std::string& name) {
  LoadedFixture fixture;
  fixture.path = FixturePath(name);
  fixture.handle = dlopen(fixture.path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (fixture.handle == nullptr) {
    ADD_FAILURE() << dlerror();
    return fixture;
  }
  link_map* map = nullptr;
  dlinfo(fixture.handle, RTLD_DI_LINKMAP, &map);
  fixture.load_bias = map->l_addr;
  const auto run = reinterpret_cast<decltype(&fixture_run)>(dlsym(fixture.handle, "fixture_run"));
  std::size_t count = 0;
  const FixtureCall* calls = run(&count);
  fixture.calls.assign(calls, calls + count);
  return fixture;
}

model::Trace TraceOf(const LoadedFixture& fixture, const std::vector<std::uint64_t>& pcs, bool is_exact) {
  model::Trace trace;
  model::Module module;
  module.end = ~std::uint64_t{0};
  module.load_bias = fixture.load_bias;
  module.path = fixture.path;
  const auto file = ElfFile::Open(fixture.path);
  if (file) module.build_id = (*file)->build_id();
  trace.modules.push_back(module);
  trace.sites.emplace_back();
  for (const std::uint64_t pc : pcs) {
    model::Site site;
    site.pc = pc;
    site.module = 0;
    site.is_exact = is_exact;
    trace.sites.push_back(site);
  }
  return trace;
}

std::uint64_t PcOf(const FixtureCall& call) {
  return reinterpret_cast<std::uint64_t>(call.return_address);
}

TemporaryFolder::TemporaryFolder() {
  std::string pattern = testing::TempDir() + "memtrace_symbolize_XXXXXX";
  if (mkdtemp(pattern.data()) == nullptr) ADD_FAILURE() << "cannot make " << pattern;
  path_ = pattern;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string ReadFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

void WriteFile(const std::string& path, const std::string& content) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  std::ofstream(path, std::ios::binary) << content;
}

}  // namespace memtrace::symbolize
