// SPDX-License-Identifier: MIT
// Regular expressions and globs over frames.
#include "analyzer/report/stack_filter.h"

#include <algorithm>
#include <string_view>

#include <fmt/format.h>

#include "analyzer/report/function_text.h"
#include "analyzer/util/path_match.h"
#include "analyzer/util/pattern.h"

namespace memtrace::report {
namespace {

using symbolize::Frame;

Result<void> AddMatcher(const char* option, const std::string& pattern, std::vector<FrameMatcher>& matchers) {
  Result<Pattern> compiled = Pattern::Compile(option, pattern);
  if (!compiled) return compiled.error();
  matchers.push_back(
      FrameMatcher::OfNames([regex = *compiled](const std::string& name) { return regex.IsIn(name); }));
  return {};
}

// "src/posting.cpp:88" -> path and line; line 0: any.
struct PlacePattern {
  std::string path;
  std::uint32_t line = 0;
};

PlacePattern ParsePlace(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos || colon + 1 == text.size() || text.size() - colon > 10 ||
      text.find_first_not_of("0123456789", colon + 1) != std::string::npos) {
    return {text, 0};
  }
  return {text.substr(0, colon), static_cast<std::uint32_t>(std::stoul(text.substr(colon + 1)))};
}

FrameMatcher PlaceMatcher(const std::string& text) {
  return FrameMatcher([place = ParsePlace(text)](const Frame& frame) {
    if (!frame.has_line()) return place.line == 0 && MatchesPathEnd(place.path, frame.module_path);
    return (place.line == 0 || place.line == frame.line) && MatchesPathEnd(place.path, frame.file);
  });
}

}  // namespace

FrameMatcher FrameMatcher::OfNames(std::function<bool(const std::string&)> matches) {
  return FrameMatcher([matches = std::move(matches),
                       known = std::unordered_map<std::string, bool>()](const Frame& frame) mutable {
    const std::string shown = frame.function.empty() ? "" : FunctionText(frame);
    const std::string* names[] = {&frame.function, &shown, &frame.file, &frame.module_path, &frame.module};
    return std::any_of(std::begin(names), std::end(names), [&](const std::string* name) {
      if (name->empty()) return false;
      const auto found = known.find(*name);
      return found != known.end() ? found->second : known.emplace(*name, matches(*name)).first->second;
    });
  });
}

bool FrameMatcher::Matches(const Frame* frame) {
  const auto found = known_.find(frame);
  if (found != known_.end()) return found->second;
  const bool matches = matches_(*frame);
  known_.emplace(frame, matches);
  return matches;
}

bool FrameMatcher::AnyFrame(const Stack& stack) {
  return std::any_of(stack.begin(), stack.end(), [this](const Frame* frame) { return Matches(frame); });
}

Result<StackFilter> StackFilter::Create(const StackSelectors& selectors) {
  StackFilter filter;
  const struct {
    const char* option;
    std::vector<std::string> patterns;
    std::vector<FrameMatcher>& matchers;
  } lists[] = {{"--focus", selectors.focus, filter.focus_},
               {"--ignore", selectors.ignore, filter.ignore_},
               {"--hide", selectors.hide, filter.hide_}};
  for (const auto& list : lists) {
    for (const std::string& pattern : list.patterns) {
      if (Result<void> added = AddMatcher(list.option, pattern, list.matchers); !added) return added.error();
    }
  }
  if (!selectors.show_from.empty()) {
    Result<void> added = AddMatcher("--show-from", selectors.show_from, filter.show_from_);
    if (!added) return added.error();
  }
  for (const std::string& place : selectors.include) filter.include_.push_back(PlaceMatcher(place));
  for (const std::string& place : selectors.exclude) filter.exclude_.push_back(PlaceMatcher(place));
  filter.all_frames_ = selectors.all_frames;
  return filter;
}

std::optional<SelectedStack> StackFilter::Select(Stack stack, bool skip) {
  if (!KeepsNames(stack) || !Rewrite(stack)) return std::nullopt;
  SelectedStack selected{std::move(stack), {}};
  if (!selected.frames.empty()) selected.attribution = symbolize::Attribute(selected.frames, {skip});
  if (!KeepsPlace(selected)) return std::nullopt;
  return selected;
}

bool StackFilter::KeepsNames(const Stack& stack) {
  return std::all_of(focus_.begin(), focus_.end(), [&](auto& matcher) { return matcher.AnyFrame(stack); }) &&
         std::none_of(ignore_.begin(), ignore_.end(), [&](auto& matcher) { return matcher.AnyFrame(stack); });
}

bool StackFilter::Rewrite(Stack& stack) {
  if (hide_.empty() && show_from_.empty()) return true;
  const auto is_hidden = [this](const Frame* frame) {
    return std::any_of(hide_.begin(), hide_.end(), [&](auto& matcher) { return matcher.Matches(frame); });
  };
  std::erase_if(stack, is_hidden);
  if (!show_from_.empty()) {
    const auto outermost = std::find_if(stack.rbegin(), stack.rend(), [this](const Frame* frame) {
      return show_from_.front().Matches(frame);
    });
    stack.erase(outermost.base(), stack.end());  // all of it, if there is none
  }
  return !stack.empty();
}

bool StackFilter::AnyPlace(std::vector<FrameMatcher>& places, const SelectedStack& stack) const {
  return std::any_of(places.begin(), places.end(), [&](FrameMatcher& place) {
    if (stack.frames.empty()) return false;
    return all_frames_ ? place.AnyFrame(stack.frames) : place.Matches(stack.frames[stack.attribution.frame]);
  });
}

bool StackFilter::KeepsPlace(const SelectedStack& stack) {
  return (include_.empty() || AnyPlace(include_, stack)) && !AnyPlace(exclude_, stack);
}

std::vector<bool> KeptNodes(const aggregate::Profile& profile, StackSource& source, StackFilter& filter,
                            bool skip) {
  std::vector<bool> kept(1);
  std::vector<bool> asked;
  for (const aggregate::SiteAmounts& site : profile.sites) {
    if (site.node >= asked.size()) asked.resize(site.node + 1);
    if (asked[site.node]) continue;
    asked[site.node] = true;
    if (!filter.Select(source.StackOf(site.node), skip)) continue;
    if (site.node >= kept.size()) kept.resize(site.node + 1);
    kept[site.node] = true;
  }
  return kept;
}

}  // namespace memtrace::report
