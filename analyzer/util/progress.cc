// SPDX-License-Identifier: MIT
// One line, drawn over itself: "reading app.mtr  [#########           ]  45%".
#include "analyzer/util/progress.h"

#include <unistd.h>

#include <algorithm>

#include <fmt/format.h>

namespace memtrace {
namespace {

constexpr int kBarColumns = 30;
constexpr auto kInterval = std::chrono::milliseconds(100);

}  // namespace

Progress::Progress(std::string what, int fd, std::chrono::milliseconds delay)
    : what_(std::move(what)),
      fd_(fd),
      enabled_(isatty(fd) == 1),
      next_(std::chrono::steady_clock::now() + delay) {}

Progress::~Progress() {
  if (drawn_) Write("\r\x1b[K");
}

void Progress::Show(double share) {
  if (!enabled_) return;
  const auto now = std::chrono::steady_clock::now();
  if (now < next_) return;
  next_ = now + kInterval;
  const double bounded = share >= 0 ? std::min(share, 1.0) : 0.0;
  const int filled = static_cast<int>(bounded * kBarColumns);
  Write(fmt::format("\r{}  [{:<{}}] {:3.0f}%\x1b[K", what_,
                    std::string(static_cast<std::size_t>(filled), '#'), kBarColumns, bounded * 100));
  drawn_ = true;
}

void Progress::Write(const std::string& text) const {
  // A bar that cannot be drawn is no reason to fail.
  [[maybe_unused]] const ssize_t written = write(fd_, text.data(), text.size());
}

}  // namespace memtrace
