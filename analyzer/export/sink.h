// SPDX-License-Identifier: MIT
// Where an export writes to: a file, a pipe, a string; compressed or not. Nothing is kept in memory.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/util/result.h"

namespace memtrace::exporting {

class Sink {
 public:
  virtual ~Sink() = default;
  virtual void Write(std::string_view bytes) = 0;
  // Must be called last. kUnreadable error if anything could not be written; what follows the first failed
  // Write is dropped.
  virtual Result<void> Finish() = 0;
};

class StringSink : public Sink {
 public:
  void Write(std::string_view bytes) override { text_.append(bytes); }
  Result<void> Finish() override { return {}; }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

// Writes to an open descriptor, which it does not close. `name` is for messages.
class DescriptorSink : public Sink {
 public:
  DescriptorSink(int fd, std::string name) : fd_(fd), name_(std::move(name)) {}
  void Write(std::string_view bytes) override;
  Result<void> Finish() override;

 private:
  void Flush();

  int fd_;
  std::string name_;
  std::string buffer_;
  int error_ = 0;  // errno of the first failure
};

// gzip in front of another sink, which must outlive it; Finish() finishes both.
class GzipSink : public Sink {
 public:
  // `level` from 1 (fast) to 9 (small).
  explicit GzipSink(Sink& next, int level = 6);
  ~GzipSink() override;
  void Write(std::string_view bytes) override;
  Result<void> Finish() override;

 private:
  void Deflate(std::string_view bytes, bool is_last);

  struct State;
  Sink& next_;
  std::unique_ptr<State> state_;
};

}  // namespace memtrace::exporting
