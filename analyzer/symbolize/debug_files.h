// SPDX-License-Identifier: MIT
// Where the files are: a module's own ELF file and its separate debug information, each proven to belong to
// it.
//
//   recorded module ─► its file        sysroot + recorded path, recorded path, then PATH + recorded path and
//                                      PATH/name
//                   └► its debug file  1 by build-id   PATH/.build-id/ab/cdef….debug
//                                      2 by debug link beside the file, in .debug/, under PATH with its
//                                      folder
//   what is not found here             3 from the debuginfod servers, by build-id, where that was asked for
//
// PATH is each of the caller's debug paths in turn, then the sysroot's /usr/lib/debug, then /usr/lib/debug.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "analyzer/model/trace.h"
#include "analyzer/symbolize/elf_file.h"

namespace memtrace::symbolize {

class Debuginfod;

// Where to look besides the usual places.
struct DebugPlaces {
  std::vector<std::string> debug_paths;
  std::string sysroot;
  std::shared_ptr<Debuginfod> debuginfod;  // null: the network is left alone
};

struct FoundFile {
  std::unique_ptr<ElfFile> file;  // null: none that fits
  std::string problem;            // then: why, in words; empty if there is nothing to complain about
};

class DebugFiles {
 public:
  // A relative module path counts from `working_directory`, that of the recorded process.
  DebugFiles(DebugPlaces places, std::string working_directory);

  // The file that was mapped. Where a build-id was recorded it must be the same.
  FoundFile FindModule(const model::Module& module) const;

  // Separate debug information by build-id alone, for when the module's file itself is gone. From this
  // machine and, with FetchByBuildId, from the servers.
  std::unique_ptr<ElfFile> FindByBuildId(const std::string& build_id) const;
  std::unique_ptr<ElfFile> FetchByBuildId(const std::string& build_id) const;

  // Separate debug information of an open module: by build-id, then by debug link. A file that the link leads
  // to must have the module's build-id or, where one of them has none, the link's checksum.
  FoundFile FindDebugInfo(const ElfFile& module) const;

 private:
  std::vector<std::string> ModuleCandidates(const std::string& path) const;
  FoundFile FindByLink(const ElfFile& module, const DebugLink& link) const;
  std::vector<std::string> LinkCandidates(const ElfFile& module, const std::string& file_name) const;

  std::unique_ptr<ElfFile> Fetch(std::string (Debuginfod::*find)(const std::string&),
                                 const std::string& build_id) const;

  DebugPlaces places_;
  std::vector<std::string> debug_paths_;  // the caller's and the usual ones
  std::string working_directory_;
};

}  // namespace memtrace::symbolize
