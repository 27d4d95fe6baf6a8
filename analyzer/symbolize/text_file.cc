// SPDX-License-Identifier: MIT
// Reads regular files whole.
#include "analyzer/symbolize/text_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace memtrace::symbolize {

std::string ReadRegularFile(const std::string& path, std::uint64_t max_bytes) {
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (descriptor < 0) return {};
  struct stat status {};
  std::string text;
  if (fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode) &&
      static_cast<std::uint64_t>(status.st_size) <= max_bytes) {
    text.resize(static_cast<std::size_t>(status.st_size));
  }
  std::size_t filled = 0;
  while (filled < text.size()) {
    const ssize_t size = read(descriptor, text.data() + filled, text.size() - filled);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) break;
    filled += static_cast<std::size_t>(size);
  }
  text.resize(filled);
  close(descriptor);
  return text;
}

}  // namespace memtrace::symbolize
