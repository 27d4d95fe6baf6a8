// SPDX-License-Identifier: MIT
// Words to queries.
#include "analyzer/cli/selector_options.h"

#include <fnmatch.h>

#include <algorithm>
#include <cstdlib>
#include <optional>

#include <fmt/format.h>

#include "analyzer/report/selector_text.h"
#include "analyzer/util/pattern.h"
#include "analyzer/util/size_format.h"
#include "analyzer/util/suggest.h"

namespace memtrace::cli {
namespace {

using aggregate::Bounds;

constexpr const char* kWrappersVariable = "MEMTRACE_WRAPPERS";
constexpr std::size_t kThreadsInMessage = 10;

CLI::Option* AddOne(CLI::App& command, const char* name, std::string& value, const char* type,
                    const char* help) {
  return command.add_option(name, value, help)->type_name(type);
}

// May be given several times, and takes one word each time: never a trace's name behind it.
CLI::Option* AddList(CLI::App& command, const char* name, std::vector<std::string>& values, const char* type,
                     const char* help) {
  return command.add_option(name, values, help)
      ->type_name(type)
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->allow_extra_args(false);
}

Result<aggregate::Domain> ParseDomain(const std::string& text) {
  const std::vector<std::string>& names = report::DomainNames();
  const auto found = std::find(names.begin(), names.end(), text);
  if (found != names.end()) return static_cast<aggregate::Domain>(found - names.begin());
  return Error{ErrorCode::kUsage, fmt::format("--domain \"{}\" is not known: {}{}", text, ListOf(names),
                                              DidYouMean(text, names))};
}

// "A:B", "A:", ":B", "A".
template <typename ParseOne>
Result<Bounds> ParseBounds(const char* option, const std::string& text, const char* examples,
                           const ParseOne& parse_one) {
  Bounds bounds;
  if (text.empty()) return bounds;
  const std::size_t colon = text.find(':');
  const std::string low = text.substr(0, colon);
  const std::string high = colon == std::string::npos ? low : text.substr(colon + 1);
  const std::optional<std::uint64_t> min = low.empty() ? 0 : parse_one(low);
  const std::optional<std::uint64_t> max = high.empty() ? ~0ULL : parse_one(high);
  if (!min || !max || text == ":" || *min > *max) {
    return Error{ErrorCode::kUsage, fmt::format("{} \"{}\" is no range: {}", option, text, examples)};
  }
  return Bounds{*min, *max};
}

std::optional<std::uint64_t> SizeOrNothing(const std::string& text) {
  const Result<std::uint64_t> size = ParseSize(text);
  return size ? std::optional(*size) : std::nullopt;
}

Result<std::function<bool(const std::string&)>> WrapperTest(const std::vector<std::string>& wrappers) {
  std::vector<Pattern> patterns;
  const auto add = [&patterns](const std::string& option, const std::string& expression) -> Result<void> {
    Result<Pattern> pattern = Pattern::Compile(option, expression);
    if (!pattern) return pattern.error();
    patterns.push_back(*pattern);
    return {};
  };
  for (const std::string& wrapper : wrappers) {
    if (Result<void> added = add("--wrappers", wrapper); !added) return added.error();
  }
  const char* variable = std::getenv(kWrappersVariable);
  if (variable != nullptr && *variable != '\0') {
    if (Result<void> added = add(kWrappersVariable, variable); !added) return added.error();
  }
  std::function<bool(const std::string&)> test;
  if (!patterns.empty()) {
    test = [patterns](const std::string& name) {
      return std::any_of(patterns.begin(), patterns.end(),
                         [&](const Pattern& pattern) { return pattern.IsIn(name); });
    };
  }
  return test;
}

std::string ThreadsThereAre(const model::Trace& trace) {
  std::vector<std::string> names;
  for (const model::Thread& thread : trace.threads) {
    if (!thread.name.empty() && std::find(names.begin(), names.end(), thread.name) == names.end()) {
      names.push_back(thread.name);
    }
  }
  const std::size_t more = names.size() - std::min(names.size(), kThreadsInMessage);
  names.resize(names.size() - more);
  return fmt::format("give main, a number from 0 to {}, or a name, * stands for anything ({}{})",
                     trace.threads.empty() ? 0 : trace.threads.size() - 1, fmt::join(names, ", "),
                     more == 0 ? "" : fmt::format(" and {} more", more));
}

// Its number in the trace, or all threads of that name.
Result<std::vector<model::ThreadId>> ThreadsOf(const std::string& text, const model::Trace& trace) {
  if (text == "main") return std::vector<model::ThreadId>{0};
  std::vector<model::ThreadId> threads;
  for (model::ThreadId i = 0; i < trace.threads.size(); ++i) {
    if (fnmatch(text.c_str(), trace.threads[i].name.c_str(), 0) == 0) threads.push_back(i);
  }
  const bool is_number = !text.empty() && text.size() <= 7 &&  // a thread has at most 24 bits
                         text.find_first_not_of("0123456789") == std::string::npos;
  if (threads.empty() && is_number && std::stoul(text) < trace.threads.size()) {
    threads.push_back(static_cast<model::ThreadId>(std::stoul(text)));
  }
  if (!threads.empty()) return threads;
  return Error{ErrorCode::kUsage,
               fmt::format("--thread \"{}\" is not in this trace: {}", text, ThreadsThereAre(trace))};
}

Result<std::optional<aggregate::Moment>> EndOf(const char* option, const std::string& text,
                                               const model::Trace& trace) {
  if (text.empty()) return std::optional<aggregate::Moment>();
  Result<aggregate::Moment> moment = aggregate::ParseMoment(text, trace);
  if (!moment) return Error{moment.error().code, fmt::format("{} {}", option, moment.error().message)};
  return std::optional(*moment);
}

std::uint64_t TimeOf(const aggregate::Moment& moment, const model::Trace& trace) {
  return moment.kind == aggregate::Moment::Kind::kEnd ? trace.info.duration_ns : moment.time_ns;
}

}  // namespace

void AddBlockSelectors(CLI::App& command, SelectorOptions& options) {
  const std::string blocks = "Which blocks";
  AddList(command, "--thread", options.threads, "THREAD",
          "Only blocks that this thread allocated: main, a number or a name")
      ->group(blocks);
  AddOne(command, "--size", options.size, "A:B", "Only blocks of A to B bytes: 64, 1KiB:, :4096, 1KiB:2MiB")
      ->group(blocks);
  AddOne(command, "--lifetime", options.lifetime, "A:B",
         "Only blocks that lived from A to B: :10ms, 1s:60s; 60s: takes what was never freed, too, if it is "
         "that old at the end")
      ->group(blocks);
  AddOne(command, "--domain", options.domain, "WHAT",
         "heap; python or native: a part of it; mapped: the program's own mmap and brk\ncalls; arenas: the "
         "mappings that Python puts small objects into")
      ->capture_default_str()
      ->group(blocks);
}

void AddSelectorOptions(CLI::App& command, SelectorOptions& options, bool has_moment) {
  const std::string blocks = "Which blocks";
  if (has_moment) {
    AddOne(command, "--at", options.at, "WHEN",
           "Show what was live then: peak, end, a time (1.5s, 200ms) or a mark's name [peak]")
        ->group(blocks);
  }
  AddOne(command, "--from", options.from, "WHEN",
         "Only blocks allocated after that moment; live are those still there at --to")
      ->group(blocks);
  AddOne(command, "--to", options.to, "WHEN", "Only blocks allocated until that moment [end]")->group(blocks);
  AddBlockSelectors(command, options);
  AddStackSelectors(command, options);
}

void AddStackSelectors(CLI::App& command, SelectorOptions& options) {
  const std::string stacks = "Which stacks";
  AddList(command, "--focus", options.stacks.focus, "REGEX",
          "Only stacks with a frame whose function, file or module matches")
      ->group(stacks);
  AddList(command, "--ignore", options.stacks.ignore, "REGEX", "No stacks with such a frame")->group(stacks);
  AddList(command, "--hide", options.stacks.hide, "REGEX",
          "Take such frames out of their stacks; their callers are charged")
      ->group(stacks);
  AddOne(command, "--show-from", options.stacks.show_from, "REGEX",
         "Only stacks with such a frame, without the callers of the outermost")
      ->group(stacks);
  AddList(command, "--include", options.stacks.include, "GLOB[:LINE]",
          "Only what is charged to such a source file, line or module")
      ->group(stacks);
  AddList(command, "--exclude", options.stacks.exclude, "GLOB[:LINE]", "Nothing that is charged to such")
      ->group(stacks);
  command.add_flag("--all-frames", options.stacks.all_frames, "--include and --exclude look at all frames")
      ->group(stacks);
  AddList(command, "--wrappers", options.wrappers, "REGEX",
          "Functions that only hand memory on, as malloc does: their callers are charged "
          "(or MEMTRACE_WRAPPERS)")
      ->group(stacks);
  command.add_flag("--no-skip", options.no_skip, "Charge operator new, std:: and malloc wrappers themselves")
      ->group(stacks);
  command.add_flag("--no-inlines", options.no_inlines, "Do not unfold inlined calls; faster")->group(stacks);
}

Result<Selectors> Selectors::Parse(const SelectorOptions& options) {
  Selectors selectors;
  selectors.options_ = options;
  Result<aggregate::Domain> domain = ParseDomain(options.domain);
  if (!domain) return domain.error();
  selectors.query_.domain = *domain;
  Result<Bounds> size = ParseBounds("--size", options.size, "64, 1KiB:, :4096 or 1KiB:2MiB", SizeOrNothing);
  if (!size) return size.error();
  selectors.query_.size_bytes = *size;
  Result<Bounds> lifetime =
      ParseBounds("--lifetime", options.lifetime, ":10ms, 60s: or 1s:60s", aggregate::ParseTimeNs);
  if (!lifetime) return lifetime.error();
  selectors.query_.lifetime_ns = *lifetime;
  Result<std::function<bool(const std::string&)>> is_wrapper = WrapperTest(options.wrappers);
  if (!is_wrapper) return is_wrapper.error();
  selectors.is_wrapper_ = std::move(*is_wrapper);
  if (Result<report::StackFilter> filter = report::StackFilter::Create(options.stacks); !filter) {
    return filter.error();
  }
  return selectors;
}

Result<aggregate::Query> Selectors::QueryOf(const model::Trace& trace) const {
  aggregate::Query query = query_;
  auto from = EndOf("--from", options_.from, trace);
  if (!from) return from.error();
  auto to = EndOf("--to", options_.to, trace);
  if (!to) return to.error();
  query.from = *from;
  query.to = *to;
  const auto is_peak = [](const auto& end) { return end->kind == aggregate::Moment::Kind::kPeak; };
  if (query.from && query.to && !is_peak(query.from) && !is_peak(query.to) &&
      TimeOf(*query.from, trace) > TimeOf(*query.to, trace)) {
    return Error{ErrorCode::kUsage,
                 fmt::format("--from {} is later than --to {}", options_.from, options_.to)};
  }
  query.is_moment_to = options_.at.empty() && query.to.has_value();
  const std::string at = !options_.at.empty() ? options_.at : query.from ? "end" : "peak";
  Result<aggregate::Moment> moment = aggregate::ParseMoment(at, trace);
  if (!moment) return moment.error();
  query.moment = *moment;
  for (const std::string& text : options_.threads) {
    Result<std::vector<model::ThreadId>> threads = ThreadsOf(text, trace);
    if (!threads) return threads.error();
    query.threads.insert(query.threads.end(), threads->begin(), threads->end());
  }
  return query;
}

Result<aggregate::Profile> Selectors::Profile(OpenTrace& open, bool by_size) const {
  Result<aggregate::Query> query = QueryOf(open.trace());
  if (!query) return query.error();
  query->split_by_size = by_size;
  return open.Pass([&](reader::TraceReader& reader, const auto& progress) {
    return aggregate::BuildProfile(reader, *query, progress);
  });
}

Result<aggregate::Query> Selectors::QueryOfStacks(OpenTrace& open, report::StackSource& source) const {
  Result<aggregate::Query> query = QueryOf(open.trace());
  if (!query || !options_.stacks.is_any()) return query;
  Result<report::StackFilter> filter = report::StackFilter::Create(options_.stacks);
  if (!filter) return filter.error();
  const aggregate::Profile all = open.Pass([&](reader::TraceReader& reader, const auto& progress) {
    return aggregate::BuildProfile(reader, {.domain = query->domain}, progress);
  });
  query->nodes = report::KeptNodes(all, source, *filter, skip());
  return query;
}

Result<aggregate::Profile> Selectors::ProfileOfStacks(OpenTrace& open, report::StackSource& source) const {
  const Result<aggregate::Query> query = QueryOfStacks(open, source);
  if (!query) return query.error();
  return open.Pass([&](reader::TraceReader& reader, const auto& progress) {
    return aggregate::BuildProfile(reader, *query, progress);
  });
}

report::SymbolizedStacks Selectors::Stacks(const OpenTrace& open) const {
  symbolize::SymbolizerOptions symbols = open.Symbols(!options_.no_inlines);
  symbols.is_wrapper = is_wrapper_;
  return report::SymbolizedStacks(open.trace(), std::move(symbols));
}

}  // namespace memtrace::cli
