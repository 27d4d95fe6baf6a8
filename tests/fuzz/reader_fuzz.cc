// SPDX-License-Identifier: MIT
// Fuzzes everything between a file's bytes and a profile: TraceReader::Open, all events, both domains.
//
//     build/fuzz/tests/reader_fuzz tests/fuzz/corpus/reader          (preset fuzz)
//
// Random changes would nearly always break a check and end there. So a mutator of our own sets the checks of
// headers and chunks right again, most of the time, and the fuzzer gets to what lies behind them.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <string>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "analyzer/aggregate/profile.h"
#include "memtrace/trace_format.h"

namespace format = memtrace::format;

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

namespace {

template <typename T>
T Load(const std::uint8_t* data) {
  T value;
  std::memcpy(&value, data, sizeof(value));
  return value;
}

template <typename T>
void Store(std::uint8_t* data, const T& value) {
  std::memcpy(data, &value, sizeof(value));
}

void RepairHeader(std::uint8_t* data) {
  auto header = Load<format::FileHeader>(data);
  std::memcpy(header.magic, format::kFileMagic, sizeof(header.magic));
  header.version = format::kFormatVersion;
  header.header_bytes = format::kFileHeaderBytes;
  Store(data, header);
}

void RepairEvents(std::uint8_t* data, std::size_t room) {
  if (room < sizeof(format::EventsHeader)) return;
  auto events = Load<format::EventsHeader>(data);
  if (events.stored_bytes > room - sizeof(events)) events.stored_bytes = room - sizeof(events);
  events.raw_bytes %= 2 * format::kWindowDataBytes;
  events.checksum = XXH3_64bits(data + sizeof(events), events.stored_bytes);
  Store(data, events);
}

// What packs a log or call sites. Often as it is: changes to compressed bytes seldom mean anything.
void RepairCompressed(std::uint8_t* data, std::size_t room, bool as_it_is) {
  if (room < sizeof(format::CompressedHeader)) return;
  auto header = Load<format::CompressedHeader>(data);
  if (header.stored_bytes > room - sizeof(header)) header.stored_bytes = room - sizeof(header);
  if (as_it_is) {
    header.codec = static_cast<std::uint32_t>(format::Codec::kRaw);
    header.raw_bytes = header.stored_bytes;
  }
  header.checksum = XXH3_64bits(data + sizeof(header), header.stored_bytes);
  Store(data, header);
}

void RepairChunks(std::uint8_t* data, std::size_t size, unsigned int seed) {
  const auto trace_id = Load<format::FileHeader>(data).trace_id;
  for (std::size_t at = format::kFileHeaderBytes; at + sizeof(format::ChunkHeader) <= size;
       at += format::kChunkAlignBytes) {
    auto chunk = Load<format::ChunkHeader>(data + at);
    if (chunk.magic != format::kChunkMagic) continue;
    const auto kind = static_cast<format::ChunkKind>(chunk.kind);
    chunk.check = format::ChunkCheck(trace_id, at, kind, chunk.size_bytes);
    Store(data + at, chunk);
    const std::size_t body = at + sizeof(chunk);
    if (kind == format::ChunkKind::kEvents) RepairEvents(data + body, size - body);
    if (kind == format::ChunkKind::kCompressed) RepairCompressed(data + body, size - body, seed % 4 != 0);
  }
}

// A file without a name: nothing is left behind, however the fuzzer ends.
int MemoryFile(const std::uint8_t* data, std::size_t size) {
  static const int fd = memfd_create("reader_fuzz", MFD_CLOEXEC);
  if (ftruncate(fd, 0) != 0 || pwrite(fd, data, size, 0) != static_cast<ssize_t>(size)) std::abort();
  return fd;
}

}  // namespace

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                               unsigned int seed) {
  size = LLVMFuzzerMutate(data, size, max_size);
  if (size < format::kFileHeaderBytes || seed % 16 == 0) return size;
  RepairHeader(data);
  RepairChunks(data, size, seed);
  return size;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace memtrace;
  auto reader = reader::TraceReader::Open("/proc/self/fd/" + std::to_string(MemoryFile(data, size)));
  if (!reader.ok()) return 0;
  const std::uint64_t middle_ns = reader->trace().info.duration_ns / 2;
  const aggregate::Moment middle{aggregate::Moment::Kind::kTime, middle_ns, ""};
  for (const auto domain : {aggregate::Domain::kHeap, aggregate::Domain::kMapped}) {
    const aggregate::Profile profile = aggregate::BuildProfile(*reader, {domain, middle});
    // What must hold for any input: the sites add up to the sums.
    aggregate::Amount peak, not_freed, total;
    for (const aggregate::SiteAmounts& site : profile.sites) {
      if (site.node >= reader->trace().sites.size()) std::abort();
      peak += site.peak;
      not_freed += site.not_freed;
      total += site.total;
    }
    if (!(peak == profile.peak && not_freed == profile.not_freed && total == profile.total)) std::abort();
  }
  return 0;
}
