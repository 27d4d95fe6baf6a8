// SPDX-License-Identifier: MIT
// The one interface of all export formats, and the list of them.
//
//     Formats() ── name, suffix, what it is for, what it needs ── Write(Input, Sink)
//                                                                    one format, one file: pprof.cc, dhat.cc,
//                                                                    …
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "analyzer/aggregate/block_visits.h"
#include "analyzer/aggregate/live_curve.h"
#include "analyzer/aggregate/profile.h"
#include "analyzer/export/sink.h"
#include "analyzer/export/stacks.h"
#include "analyzer/model/trace.h"
#include "analyzer/report/metric.h"
#include "analyzer/util/result.h"

namespace memtrace::exporting {

struct Input {
  const model::Trace& trace;
  const aggregate::Profile& profile;
  const Stacks& stacks;
  report::Metric metric = report::Metric::kLive;  // for formats that hold one number a stack
  aggregate::LiveCurve curve = {};                // with Need::kCurve
  // With Need::kBlocks: tells every birth and death of the blocks whose stacks are among `stacks`, then, if
  // asked for, those that live on.
  std::function<void(aggregate::BlockLives::Visitor&,
                     const std::function<void(const aggregate::LivingBlock&)>& lives_on)>
      for_each_life = {};
  // Time of an event's ticks, in nanoseconds since the start of recording.
  std::function<std::uint64_t(std::uint64_t)> time_ns = {};
};

// What a format wants besides the sums of the profile.
enum class Need { kSums, kCurve, kBlocks };

struct Format {
  std::string name;     // what -f takes
  std::string suffix;   // of the default file name
  std::string purpose;  // for --help: who opens it
  Need need = Need::kSums;
  bool takes_metric = false;  // --metric means something; other formats hold all metrics, or a curve
  std::function<void(const Input&, Sink&)> write;
};

const std::vector<Format>& Formats();

// kUsage error with the names there are, and the nearest.
Result<const Format*> FindFormat(const std::string& name);

void WritePprof(const Input& input, Sink& sink);
void WriteFolded(const Input& input, Sink& sink);
void WriteSpeedscope(const Input& input, Sink& sink);
void WriteDhat(const Input& input, Sink& sink);
void WriteMassif(const Input& input, Sink& sink);
void WriteHeaptrack(const Input& input, Sink& sink);
void WriteChrome(const Input& input, Sink& sink);
void WriteHeapProfile(const Input& input, Sink& sink);
void WriteMprof(const Input& input, Sink& sink);
void WriteCsv(const Input& input, Sink& sink);
void WriteJson(const Input& input, Sink& sink);

}  // namespace memtrace::exporting
