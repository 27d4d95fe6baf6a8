// SPDX-License-Identifier: MIT
#include "analyzer/html/source_text.h"

#include <algorithm>
#include <utility>

#include "analyzer/export/stacks.h"
#include "analyzer/util/terminal_text.h"

namespace memtrace::html {
namespace {

using symbolize::Frame;

constexpr std::uint32_t kMaxFileLines = 20'000;
constexpr std::size_t kMaxBytes = 2 << 20;  // of all files together

class Collector {
 public:
  explicit Collector(const PageRequest& request) : request_(request) {
    const model::Symbols& packed = request.main.trace.symbols;
    is_packed_ = !packed.modules.empty();
    for (const model::SourceText& source : packed.sources) {
      packed_[{packed.strings[source.file], source.line}] = packed.strings[source.text];
    }
  }

  void Take(const Frame& frame) {
    if (!frame.has_line() || frame.module_path.empty() || bytes_ > kMaxBytes) return;
    auto& texts = texts_[exporting::FileOf(frame)];
    if (request_.source_mode == SourceMode::kFiles && texts.empty()) {
      const std::uint32_t lines =
          is_packed_ ? 0 : std::min(request_.source->SourceLineCount(frame.file), kMaxFileLines);
      Frame any = frame;
      for (any.line = 1; any.line <= lines; ++any.line) Add(texts, any);
    }
    Add(texts, frame);
  }

  SourceTexts Texts() {
    std::erase_if(texts_, [](const auto& file) { return file.second.empty(); });
    return std::move(texts_);
  }

 private:
  void Add(std::map<std::uint32_t, std::string>& texts, const Frame& frame) {
    const std::string text = TextOf(frame);
    if (text.empty() && request_.source_mode == SourceMode::kLines) return;
    if (texts.try_emplace(frame.line, Printable(text)).second) bytes_ += text.size();
  }

  std::string TextOf(const Frame& frame) const {
    if (!is_packed_) return request_.source->SourceLine(frame);
    const auto known = packed_.find({frame.file, frame.line});
    return known == packed_.end() ? std::string() : known->second;
  }

  const PageRequest& request_;
  bool is_packed_ = false;
  std::map<std::pair<std::string, std::uint32_t>, std::string> packed_;
  SourceTexts texts_;
  std::size_t bytes_ = 0;
};

}  // namespace

SourceTexts SourceTextsOf(const PageRequest& request, const std::vector<const Frame*>& frames) {
  if (request.source_mode == SourceMode::kNone || request.source == nullptr) return {};
  Collector collector(request);
  for (const Frame* frame : frames) collector.Take(*frame);
  return collector.Texts();
}

}  // namespace memtrace::html
