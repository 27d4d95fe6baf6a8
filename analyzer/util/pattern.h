// SPDX-License-Identifier: MIT
// A person's regular expression. std::regex throws for a bad one and walks recursively over long names; this
// is the only place that knows.
#pragma once

#include <memory>
#include <regex>
#include <string>

#include "analyzer/util/result.h"

namespace memtrace {

// ECMAScript. Copies share what was compiled.
class Pattern {
 public:
  // kUsage error naming `option`.
  static Result<Pattern> Compile(const std::string& option, const std::string& expression);

  // Looked for anywhere in the first 4096 bytes. False for what is too complex to tell.
  bool IsIn(const std::string& text) const;

 private:
  explicit Pattern(std::regex regex) : regex_(std::make_shared<const std::regex>(std::move(regex))) {}

  std::shared_ptr<const std::regex> regex_;
};

}  // namespace memtrace
