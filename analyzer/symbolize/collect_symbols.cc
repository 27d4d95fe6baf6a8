// SPDX-License-Identifier: MIT
// One pass over the tree.
#include "analyzer/symbolize/collect_symbols.h"

#include <optional>
#include <set>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "analyzer/symbolize/returned_string.h"
#include "analyzer/symbolize/symbol_table.h"

namespace memtrace::symbolize {
namespace {

constexpr model::NodeId kSitesPerReport = 256;

std::vector<Location> LocationsOf(const std::vector<Frame>& frames) {
  std::vector<Location> locations;
  for (const Frame& frame : frames) {
    locations.push_back(
        {frame.function, frame.file, frame.line, frame.column, frame.function_line, frame.is_inlined});
  }
  return locations;
}

class Collector {
 public:
  Collector(const model::Trace& trace, SourceCache* sources) : trace_(trace), sources_(sources) {}

  void Add(const model::Site& site, const std::vector<Frame>& frames) {
    const bool has_module = site.module < trace_.modules.size();
    // Code that nobody could name is named by its address, here as anywhere else.
    if (!has_module && frames.back().function.ends_with(kNoModuleMark)) return;
    const std::uint64_t address =
        (has_module ? frames.front().module_address : site.pc) - (site.is_exact ? 0 : 1);
    const std::size_t module =
        has_module ? builder_.Module(trace_.modules[site.module].path, trace_.modules[site.module].build_id)
                   : builder_.Module({}, {});
    if (module >= seen_.size()) seen_.resize(module + 1);
    if (!seen_[module].insert(address).second) return;
    builder_.Add(module, address, LocationsOf(frames));
    ++result_.addresses;
    if (frames.front().has_line()) ++result_.with_lines;
    for (const Frame& frame : frames) AddSource(frame);
  }

  void AddReturnedString(const std::string& function, const std::optional<std::string>& text) {
    if (text) builder_.AddSource(function, 0, *text);
  }

  void AddSource(const Frame& frame) {
    if (sources_ == nullptr || !frame.has_line() || !lines_.emplace(frame.file, frame.line).second) return;
    const auto text = frame.is_python ? sources_->PythonLine(frame.file, frame.line)
                                      : sources_->Line(frame.file, frame.line);
    if (!text) return;
    builder_.AddSource(frame.file, frame.line, *text);
    ++result_.source_lines;
  }

  CollectedSymbols Finish() {
    result_.symbols = builder_.Finish();
    return std::move(result_);
  }

 private:
  const model::Trace& trace_;
  SourceCache* sources_;
  SymbolsBuilder builder_;
  std::vector<std::unordered_set<std::uint64_t>> seen_;  // by module of the builder
  std::set<std::pair<std::string, std::uint32_t>> lines_;
  CollectedSymbols result_;
};

}  // namespace

CollectedSymbols CollectSymbols(const model::Trace& trace, Symbolizer& symbolizer, SourceCache* sources,
                                const std::function<void(double)>& progress) {
  Collector collector(trace, sources);
  for (model::NodeId node = 1; node < trace.sites.size(); ++node) {
    const model::Site& site = trace.sites[node];
    if (site.pc <= format::kManyCodesPc) continue;  // never written, a duplicate, or no code at all
    if (site.is_python) {
      collector.AddSource(symbolizer.FramesOf(node).front());  // the names of Python's code are in the log
    } else {
      collector.Add(site, symbolizer.FramesOf(node));
    }
    if (progress && node % kSitesPerReport == 0)
      progress(static_cast<double>(node) / static_cast<double>(trace.sites.size()));
  }
  collector.AddReturnedString(kLsanSuppressions, symbolizer.StringReturnedBy(kLsanSuppressions));
  return collector.Finish();
}

}  // namespace memtrace::symbolize
