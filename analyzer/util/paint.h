// SPDX-License-Identifier: MIT
// Colour, where it is wanted: every function returns its text unchanged when painting is off.
#pragma once

#include <string>
#include <string_view>

namespace memtrace {

class Paint {
 public:
  explicit Paint(bool on = false) : on_(on) {}

  std::string Bold(std::string_view text) const { return Wrap("1", text); }
  std::string Dim(std::string_view text) const { return Wrap("2", text); }
  std::string Place(std::string_view text) const { return Wrap("36", text); }
  std::string Warning(std::string_view text) const { return Wrap("33", text); }
  std::string Alarm(std::string_view text) const { return Wrap("31", text); }
  std::string Better(std::string_view text) const { return Wrap("32", text); }
  // For a share of the whole: red from 20 %, yellow from 5 %, plain below.
  std::string ByShare(double share, std::string_view text) const {
    return share >= 0.20 ? Wrap("31", text) : share >= 0.05 ? Wrap("33", text) : std::string(text);
  }

 private:
  std::string Wrap(std::string_view code, std::string_view text) const {
    if (!on_ || text.empty()) return std::string(text);
    return std::string("\x1b[").append(code).append("m").append(text).append("\x1b[0m");
  }

  bool on_;
};

}  // namespace memtrace
