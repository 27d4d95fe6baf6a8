// SPDX-License-Identifier: MIT
// Debug information from the debuginfod servers that DEBUGINFOD_URLS names, by build-id. Used on request
// only: a build-id tells a server what a person runs.
#pragma once

#include <memory>
#include <string>

#include "analyzer/util/result.h"

struct debuginfod_client;

namespace memtrace::symbolize {

// elfutils' client library, opened when it is asked for and at no other time: it brings libcurl along. It
// keeps what it fetched in its own cache (DEBUGINFOD_CACHE_PATH). Not thread-safe.
class Debuginfod {
 public:
  // Fails when DEBUGINFOD_URLS is not set or the library is not installed; the message says which.
  static Result<std::shared_ptr<Debuginfod>> Open();

  ~Debuginfod();
  Debuginfod(const Debuginfod&) = delete;
  Debuginfod& operator=(const Debuginfod&) = delete;

  // Path of the file in the client's cache; empty if no server has it. `build_id` is lower-case hex.
  std::string FindDebugInfo(const std::string& build_id);
  std::string FindExecutable(const std::string& build_id);

 private:
  struct Library;
  explicit Debuginfod(std::unique_ptr<Library> library);
  using Find = int (*)(debuginfod_client*, const unsigned char*, int, char**);
  std::string Run(Find find, const std::string& build_id);

  std::unique_ptr<Library> library_;
  debuginfod_client* client_ = nullptr;
};

}  // namespace memtrace::symbolize
