// SPDX-License-Identifier: MIT
// Profiles put together by hand: Site(node, thread, bytes, blocks) is live at the peak and at the end alike.
#pragma once

#include "analyzer/aggregate/profile.h"

namespace memtrace::testing {

class MadeUpProfile {
 public:
  MadeUpProfile() { profile_.moment.label = "at peak"; }

  MadeUpProfile& Site(model::NodeId node, model::ThreadId thread, std::uint64_t bytes, std::uint64_t blocks,
                      std::uint64_t temporary_blocks = 0) {
    const aggregate::Amount amount{bytes, blocks};
    const aggregate::Amount temporary{0, temporary_blocks};
    profile_.sites.push_back({node, thread, amount, amount, amount, amount, temporary, 0});
    for (aggregate::Amount* sum : {&profile_.live, &profile_.peak, &profile_.not_freed, &profile_.total}) {
      sum->bytes += bytes;
      sum->blocks += blocks;
    }
    profile_.temporary.blocks += temporary_blocks;
    return *this;
  }

  aggregate::Profile& operator*() { return profile_; }

 private:
  aggregate::Profile profile_;
};

}  // namespace memtrace::testing
