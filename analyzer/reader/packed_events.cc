// SPDX-License-Identifier: MIT
// Writes and reads packed events. Sizes are judged before anything is allocated.
#include "analyzer/reader/packed_events.h"

#define XXH_INLINE_ALL
#include <xxhash.h>
#include <zstd.h>

#include <cstring>
#include <memory>

#include "analyzer/reader/event_columns.h"
#include "memtrace/varint.h"

namespace memtrace::reader {
namespace {

using format::PackedEventsHeader;
using format::PackedWindow;

constexpr int kLevel = 19;

template <typename T>
void Append(const T& value, std::string* text) {
  text->append(reinterpret_cast<const char*>(&value), sizeof(value));
}

void AppendVarint(std::uint64_t value, std::string* text) {
  std::uint8_t bytes[format::kMaxVarintBytes];
  text->append(reinterpret_cast<const char*>(bytes),
               static_cast<std::size_t>(format::PutVarint(bytes, value) - bytes));
}

void AppendColumn(ZSTD_CCtx* context, const std::vector<std::uint8_t>& column, std::string* text) {
  std::string stored(ZSTD_compressBound(column.size()), '\0');
  const std::size_t size =
      ZSTD_compressCCtx(context, stored.data(), stored.size(), column.data(), column.size(), kLevel);
  AppendVarint(column.size(), text);
  if (ZSTD_isError(size) != 0 || size >= column.size()) {
    AppendVarint(column.size(), text);
    text->append(column.begin(), column.end());
  } else {
    AppendVarint(size, text);
    text->append(stored, 0, size);
  }
}

// Takes a column off the front of `in`. `left` is how many raw bytes all columns may still have.
bool TakeColumn(std::span<const std::uint8_t>* in, std::uint64_t* left, std::vector<std::uint8_t>* column) {
  std::uint64_t raw = 0;
  std::uint64_t stored = 0;
  const std::uint8_t* end = in->data() + in->size();
  const std::uint8_t* at = format::GetVarint(in->data(), end, &raw);
  if (at != nullptr) at = format::GetVarint(at, end, &stored);
  if (at == nullptr || stored > static_cast<std::uint64_t>(end - at) || stored > raw || raw > *left)
    return false;
  *left -= raw;
  column->resize(raw);
  if (raw == stored) {
    std::copy(at, at + stored, column->begin());
  } else if (ZSTD_decompress(column->data(), raw, at, stored) != raw) {
    return false;
  }
  *in = in->subspan(static_cast<std::size_t>(at + stored - in->data()));
  return true;
}

}  // namespace

std::string EncodePackedEvents(std::uint32_t thread, std::span<const WindowEvents> windows) {
  PackedEventsHeader header{};
  header.thread = thread;
  header.windows = static_cast<std::uint32_t>(windows.size());
  std::string body;
  EventColumns columns;
  for (const WindowEvents& window : windows) {
    if (window.bytes.empty() || !SplitEvents(window.bytes, &columns)) return {};
    header.raw_bytes += window.bytes.size();
    Append(PackedWindow{window.sequence, window.base_ticks, window.bytes.size()}, &body);
  }
  const std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)> context(ZSTD_createCCtx(), &ZSTD_freeCCtx);
  if (context == nullptr) return {};
  for (const auto& column : columns) AppendColumn(context.get(), column, &body);
  header.stored_bytes = body.size();
  header.checksum = XXH3_64bits(body.data(), body.size());
  std::string whole;
  Append(header, &whole);
  whole += body;
  return WhatIsWrongWith(header, whole.size()) == nullptr ? whole : std::string();
}

const char* WhatIsWrongWith(const PackedEventsHeader& header, std::uint64_t body_bytes) {
  if (header.windows == 0 || header.windows > format::kMaxPackedWindows)
    return "has an impossible number of windows";
  if (header.stored_bytes > body_bytes - sizeof(header) ||
      header.stored_bytes < header.windows * sizeof(PackedWindow))
    return "has an impossible stored size";
  if (header.raw_bytes > header.windows * std::uint64_t{format::kWindowDataBytes} ||
      header.raw_bytes / format::kMaxPackedRatio >= header.stored_bytes)
    return "has an impossible size";
  return nullptr;
}

const char* DecodePackedEvents(std::span<const std::uint8_t> body, std::size_t padding,
                               std::vector<std::uint8_t>* raw) {
  PackedEventsHeader header{};
  if (body.size() < sizeof(header)) return "is cut off";
  std::memcpy(&header, body.data(), sizeof(header));
  body = body.subspan(sizeof(header));
  if (body.size() < header.stored_bytes) return "is cut off";
  body = body.first(header.stored_bytes);
  if (XXH3_64bits(body.data(), body.size()) != header.checksum) return "has a wrong checksum";
  const std::span<const std::uint8_t> table = body.first(header.windows * sizeof(PackedWindow));
  body = body.subspan(table.size());
  EventColumns columns;
  std::uint64_t left = header.raw_bytes;
  for (auto& column : columns) {
    if (!TakeColumn(&body, &left, &column)) return "does not decompress";
  }
  raw->assign(header.raw_bytes + padding, 0);
  EventJoiner joiner(columns);
  std::span<std::uint8_t> out(raw->data(), header.raw_bytes);
  for (std::uint32_t i = 0; i < header.windows; ++i) {
    PackedWindow window{};
    std::memcpy(&window, table.data() + i * sizeof(window), sizeof(window));
    if (window.raw_bytes > out.size() || !joiner.Join(out.first(window.raw_bytes)))
      return "has columns that do not fit";
    out = out.subspan(window.raw_bytes);
  }
  return out.empty() && joiner.done() && body.empty() ? nullptr : "has columns that do not fit";
}

}  // namespace memtrace::reader
