// SPDX-License-Identifier: MIT
// Verbs for tests of profiles: tell a history, get its profile.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>

#include "analyzer/aggregate/profile.h"
#include "tests/format/trace_builder.h"

namespace memtrace::aggregate {

using format::AllocKind;
using format::FreeForm;
using testing::TraceBuilder;

// For readable failures.
inline void PrintTo(const Amount& amount, std::ostream* out) {
  *out << amount.bytes << " bytes in " << amount.blocks << " blocks";
}

class ProfileTest : public ::testing::Test {
 protected:
  ProfileTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "memtrace_profile_XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) std::abort();
    folder_ = pattern;
  }
  ~ProfileTest() override { std::filesystem::remove_all(folder_); }

  reader::TraceReader Open() const {
    trace_.WriteTo((folder_ / "sample.mtr").string());
    auto reader = reader::TraceReader::Open((folder_ / "sample.mtr").string());
    if (!reader.ok()) throw std::runtime_error(reader.error().message);
    return std::move(reader).value();
  }

  Profile Build(const Moment& moment = {}, Domain domain = Domain::kHeap) const {
    auto reader = Open();
    return BuildProfile(reader, {domain, moment});
  }

  Profile BuildAt(std::uint64_t time_ns) const { return Build({Moment::Kind::kTime, time_ns, "then"}); }

  // The entry of a node on a thread; a zero one if there is none.
  static SiteAmounts Site(const Profile& profile, model::NodeId node, model::ThreadId thread = 0) {
    for (const SiteAmounts& site : profile.sites) {
      if (site.node == node && site.thread == thread) return site;
    }
    return {};
  }

  TraceBuilder trace_;  // times are nanoseconds
  std::filesystem::path folder_;
};

}  // namespace memtrace::aggregate
