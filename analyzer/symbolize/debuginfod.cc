// SPDX-License-Identifier: MIT
// The four functions of libdebuginfod.so.1 that are needed, by name.
#include "analyzer/symbolize/debuginfod.h"

#include <dlfcn.h>
#include <unistd.h>

#include <cstdlib>
#include <utility>

namespace memtrace::symbolize {

struct Debuginfod::Library {
  void* handle = nullptr;
  debuginfod_client* (*begin)() = nullptr;
  void (*end)(debuginfod_client*) = nullptr;
  Find find_debuginfo = nullptr;
  Find find_executable = nullptr;

  ~Library() {
    if (handle != nullptr) dlclose(handle);
  }
  template <typename Function>
  bool Bind(const char* name, Function* function) {
    *function = reinterpret_cast<Function>(dlsym(handle, name));
    return *function != nullptr;
  }
  bool Load() {
    handle = dlopen("libdebuginfod.so.1", RTLD_NOW | RTLD_LOCAL);
    return handle != nullptr && Bind("debuginfod_begin", &begin) && Bind("debuginfod_end", &end) &&
           Bind("debuginfod_find_debuginfo", &find_debuginfo) &&
           Bind("debuginfod_find_executable", &find_executable);
  }
};

Result<std::shared_ptr<Debuginfod>> Debuginfod::Open() {
  const char* urls = std::getenv("DEBUGINFOD_URLS");
  if (urls == nullptr || *urls == '\0') {
    return Error{ErrorCode::kUsage, "debuginfod: DEBUGINFOD_URLS is not set: no server to ask"};
  }
  auto library = std::make_unique<Library>();
  if (!library->Load()) {
    return Error{ErrorCode::kUsage, "debuginfod: libdebuginfod.so.1 is not installed"};
  }
  std::shared_ptr<Debuginfod> client(new Debuginfod(std::move(library)));
  if (client->client_ == nullptr) return Error{ErrorCode::kUsage, "debuginfod: the client does not start"};
  return client;
}

Debuginfod::Debuginfod(std::unique_ptr<Library> library)
    : library_(std::move(library)), client_(library_->begin()) {}

Debuginfod::~Debuginfod() {
  if (client_ != nullptr) library_->end(client_);
}

std::string Debuginfod::FindDebugInfo(const std::string& build_id) {
  return Run(library_->find_debuginfo, build_id);
}

std::string Debuginfod::FindExecutable(const std::string& build_id) {
  return Run(library_->find_executable, build_id);
}

// A length of 0 says that the id is a text.
std::string Debuginfod::Run(Find find, const std::string& build_id) {
  char* path = nullptr;
  const int descriptor = find(client_, reinterpret_cast<const unsigned char*>(build_id.c_str()), 0, &path);
  if (descriptor < 0) return {};
  close(descriptor);
  const std::unique_ptr<char, decltype(&std::free)> owned(path, &std::free);
  return owned != nullptr ? owned.get() : "";
}

}  // namespace memtrace::symbolize
