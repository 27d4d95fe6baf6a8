// SPDX-License-Identifier: MIT
// What was asked for, in words for headings and in JSON for scripts.
#pragma once

#include <string>
#include <vector>

#include "analyzer/aggregate/query.h"
#include "analyzer/model/trace.h"
#include "analyzer/report/json.h"
#include "analyzer/report/stack_filter.h"

namespace memtrace::report {

// "blocks allocated after mark \"loaded\" and until 3.000 s by worker-1 of 64 B to 1024 B that lived 10 ms or
// longer"; empty if the query takes every block.
// Of stacks it says only that some were chosen: "… with chosen stacks".
std::string BlocksSelectedText(const aggregate::Query& query, const model::Trace& trace);

// As --domain takes them: "heap", "python", "native", "mapped", "arenas"; and as text: "mapped memory".
const std::vector<std::string>& DomainNames();
std::string DomainName(aggregate::Domain domain);
std::string DomainText(aggregate::Domain domain);

// "120 ns", "30 us", "10 ms", "1.5 s", "5 min".
std::string DurationText(std::uint64_t ns);

// The fields that all selectors share: domain, at, from, to, threads, size_bytes, lifetime_ns and the stack
// selectors. What was not asked for is null or empty. The moment's time comes from the profile.
Json SelectorJson(const aggregate::Profile& profile, const StackSelectors& stacks);

}  // namespace memtrace::report
