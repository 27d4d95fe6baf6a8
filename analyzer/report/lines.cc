// SPDX-License-Identifier: MIT
// Amounts of lines are collected from all stacks first; then the functions they are in are laid out.
#include "analyzer/report/lines.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <tsl/robin_map.h>

#include "analyzer/report/function_extent.h"
#include "analyzer/report/function_text.h"
#include "analyzer/report/python_text.h"
#include "analyzer/report/selector_text.h"
#include "analyzer/symbolize/function_name.h"
#include "analyzer/util/path_format.h"
#include "analyzer/util/path_match.h"
#include "analyzer/util/size_format.h"
#include "analyzer/util/suggest.h"
#include "analyzer/util/terminal_text.h"

namespace memtrace::report {
namespace {

using aggregate::Amount;
using symbolize::Frame;

constexpr std::uint32_t kContextLines = 2;  // around lines whose function's extent is not known
constexpr std::uint32_t kNearLines = 5;     // of a long function only this far from a line with amounts
constexpr std::uint32_t kLongSection = 80;
constexpr std::size_t kFramesOfAFunction = 8;  // are asked where it ends

bool IsNumber(const std::string& text) {
  return !text.empty() && text.size() <= 9 && text.find_first_not_of("0123456789") == std::string::npos;
}

// "Index<Doc>::add<int>" -> "Index::add".
std::string WithoutTemplateArguments(const std::string& name) {
  std::string text = FoldTemplateArguments(name);
  for (std::size_t at = text.find("<…>"); at != std::string::npos; at = text.find("<…>")) {
    text.erase(at, std::string_view("<…>").size());
  }
  return text;
}

// The whole name, or its end behind the separator.
bool IsNameOrEnd(const std::string& wanted, const std::string& name, std::string_view separator) {
  if (!name.ends_with(wanted)) return false;
  return name.size() == wanted.size() ||
         std::string_view(name).substr(0, name.size() - wanted.size()).ends_with(separator);
}

std::string BaseName(const std::string& path) {
  return path.substr(path.rfind('/') + 1);
}

}  // namespace

LineTarget LineTarget::Parse(const std::string& text) {
  // The colon that is not of a "::".
  std::size_t colon = std::string::npos;
  for (std::size_t i = 1; i + 1 < text.size(); ++i) {
    if (text[i] == ':' && text[i - 1] != ':' && text[i + 1] != ':') colon = i;
    if (colon != std::string::npos) break;
  }
  if (colon == std::string::npos) return {text, 0, text};
  const std::string behind = text.substr(colon + 1);
  if (IsNumber(behind)) return {text.substr(0, colon), static_cast<std::uint32_t>(std::stoul(behind)), {}};
  return {text.substr(0, colon), 0, behind};
}

bool LineTarget::HasFile(const std::string& path) const {
  return file.empty() || MatchesPathEnd(file, path);
}

bool LineTarget::HasFunction(const std::string& function_name) const {
  if (function.empty()) return true;
  const std::string qualified = symbolize::QualifiedName(function_name);
  return IsNameOrEnd(function, qualified, "::") ||
         IsNameOrEnd(function, WithoutTemplateArguments(symbolize::DisplayName(function_name)), "::");
}

bool LineTarget::HasFunctionOf(const Frame& frame) const {
  if (!frame.is_python) return HasFunction(frame.function);
  if (function.empty() || IsNameOrEnd(function, frame.function, ".")) return true;
  // What is defined in a function belongs to it: "load" has "Cache.load.<locals>.<listcomp>".
  constexpr std::string_view kInside = ".<locals>.";
  for (std::size_t at = frame.function.find(kInside); at != std::string::npos;
       at = frame.function.find(kInside, at + 1)) {
    if (IsNameOrEnd(function, frame.function.substr(0, at), ".")) return true;
  }
  return false;
}

// Credits the lines of the target; remembers for each frame which line that is.
class LinesReport::Collector {
 public:
  Collector(LinesReport& report, StackFilter& filter) : report_(report), filter_(filter) {}

  enum class Role { kAt, kBefore, kWithin };
  void Add(const aggregate::Profile& profile, Role role) {
    for (const aggregate::SiteAmounts& site : profile.sites) {
      const auto stack = filter_.Select(report_.source_.StackOf(site.node));
      if (!stack) continue;
      seen_.clear();
      for (const Frame* frame : stack->frames) {
        Amounts* line = LineOf(frame);
        if (line == nullptr || !seen_.insert(line).second) continue;
        Credit(*line, site, role);
      }
    }
  }

  // Files and functions there are, for a suggestion.
  std::vector<std::string> Names() const { return {names_.begin(), names_.end()}; }

 private:
  void Credit(Amounts& line, const aggregate::SiteAmounts& site, Role role) const {
    if (role == Role::kAt) line.live += site.live;
    if (role == Role::kBefore) line.before += site.live;
    const bool counts = report_.profiles_.within == nullptr ? role == Role::kAt : role == Role::kWithin;
    if (!counts) return;
    line.total += site.total;
    line.temporary += site.temporary;
  }

  Amounts* LineOf(const Frame* frame) {
    const auto [place, is_new] = known_.try_emplace(frame, nullptr);
    if (is_new && frame->has_line()) place.value() = Find(*frame);
    return place->second;
  }

  Amounts* Find(const Frame& frame) {
    const LineTarget& target = report_.options_.target;
    names_.insert(BaseName(frame.file));
    if (frame.is_python) {
      names_.insert(frame.function);
    } else if (!frame.function.empty()) {
      names_.insert(WithoutTemplateArguments(FunctionText(frame)));
    }
    const bool is_one_word = target.file == target.function;
    const bool is_wanted = is_one_word ? target.HasFile(frame.file) || target.HasFunctionOf(frame)
                                       : target.HasFile(frame.file) && target.HasFunctionOf(frame);
    if (!is_wanted) return nullptr;
    File& file = report_.files_[frame.file];
    file.is_python = frame.is_python;
    Function& function = file.functions[FunctionIdentity(frame)];
    function.is_python = frame.is_python;
    // A module's code is the whole file: only what is around its lines is of interest.
    if (frame.function_line != 0 && frame.function != "<module>") function.declared = frame.function_line;
    function.lines = {std::min(function.lines.first, frame.line), std::max(function.lines.last, frame.line)};
    if (function.frames.size() < kFramesOfAFunction) function.frames.push_back(&frame);
    Amounts& line = file.lines[frame.line];  // stays where it is
    line.function = frame.function;
    return &line;
  }

  LinesReport& report_;
  StackFilter& filter_;
  tsl::robin_map<const Frame*, Amounts*> known_;
  std::set<Amounts*> seen_;  // of one stack
  std::set<std::string> names_;
};

Result<LinesReport> LinesReport::Build(const model::Trace& trace, const LineProfiles& profiles,
                                       StackSource& source, LinesOptions options) {
  Result<StackFilter> filter = StackFilter::Create(options.stacks);
  if (!filter) return filter.error();
  LinesReport report(trace, profiles, source, std::move(options));
  Collector collector(report, *filter);
  collector.Add(*profiles.at, Collector::Role::kAt);
  if (profiles.before != nullptr) collector.Add(*profiles.before, Collector::Role::kBefore);
  if (profiles.within != nullptr) collector.Add(*profiles.within, Collector::Role::kWithin);
  if (report.files_.empty()) return report.NothingFound(collector.Names());
  if (report.options_.target.line != 0) report.KeepFunctionsOfLine();
  return report;
}

Error LinesReport::NothingFound(const std::vector<std::string>& names) const {
  const LineTarget& target = options_.target;
  const std::string& word = target.function.empty() ? target.file : target.function;
  return {ErrorCode::kUsage, fmt::format("no stack goes through \"{}\"{}", options_.target_text,
                                         DidYouMean(BaseName(word), names))};
}

// Only what surrounds the line that was asked for.
void LinesReport::KeepFunctionsOfLine() {
  const std::uint32_t wanted = options_.target.line;
  for (auto& entry : files_) {
    std::erase_if(entry.second.functions, [&](const auto& named) {
      const Span span = SpanOf(entry.first, named.second);
      return wanted < span.first || wanted > span.last;
    });
  }
}

std::string LinesReport::SourceText(const std::string& file, std::uint32_t line) const {
  Frame frame;
  frame.file = file;
  frame.line = line;
  const auto known = files_.find(file);
  frame.is_python = known != files_.end() && known->second.is_python;
  return source_.SourceLine(frame);
}

std::uint32_t LinesReport::EndOfFunction(const std::string& file, const Function& function) const {
  const SourceLines source{source_.SourceLineCount(file),
                           [&](std::uint32_t line) { return SourceText(file, line); }};
  if (function.is_python) return EndOfIndentation(source, function.declared);
  std::uint32_t last_code = 0;
  for (const Frame* frame : function.frames) last_code = std::max(last_code, source_.LastLineOf(*frame));
  return last_code < function.declared ? EndOfBraces(source, function.declared)
                                       : EndOfCodeAndBraces(source, function.declared, last_code);
}

LinesReport::Span LinesReport::SpanOf(const std::string& file, const Function& function) const {
  Span span = {function.lines.first - std::min(kContextLines, function.lines.first - 1),
               function.lines.last + kContextLines};
  if (function.declared == 0 || function.declared > function.lines.first) return span;
  span.first = function.declared;
  const std::uint32_t end = EndOfFunction(file, function);
  if (end >= function.lines.last) span.last = end;
  return span;
}

// Of all functions of the file, joined where they overlap (lambdas, nested classes).
std::vector<LinesReport::Span> LinesReport::SpansOf(const std::string& path, const File& file) const {
  std::vector<Span> spans;
  for (const auto& [name, function] : file.functions) spans.push_back(SpanOf(path, function));
  if (spans.empty() && options_.target.line != 0) {
    const std::uint32_t line = options_.target.line;
    spans.push_back({line - std::min(kNearLines, line - 1), line + kNearLines});
  }
  std::sort(spans.begin(), spans.end(), [](const Span& a, const Span& b) { return a.first < b.first; });
  std::vector<Span> joined;
  for (const Span& span : spans) {
    if (!joined.empty() && span.first <= joined.back().last + 1) {
      joined.back().last = std::max(joined.back().last, span.last);
    } else {
      joined.push_back(span);
    }
  }
  return joined;
}

std::string LinesReport::LineText(std::uint32_t line, const Amounts* amounts, const std::string& source,
                                  const char* comment, const RenderOptions& render) const {
  std::string live, increment, occurrences, note;
  double share = 0;
  if (amounts != nullptr) {
    live = FormatSize(static_cast<double>(amounts->live.bytes));
    const auto change = static_cast<std::int64_t>(amounts->live.bytes - amounts->before.bytes);
    increment = FormatSize(static_cast<double>(change));
    occurrences = std::to_string(amounts->total.blocks);
    if (profiles_.at->live.bytes > 0) {
      share = static_cast<double>(amounts->live.bytes) / static_cast<double>(profiles_.at->live.bytes);
    }
    if (amounts->temporary.blocks > 0) {
      note = render.paint.Dim(fmt::format("   {} {} temporary", comment, amounts->temporary.blocks));
    }
  }
  std::string text =
      fmt::format("{:>6} {} {:>12} {:>12}   ", line, render.paint.ByShare(share, fmt::format("{:>12}", live)),
                  increment, occurrences);
  text += amounts != nullptr ? render.paint.Bold(source) : source;
  text += note;
  text.erase(text.find_last_not_of(' ') + 1);
  return text + "\n";
}

std::string LinesReport::FileText(const std::string& path, const File& file,
                                  const RenderOptions& render) const {
  const std::string header = fmt::format("{:>6} {:>12} {:>12} {:>12}   {}", "Line #", "Live", "Increment",
                                         "Occurrences", "Line Contents");
  std::string text =
      fmt::format("Filename: {}\n\n{}\n{}\n", Printable(ShortPath(path, render.working_directory)),
                  render.paint.Bold(header), std::string(header.size(), '='));
  const std::uint32_t line_count = source_.SourceLineCount(path);
  const auto is_near = [&](std::uint32_t line) {
    const auto near = file.lines.lower_bound(line - std::min(line, kNearLines));
    return near != file.lines.end() && near->first <= line + kNearLines;
  };
  bool is_first = true;
  for (const Span& span : SpansOf(path, file)) {
    if (!is_first) text += fmt::format("{:>6}\n", "...");
    is_first = false;
    bool is_gap = false;
    const bool is_long = span.last - span.first > kLongSection;
    for (std::uint32_t line = span.first; line <= span.last; ++line) {
      const auto found = file.lines.find(line);
      const Amounts* amounts = found == file.lines.end() ? nullptr : &found->second;
      if (amounts == nullptr && (line > line_count || (is_long && line != span.first && !is_near(line)))) {
        if (line <= line_count && !is_gap) text += fmt::format("{:>6}\n", "...");
        is_gap = true;
        continue;
      }
      is_gap = false;
      text += LineText(line, amounts, Printable(SourceText(path, line)), file.is_python ? "#" : "//", render);
    }
  }
  if (line_count == 0)
    text += render.paint.Dim("The source file is not here; only lines with amounts are shown.\n");
  return text;
}

std::string LinesReport::Footer() const {
  const std::string& moment = profiles_.at->moment.label;
  if (profiles_.within == nullptr) {
    return fmt::format(
        "Live: allocated by a line, itself or through what it calls, and alive {}. Increment: allocated "
        "minus\n"
        "freed until then. Occurrences: allocations made in all.\n",
        moment);
  }
  aggregate::Query range = profiles_.within->query;
  range.threads = {};
  range.size_bytes = {};
  range.lifetime_ns = {};
  return fmt::format(
      "Live: allocated by a line, itself or through what it calls, and alive {}. Increment: how that "
      "changed\n"
      "in the range. Occurrences: allocations made in it ({}).\n",
      moment, BlocksSelectedText(range, trace_));
}

std::string LinesReport::Text(const RenderOptions& render) const {
  std::string text;
  for (const auto& [path, file] : files_) {
    if (!text.empty()) text += "\n";
    text += FileText(path, file, render);
  }
  aggregate::Query selected = profiles_.at->query;
  selected.from.reset();
  selected.to.reset();
  const std::string blocks = BlocksSelectedText(selected, trace_);
  if (!blocks.empty()) text += render.paint.Dim("\nof " + blocks + " only");
  return text + "\n" + render.paint.Dim(Footer() + FreeListRemark(trace_));
}

Json LinesReport::ToJson() const {
  Json json = Envelope("lines", trace_);
  json["selector"] = {{"where", options_.target_text}};
  json["selector"].update(
      SelectorJson(profiles_.within != nullptr ? *profiles_.within : *profiles_.at, options_.stacks));
  json["selector"]["at"] = profiles_.at->moment.label;
  json["selector"]["at_ns"] = profiles_.at->moment_time_ns;
  json["rows"] = Json::array();
  for (const auto& [path, file] : files_) {
    for (const auto& [line, amounts] : file.lines) {
      const std::string source = SourceText(path, line);
      const auto change = [](std::uint64_t now, std::uint64_t before) {
        return static_cast<std::int64_t>(now - before);
      };
      json["rows"].push_back({{"file", path},
                              {"line", line},
                              {"function", amounts.function.empty() ? Json(nullptr) : Json(amounts.function)},
                              {"live", report::ToJson(amounts.live)},
                              {"increment",
                               {{"bytes", change(amounts.live.bytes, amounts.before.bytes)},
                                {"blocks", change(amounts.live.blocks, amounts.before.blocks)}}},
                              {"occurrences", amounts.total.blocks},
                              {"total", report::ToJson(amounts.total)},
                              {"temporary", report::ToJson(amounts.temporary)},
                              {"source_line", source.empty() ? Json(nullptr) : Json(source)}});
    }
  }
  return json;
}

}  // namespace memtrace::report
