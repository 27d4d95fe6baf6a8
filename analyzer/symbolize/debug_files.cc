// SPDX-License-Identifier: MIT
// Searches for module and debug files in the places where distributions and debuggers put them.
#include "analyzer/symbolize/debug_files.h"

#include <filesystem>
#include <utility>

#include "analyzer/symbolize/debuginfod.h"

namespace memtrace::symbolize {
namespace {

constexpr std::size_t kShownBuildIdDigits = 12;

// /proc/<pid>/maps marks a file that was removed or replaced while it was mapped.
std::string WithoutDeletedMark(const std::string& path) {
  constexpr std::string_view kMark = " (deleted)";
  if (!path.ends_with(kMark)) return path;
  return path.substr(0, path.size() - kMark.size());
}

std::string FileName(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

// The folder with its slash; paths here are absolute.
std::string Folder(const std::string& path) {
  return path.substr(0, path.rfind('/') + 1);
}

std::string ShortId(const std::string& build_id) {
  return build_id.empty() ? "none" : build_id.substr(0, kShownBuildIdDigits);
}

std::string ChangedSince(const model::Module& module, const ElfFile& file) {
  return "changed since the recording (build-id " + ShortId(module.build_id) + " then, " +
         ShortId(file.build_id()) + " now)";
}

bool IsLinked(const ElfFile& module, const DebugLink& link, const ElfFile& candidate) {
  if (!module.build_id().empty() && !candidate.build_id().empty()) {
    return module.build_id() == candidate.build_id();
  }
  return candidate.Crc32() == link.crc32;
}

}  // namespace

DebugFiles::DebugFiles(DebugPlaces places, std::string working_directory)
    : places_(std::move(places)),
      debug_paths_(places_.debug_paths),
      working_directory_(std::move(working_directory)) {
  const std::string usual = "/usr/lib/debug";
  if (!places_.sysroot.empty()) debug_paths_.push_back(places_.sysroot + usual);
  debug_paths_.push_back(usual);
}

std::vector<std::string> DebugFiles::ModuleCandidates(const std::string& recorded) const {
  std::string path = WithoutDeletedMark(recorded);
  if (!path.starts_with('/') && !working_directory_.empty()) path = working_directory_ + "/" + path;
  std::vector<std::string> candidates;
  if (!places_.sysroot.empty()) candidates.push_back(places_.sysroot + path);
  candidates.push_back(path);
  for (const std::string& root : places_.debug_paths) {
    candidates.push_back(root + path);
    candidates.push_back(root + "/" + FileName(path));
  }
  return candidates;
}

FoundFile DebugFiles::FindModule(const model::Module& module) const {
  std::string problem;
  for (const std::string& path : ModuleCandidates(module.path)) {
    Result<std::unique_ptr<ElfFile>> file = ElfFile::Open(path);
    if (file && (module.build_id.empty() || (*file)->build_id() == module.build_id)) {
      return {std::move(file).value(), {}};
    }
    // What is wrong at the recorded path says most; the other places are only tried.
    if (problem.empty()) problem = file ? ChangedSince(module, **file) : file.error().message;
  }
  if (std::unique_ptr<ElfFile> file = Fetch(&Debuginfod::FindExecutable, module.build_id)) {
    return {std::move(file), {}};
  }
  return {nullptr, problem};
}

std::unique_ptr<ElfFile> DebugFiles::FindByBuildId(const std::string& build_id) const {
  if (build_id.size() < 3) return nullptr;
  const std::string name = "/.build-id/" + build_id.substr(0, 2) + "/" + build_id.substr(2) + ".debug";
  for (const std::string& root : debug_paths_) {
    Result<std::unique_ptr<ElfFile>> file = ElfFile::Open(root + name);
    if (file && (*file)->build_id() == build_id) return std::move(file).value();
  }
  return nullptr;
}

std::unique_ptr<ElfFile> DebugFiles::Fetch(std::string (Debuginfod::*find)(const std::string&),
                                           const std::string& build_id) const {
  if (places_.debuginfod == nullptr || build_id.empty()) return nullptr;
  const std::string path = ((*places_.debuginfod).*find)(build_id);
  if (path.empty()) return nullptr;
  Result<std::unique_ptr<ElfFile>> file = ElfFile::Open(path);
  // A server is no more to be trusted than a folder.
  return file && (*file)->build_id() == build_id ? std::move(file).value() : nullptr;
}

std::vector<std::string> DebugFiles::LinkCandidates(const ElfFile& module,
                                                    const std::string& file_name) const {
  std::error_code ignored;
  const std::filesystem::path real = std::filesystem::canonical(module.path(), ignored);
  const std::string folder = Folder(real.empty() ? module.path() : real.string());
  std::vector<std::string> candidates;
  for (const std::string& root : places_.debug_paths) candidates.push_back(root + "/" + file_name);
  candidates.push_back(folder + file_name);
  candidates.push_back(folder + ".debug/" + file_name);
  for (const std::string& root : debug_paths_) candidates.push_back(root + folder + file_name);
  return candidates;
}

std::unique_ptr<ElfFile> DebugFiles::FetchByBuildId(const std::string& build_id) const {
  return Fetch(&Debuginfod::FindDebugInfo, build_id);
}

FoundFile DebugFiles::FindByLink(const ElfFile& module, const DebugLink& link) const {
  FoundFile found;
  for (const std::string& path : LinkCandidates(module, link.file_name)) {
    Result<std::unique_ptr<ElfFile>> file = ElfFile::Open(path);
    if (!file) continue;
    // A link may bear the module's own name; the module itself is not its debug file.
    if (std::error_code ignored; std::filesystem::equivalent(path, module.path(), ignored)) continue;
    if (IsLinked(module, link, **file)) return {std::move(file).value(), {}};
    if (found.problem.empty()) found.problem = path + " belongs to another build";
  }
  return found;
}

FoundFile DebugFiles::FindDebugInfo(const ElfFile& module) const {
  if (std::unique_ptr<ElfFile> file = FindByBuildId(module.build_id())) return {std::move(file), {}};
  FoundFile found;
  if (const std::optional<DebugLink> link = module.debug_link()) found = FindByLink(module, *link);
  if (found.file == nullptr && !module.has_dwarf()) {
    found.file = Fetch(&Debuginfod::FindDebugInfo, module.build_id());
  }
  if (found.file != nullptr) found.problem.clear();
  return found;
}

}  // namespace memtrace::symbolize
