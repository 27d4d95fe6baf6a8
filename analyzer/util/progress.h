// SPDX-License-Identifier: MIT
// A progress bar on stderr for work that takes longer than a second. Nobody who redirects stderr ever sees
// it.
#pragma once

#include <chrono>
#include <string>

namespace memtrace {

class Progress {
 public:
  // Draws on `fd` if that is a terminal and `delay` has passed since construction.
  explicit Progress(std::string what, int fd = 2, std::chrono::milliseconds delay = std::chrono::seconds(1));
  ~Progress();  // wipes the line
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // `share` from 0 to 1. Cheap to call often: it draws ten times a second at most.
  void Show(double share);

 private:
  void Write(const std::string& text) const;

  std::string what_;
  int fd_;
  bool enabled_;
  bool drawn_ = false;
  std::chrono::steady_clock::time_point next_;
};

}  // namespace memtrace
