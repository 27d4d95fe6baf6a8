// SPDX-License-Identifier: MIT
// Turns a trace's call-site nodes into frames, each distinct pc once.
//
//   node ─► (module, pc, kind of pc) ─► frames, kept here
//                └─► ModuleFile, one a file: a library mapped in two pieces or loaded twice is opened once
#include "analyzer/symbolize/symbolizer.h"

#include <deque>
#include <functional>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "analyzer/symbolize/attribution.h"
#include "analyzer/symbolize/debug_files.h"
#include "analyzer/symbolize/debuginfod.h"
#include "analyzer/symbolize/function_name.h"
#include "analyzer/symbolize/jit_name.h"
#include "analyzer/symbolize/module_file.h"
#include "analyzer/symbolize/perf_map.h"
#include "analyzer/symbolize/python_frames.h"
#include "analyzer/symbolize/python_lines.h"
#include "analyzer/symbolize/returned_string.h"
#include "analyzer/symbolize/symbol_cache.h"
#include "analyzer/symbolize/symbol_table.h"

namespace memtrace::symbolize {
namespace {

std::string FileName(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

// [vdso], linux-vdso.so.1 and the like have no file, and nobody misses it.
bool HasFile(const model::Module& module) {
  return !module.path.empty() && module.path[0] != '[' && !module.path.starts_with("linux-vdso") &&
         !module.path.starts_with("linux-gate");
}

std::string Hex(std::uint64_t value) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  do {
    text.insert(text.begin(), kDigits[value & 15]);
    value >>= 4;
  } while (value != 0);
  return "0x" + text;
}

constexpr std::size_t kLookUpsPerReport = 64;

struct FrameKey {
  std::uint64_t pc;
  std::uint32_t module;
  bool is_exact;
  bool is_guessed;
  bool is_python;
  bool operator==(const FrameKey&) const = default;
};

FrameKey KeyOf(const model::Site& site) {
  return {site.pc, site.module, site.is_exact, site.is_guessed, site.is_python};
}

struct FrameKeyHash {
  std::size_t operator()(const FrameKey& key) const {
    // Fibonacci hashing (Knuth, TAOCP 6.4): the multiplier is 2^64 divided by the golden ratio.
    const std::uint64_t flags = (key.is_exact != key.is_python ? 1U : 0U) | (key.is_guessed ? 2U : 0U);
    return (key.pc ^ (std::uint64_t{key.module} << 48) ^ (flags << 62)) * 0x9e3779b97f4a7c15ULL >> 7;
  }
};

DebugPlaces PlacesOf(const SymbolizerOptions& options, std::vector<std::string>* problems) {
  DebugPlaces places{options.debug_paths, options.sysroot, nullptr};
  if (!options.debuginfod) return places;
  Result<std::shared_ptr<Debuginfod>> servers = Debuginfod::Open();
  if (servers) {
    places.debuginfod = *servers;
  } else {
    problems->push_back(servers.error().message);
  }
  return places;
}

}  // namespace

class Symbolizer::Impl {
 public:
  Impl(const model::Trace& trace, SymbolizerOptions options)
      : trace_(trace),
        has_inlines_(options.inlines),
        has_places_(!options.debug_paths.empty() || !options.sysroot.empty() || options.debuginfod),
        is_wrapper_(options.is_wrapper),
        files_(PlacesOf(options, &problems_), trace.info.working_directory),
        cache_(std::move(options.cache_folder)),
        progress_(std::move(options.progress)),
        packed_modules_(trace.modules.size() + 1),
        file_of_module_(trace.modules.size()) {}

  const std::vector<Frame>& FramesOf(model::NodeId node) {
    static const std::vector<Frame> kNowhere(1);
    if (node >= trace_.sites.size()) return kNowhere;
    const model::Site& site = trace_.sites[node];
    const auto [place, is_new] = frames_.try_emplace(KeyOf(site));
    if (!is_new) return place->second;
    if (progress_ && frames_.size() % kLookUpsPerReport == 1) ReportProgress();
    place->second = Build(site);
    for (Frame& frame : place->second) {
      frame.is_plumbing = IsAllocationPlumbing(frame) || IsWrapper(frame);
      frame.is_interpreter = !trace_.python_codes.empty() && IsInterpreterFrame(frame);
    }
    return place->second;
  }

  std::vector<const Frame*> StackPointersOf(model::NodeId node) {
    std::vector<const Frame*> stack;
    while (node != 0 && node < trace_.sites.size()) {
      for (const Frame& frame : FramesOf(node)) stack.push_back(&frame);
      const model::NodeId parent = trace_.sites[node].parent;
      if (parent >= node) break;  // only in a damaged trace: parents come first
      node = parent;
    }
    return stack;
  }

  std::uint32_t LastLineOf(const Frame& frame) {
    if (frame.is_python || frame.module_address == 0 || !frame.has_line()) return 0;
    for (std::uint32_t index = 0; index < trace_.modules.size(); ++index) {
      const model::Module& module = trace_.modules[index];
      const bool is_its_own = module.path == frame.module_path && module.start < frame.pc &&
                              frame.pc <= module.end && frame.pc - module.load_bias == frame.module_address;
      if (!is_its_own) continue;
      ModuleFile* file = FileOf(index, false);
      if (file == nullptr || !file->is_open()) continue;
      // Behind the call, like any return address; one byte does not matter for an exact one.
      return file->LastLineOf(frame.module_address - 1, frame.file, frame.function_line);
    }
    return 0;
  }

  std::optional<std::string> StringReturnedBy(const std::string& function) const {
    // In a packed trace, as a line that no source file has.
    const auto& strings = trace_.symbols.strings;
    for (const model::SourceText& source : trace_.symbols.sources) {
      if (source.line == 0 && strings[source.file] == function) return strings[source.text];
    }
    for (const model::Module& module : trace_.modules) {
      if (module.path != trace_.info.exe) continue;
      const FoundFile found = files_.FindModule(module);
      if (found.file == nullptr) return std::nullopt;
      if (auto text = ReturnedString(*found.file, *found.file, function)) return text;
      const FoundFile debug = files_.FindDebugInfo(*found.file);
      return debug.file != nullptr ? ReturnedString(*found.file, *debug.file, function) : std::nullopt;
    }
    return std::nullopt;
  }

  const std::vector<std::string>& problems() const { return problems_; }

 private:
  void ReportProgress() {
    if (address_count_ == 0) {
      std::unordered_set<FrameKey, FrameKeyHash> keys;
      for (const model::Site& site : trace_.sites) keys.insert(KeyOf(site));
      address_count_ = keys.size();
    }
    progress_(static_cast<double>(frames_.size()) / static_cast<double>(address_count_));
  }

  bool IsWrapper(const Frame& frame) const {
    return is_wrapper_ && !frame.function.empty() && is_wrapper_(DisplayName(frame));
  }

  std::vector<Frame> Build(const model::Site& site) {
    Frame frame;
    frame.pc = site.pc;
    frame.is_guessed = site.is_guessed;
    if (site.is_python) return {NamePython(site, frame)};
    if (site.pc == format::kTruncatedPc) {
      frame.function = "[callers unknown]";
      frame.is_truncated = true;
      return {frame};
    }
    if (site.pc == format::kManyCodesPc) {
      frame.function = "[code made at run time]";
      return {frame};
    }
    if (site.module >= trace_.modules.size()) {
      NameRuntimeCode(site, &frame);
      return {frame};
    }
    const model::Module& module = trace_.modules[site.module];
    frame.module = FileName(module.path);
    frame.module_path = module.path;
    frame.module_address = site.pc - module.load_bias;
    return Unfold(frame, site);
  }

  Frame NamePython(const model::Site& site, Frame frame) {
    frame.is_python = true;
    const model::PythonCode* code = model::FindPythonCode(trace_.python_codes, site.python_code());
    if (code == nullptr) {
      frame.function = "[Python code that is not in the trace]";
      return frame;
    }
    frame.function = code->name;
    frame.file = PythonFilePath(code->file, trace_.info.working_directory);
    frame.function_line = code->first_line;
    PythonModule module = PythonModuleOf(frame.file);
    frame.module = std::move(module.name);
    frame.module_path = std::move(module.path);
    PythonPlace place;
    if (site.python_unit() != format::kPythonOffsetUnknown) {
      const PythonLines& lines = python_lines_.try_emplace(code->id, *code).first->second;
      place = lines.Find(site.python_unit() * 2);
    }
    frame.line = place.line != 0 ? place.line : code->first_line;
    frame.column = place.column;
    return frame;
  }

  void NameRuntimeCode(const model::Site& site, Frame* frame) {
    const std::vector<Location> packed = Packed(model::kNoModule, site.is_exact ? site.pc : site.pc - 1);
    if (!packed.empty()) {
      Place(packed.back(), frame);
      return;
    }
    if (!perf_map_) perf_map_ = PerfMap(PerfMap::PathFor(trace_.info));
    const std::string* text = perf_map_->Find(site.is_exact ? site.pc : site.pc - 1);
    if (text == nullptr) {
      frame->function = Hex(site.pc).append(kNoModuleMark);
      return;
    }
    JitName name = ParseJitName(*text);
    frame->function = std::move(name.function);
    frame->file = std::move(name.file);
    frame->line = name.line;
    frame->column = name.column;
  }

  // A return address lies behind its call, which may be the last instruction of a line, or of the function.
  std::vector<Frame> Unfold(const Frame& frame, const model::Site& site) {
    const std::uint64_t address = site.is_exact ? frame.module_address : frame.module_address - 1;
    std::vector<Frame> frames;
    for (const Location& location : LocationsOf(site.module, address))
      Place(location, &frames.emplace_back(frame));
    if (frames.empty()) frames.push_back(frame);
    return frames;
  }

  static void Place(const Location& location, Frame* frame) {
    frame->function = location.function;
    frame->file = location.file;
    frame->line = location.line;
    frame->column = location.column;
    frame->function_line = location.function_line;
    frame->is_inlined = location.is_inlined;
  }

  // What the trace brings along for an address of a module, by its number; kNoModule: for code in no module.
  std::vector<Location> Packed(std::uint32_t index, std::uint64_t address) {
    if (trace_.symbols.modules.empty()) return {};
    const std::size_t slot = index < trace_.modules.size() ? index : trace_.modules.size();
    if (!packed_modules_[slot]) {
      const bool has_module = index < trace_.modules.size();
      packed_modules_[slot] =
          has_module ? FindModule(trace_.symbols, trace_.modules[index].path, trace_.modules[index].build_id)
                     : FindModule(trace_.symbols, {}, {});
    }
    const model::ModuleSymbols* module = *packed_modules_[slot];
    return module == nullptr ? std::vector<Location>()
                             : FindIn(trace_.symbols, *module, address, has_inlines_);
  }

  // What the trace brings along counts, unless it was packed where the module had no names, or the person now
  // says where there are better ones.
  std::vector<Location> LocationsOf(std::uint32_t index, std::uint64_t address) {
    std::vector<Location> packed = Packed(index, address);
    if (!packed.empty() && !has_places_ && !packed.back().function.empty()) return packed;
    ModuleFile* file = FileOf(index, packed.empty());
    if (file == nullptr || (!packed.empty() && !file->is_open())) return packed;
    return file->Find(address, has_inlines_);
  }

  // Null for modules that are no files. Why one cannot be used is told if that matters.
  ModuleFile* FileOf(std::uint32_t index, bool tell_problem) {
    const model::Module& module = trace_.modules[index];
    if (file_of_module_[index] != nullptr || !HasFile(module)) return file_of_module_[index];
    const auto [place, is_new] = file_of_name_.try_emplace(module.path + '\0' + module.build_id);
    if (is_new) {
      place->second = &module_files_.emplace_back(module, files_, &cache_);
      const std::string& problem = place->second->problem();
      if (!problem.empty() && tell_problem) problems_.push_back(FileName(module.path) + ": " + problem);
    }
    return file_of_module_[index] = place->second;
  }

  const model::Trace& trace_;
  const bool has_inlines_;
  const bool has_places_;  // the person said where names are
  const std::function<bool(const std::string&)> is_wrapper_;
  std::vector<std::string> problems_;
  const DebugFiles files_;
  const SymbolCache cache_;
  const std::function<void(double)> progress_;
  std::size_t address_count_ = 0;  // distinct addresses of the trace; counted when progress is to be told
  std::vector<std::optional<const model::ModuleSymbols*>> packed_modules_;  // not set: not looked for yet
  std::deque<ModuleFile> module_files_;                                     // never move
  std::vector<ModuleFile*> file_of_module_;                                 // null: not asked for yet
  std::unordered_map<std::string, ModuleFile*> file_of_name_;               // by path and build-id
  std::unordered_map<FrameKey, std::vector<Frame>, FrameKeyHash> frames_;
  std::unordered_map<std::uint32_t, PythonLines> python_lines_;  // by code id
  std::optional<PerfMap> perf_map_;  // read when the first pc without module comes
};

Symbolizer::Symbolizer(const model::Trace& trace, SymbolizerOptions options)
    : impl_(std::make_unique<Impl>(trace, std::move(options))) {}

Symbolizer::~Symbolizer() = default;

const std::vector<Frame>& Symbolizer::FramesOf(model::NodeId node) {
  return impl_->FramesOf(node);
}

std::vector<Frame> Symbolizer::StackOf(model::NodeId node) {
  std::vector<Frame> stack;
  for (const Frame* frame : impl_->StackPointersOf(node)) stack.push_back(*frame);
  return stack;
}

std::vector<const Frame*> Symbolizer::StackPointersOf(model::NodeId node) {
  return impl_->StackPointersOf(node);
}

std::uint32_t Symbolizer::LastLineOf(const Frame& frame) {
  return impl_->LastLineOf(frame);
}

std::optional<std::string> Symbolizer::StringReturnedBy(const std::string& function) const {
  return impl_->StringReturnedBy(function);
}

const std::vector<std::string>& Symbolizer::problems() const {
  return impl_->problems();
}

}  // namespace memtrace::symbolize
