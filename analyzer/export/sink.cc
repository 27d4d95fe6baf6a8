// SPDX-License-Identifier: MIT
// Sinks: write(2) with a buffer, and zlib.
#include "analyzer/export/sink.h"

#include <unistd.h>
#include <zlib.h>

#include <array>
#include <cerrno>
#include <cstring>

#include <fmt/format.h>

namespace memtrace::exporting {
namespace {

constexpr std::size_t kBufferBytes = 64 << 10;
constexpr int kGzipWindowBits = 15 + 16;  // + 16: a gzip header instead of zlib's

}  // namespace

void DescriptorSink::Write(std::string_view bytes) {
  buffer_.append(bytes);
  if (buffer_.size() >= kBufferBytes) Flush();
}

void DescriptorSink::Flush() {
  for (std::size_t done = 0; done < buffer_.size() && error_ == 0;) {
    const ssize_t written = write(fd_, buffer_.data() + done, buffer_.size() - done);
    if (written >= 0) {
      done += static_cast<std::size_t>(written);
    } else if (errno != EINTR) {
      error_ = errno;
    }
  }
  buffer_.clear();
}

Result<void> DescriptorSink::Finish() {
  Flush();
  if (error_ == 0) return {};
  return Error{ErrorCode::kUnreadable, fmt::format("cannot write {}: {}", name_, std::strerror(error_))};
}

struct GzipSink::State {
  z_stream stream{};
};

GzipSink::GzipSink(Sink& next, int level) : next_(next), state_(std::make_unique<State>()) {
  if (deflateInit2(&state_->stream, level, Z_DEFLATED, kGzipWindowBits, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
    throw std::bad_alloc();  // its only reason here
  }
}

GzipSink::~GzipSink() {
  deflateEnd(&state_->stream);
}

void GzipSink::Deflate(std::string_view bytes, bool is_last) {
  std::array<char, 16384> out{};
  z_stream& stream = state_->stream;
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));  // zlib does not write to it
  stream.avail_in = static_cast<uInt>(bytes.size());
  do {
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = out.size();
    deflate(&stream, is_last ? Z_FINISH : Z_NO_FLUSH);
    next_.Write({out.data(), out.size() - stream.avail_out});
  } while (stream.avail_out == 0);
}

void GzipSink::Write(std::string_view bytes) {
  constexpr std::size_t kMaxPiece = 1U << 30;  // zlib counts in 32 bits
  for (; bytes.size() > kMaxPiece; bytes.remove_prefix(kMaxPiece)) Deflate(bytes.substr(0, kMaxPiece), false);
  Deflate(bytes, false);
}

Result<void> GzipSink::Finish() {
  Deflate({}, true);
  return next_.Finish();
}

}  // namespace memtrace::exporting
