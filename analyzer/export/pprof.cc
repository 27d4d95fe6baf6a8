// SPDX-License-Identifier: MIT
// pprof's profile.proto, gzipped: what go tool pprof, Perfetto, Pyroscope and Parca read.
//
//     Sample ── location ids, leaf first ──► Location ── mapping id ──► Mapping (module, build-id)
//        │                                      └─ lines, inlined leaf first ──► Function
//        └─ ten values, in the order of sample_type; the last type is what viewers show first
#include <array>
#include <string>
#include <unordered_map>
#include <vector>

#include <fmt/format.h>
#include <protozero/pbf_builder.hpp>

#include "analyzer/export/format.h"
#include "analyzer/export/text.h"
#include "analyzer/report/row_text.h"

namespace memtrace::exporting {
namespace {

// Field numbers of profile.proto.
enum class ProfileTag : protozero::pbf_tag_type {
  kSampleType = 1,
  kSample = 2,
  kMapping = 3,
  kLocation = 4,
  kFunction = 5,
  kStringTable = 6,
  kTimeNanos = 9,
  kDurationNanos = 10,
  kPeriodType = 11,
  kPeriod = 12,
  kComment = 13,
  kDefaultSampleType = 14,
};
enum class ValueTypeTag : protozero::pbf_tag_type { kType = 1, kUnit = 2 };
enum class SampleTag : protozero::pbf_tag_type { kLocationId = 1, kValue = 2, kLabel = 3 };
enum class LabelTag : protozero::pbf_tag_type { kKey = 1, kText = 2 };
enum class MappingTag : protozero::pbf_tag_type {
  kId = 1,
  kStart = 2,
  kLimit = 3,
  kOffset = 4,
  kFilename = 5,
  kBuildId = 6,
  kHasFunctions = 7,
  kHasFilenames = 8,
  kHasLineNumbers = 9,
  kHasInlineFrames = 10,
};
enum class LocationTag : protozero::pbf_tag_type { kId = 1, kMappingId = 2, kAddress = 3, kLine = 4 };
enum class LineTag : protozero::pbf_tag_type { kFunctionId = 1, kLine = 2 };
enum class FunctionTag : protozero::pbf_tag_type { kId = 1, kName = 2, kSystemName = 3, kFilename = 4 };

template <typename Tag>
using Builder = protozero::pbf_builder<Tag>;

using symbolize::Frame;

struct ValueType {
  const char* type;
  const char* unit;
  aggregate::Amount report::Amounts::*amount;
  std::uint64_t aggregate::Amount::*value;
};

constexpr std::array<ValueType, 10> kValueTypes = {{
    {"alloc_objects", "count", &report::Amounts::total, &aggregate::Amount::blocks},
    {"alloc_space", "bytes", &report::Amounts::total, &aggregate::Amount::bytes},
    {"temporary_objects", "count", &report::Amounts::temporary, &aggregate::Amount::blocks},
    {"temporary_space", "bytes", &report::Amounts::temporary, &aggregate::Amount::bytes},
    {"peak_objects", "count", &report::Amounts::peak, &aggregate::Amount::blocks},
    {"peak_space", "bytes", &report::Amounts::peak, &aggregate::Amount::bytes},
    {"not_freed_objects", "count", &report::Amounts::not_freed, &aggregate::Amount::blocks},
    {"not_freed_space", "bytes", &report::Amounts::not_freed, &aggregate::Amount::bytes},
    {"inuse_objects", "count", &report::Amounts::live, &aggregate::Amount::blocks},
    {"inuse_space", "bytes", &report::Amounts::live, &aggregate::Amount::bytes},
}};

class PprofWriter {
 public:
  explicit PprofWriter(const Input& input) : input_(input), profile_(data_) { TextNumber(""); }

  std::string Write() {
    for (const ValueType& type : kValueTypes) AddValueType(ProfileTag::kSampleType, type.type, type.unit);
    AddMappings();
    for (const Stack& stack : input_.stacks.all()) AddSamples(stack);
    AddHeader();
    for (const std::string* text : texts_) profile_.add_string(ProfileTag::kStringTable, *text);
    return std::move(data_);
  }

 private:
  std::int64_t TextNumber(const std::string& text) {
    const auto [known, is_new] = text_numbers_.try_emplace(text, static_cast<std::int64_t>(texts_.size()));
    if (is_new) texts_.push_back(&known->first);
    return known->second;
  }

  void AddValueType(ProfileTag tag, const char* type, const char* unit) {
    Builder<ValueTypeTag> value_type(profile_, tag);
    value_type.add_int64(ValueTypeTag::kType, TextNumber(type));
    value_type.add_int64(ValueTypeTag::kUnit, TextNumber(unit));
  }

  // Viewers take the first mapping for the program itself.
  void AddMappings() {
    const auto& modules = input_.trace.modules;
    mapping_ids_.resize(modules.size());
    for (const bool is_program : {true, false}) {
      for (std::size_t i = 0; i < modules.size(); ++i) {
        if ((modules[i].path == input_.trace.info.exe) == is_program) AddMapping(i);
      }
    }
  }

  void AddMapping(std::size_t index) {
    const model::Module& module = input_.trace.modules[index];
    const std::uint64_t id = mapping_ids_[index] = ++mappings_;
    id_of_module_.try_emplace(module.path, id);
    Builder<MappingTag> mapping(profile_, ProfileTag::kMapping);
    mapping.add_uint64(MappingTag::kId, id);
    mapping.add_uint64(MappingTag::kStart, module.start);
    mapping.add_uint64(MappingTag::kLimit, module.end);
    mapping.add_uint64(MappingTag::kOffset, module.start - module.load_bias);
    mapping.add_int64(MappingTag::kFilename, TextNumber(module.path));
    mapping.add_int64(MappingTag::kBuildId, TextNumber(module.build_id));
    // Names are final: a viewer on another machine shall not look for the binaries.
    for (const MappingTag has : {MappingTag::kHasFunctions, MappingTag::kHasFilenames,
                                 MappingTag::kHasLineNumbers, MappingTag::kHasInlineFrames}) {
      mapping.add_bool(has, true);
    }
  }

  std::uint64_t MappingOf(const Frame& frame) const {
    const auto& modules = input_.trace.modules;
    for (std::size_t i = 0; i < modules.size(); ++i) {
      if (modules[i].path == frame.module_path && frame.pc >= modules[i].start && frame.pc < modules[i].end) {
        return mapping_ids_[i];
      }
    }
    const auto any = id_of_module_.find(frame.module_path);
    return any == id_of_module_.end() ? 0 : any->second;
  }

  std::uint64_t FunctionOf(const Frame& frame) {
    const std::string name = NameOf(frame);
    const std::string file = frame.has_line() ? FileOf(frame) : std::string();
    const auto [known, is_new] = functions_.try_emplace(name + '\n' + file, functions_.size() + 1);
    if (!is_new) return known->second;
    Builder<FunctionTag> function(profile_, ProfileTag::kFunction);
    function.add_uint64(FunctionTag::kId, known->second);
    function.add_int64(FunctionTag::kName, TextNumber(name));
    function.add_int64(FunctionTag::kSystemName, TextNumber(frame.function.empty() ? name : frame.function));
    function.add_int64(FunctionTag::kFilename, TextNumber(file));
    return known->second;
  }

  // `frames`: one machine frame, its inlined calls first.
  std::uint64_t LocationOf(FrameSpan frames) {
    const auto [known, is_new] = locations_.try_emplace(frames.front(), locations_.size() + 1);
    if (!is_new) return known->second;
    std::vector<std::uint64_t> functions;
    for (const Frame* frame : frames) functions.push_back(FunctionOf(*frame));
    Builder<LocationTag> location(profile_, ProfileTag::kLocation);
    location.add_uint64(LocationTag::kId, known->second);
    location.add_uint64(LocationTag::kMappingId, MappingOf(*frames.front()));
    location.add_uint64(LocationTag::kAddress, frames.front()->pc);
    for (std::size_t i = 0; i < frames.size(); ++i) {
      Builder<LineTag> line(location, LocationTag::kLine);
      line.add_uint64(LineTag::kFunctionId, functions[i]);
      line.add_int64(LineTag::kLine, frames[i]->has_line() ? frames[i]->line : 0);
    }
    return known->second;
  }

  void AddSamples(const Stack& stack) {
    std::vector<std::uint64_t> locations;
    for (std::size_t begin = 0, end = 0; begin < stack.frames.size(); begin = end) {
      do {
        ++end;
      } while (end < stack.frames.size() && stack.frames[end - 1]->is_inlined);
      locations.push_back(LocationOf(FrameSpan(stack.frames).subspan(begin, end - begin)));
    }
    if (input_.trace.threads.size() <= 1) {
      AddSample(locations, stack.amounts, {});
      return;
    }
    for (const aggregate::SiteAmounts& site : stack.sites) {
      report::Amounts amounts;
      amounts.Add(site);
      AddSample(locations, amounts, report::ThreadText(input_.trace, site.thread));
    }
  }

  void AddSample(const std::vector<std::uint64_t>& locations, const report::Amounts& amounts,
                 const std::string& thread) {
    std::array<std::int64_t, kValueTypes.size()> values{};
    for (std::size_t i = 0; i < values.size(); ++i) {
      values[i] = static_cast<std::int64_t>(amounts.*kValueTypes[i].amount.*kValueTypes[i].value);
    }
    Builder<SampleTag> sample(profile_, ProfileTag::kSample);
    sample.add_packed_uint64(SampleTag::kLocationId, locations.begin(), locations.end());
    sample.add_packed_int64(SampleTag::kValue, values.begin(), values.end());
    if (thread.empty()) return;
    Builder<LabelTag> label(sample, SampleTag::kLabel);
    label.add_int64(LabelTag::kKey, TextNumber("thread"));
    label.add_int64(LabelTag::kText, TextNumber(thread));
  }

  void AddHeader() {
    const model::TraceInfo& info = input_.trace.info;
    AddValueType(ProfileTag::kPeriodType, "space", "bytes");
    profile_.add_int64(ProfileTag::kPeriod, 1);
    profile_.add_int64(ProfileTag::kTimeNanos, static_cast<std::int64_t>(info.start_realtime_ns));
    profile_.add_int64(ProfileTag::kDurationNanos, static_cast<std::int64_t>(info.duration_ns));
    profile_.add_int64(ProfileTag::kDefaultSampleType, TextNumber("inuse_space"));
    profile_.add_int64(ProfileTag::kComment, TextNumber(ToolText() + ": " + CommandText(info)));
    profile_.add_int64(ProfileTag::kComment,
                       TextNumber("inuse is what was live " + input_.profile.moment.label));
  }

  const Input& input_;
  std::string data_;
  Builder<ProfileTag> profile_;
  std::unordered_map<std::string, std::int64_t> text_numbers_;
  std::vector<const std::string*> texts_;
  std::vector<std::uint64_t> mapping_ids_;  // by module
  std::unordered_map<std::string, std::uint64_t> id_of_module_;
  std::uint64_t mappings_ = 0;
  std::unordered_map<std::string, std::uint64_t> functions_;
  std::unordered_map<const Frame*, std::uint64_t> locations_;
};

}  // namespace

void WritePprof(const Input& input, Sink& sink) {
  GzipSink gzip(sink);
  gzip.Write(PprofWriter(input).Write());
  (void)gzip.Finish();  // the sink behind it keeps its error and is asked for it again
}

}  // namespace memtrace::exporting
