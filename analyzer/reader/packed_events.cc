// SPDX-License-Identifier: MIT
// Writes and reads packed events. Sizes are judged before anything is allocated.
#include "analyzer/reader/packed_events.h"

#define XXH_INLINE_ALL
#include <xxhash.h>
#include <zstd.h>

#include <cstring>
#include <memory>
#include <utility>

#include "analyzer/reader/address_book.h"
#include "analyzer/reader/address_references.h"
#include "analyzer/reader/event_columns.h"
#include "memtrace/varint.h"

namespace memtrace::reader {
namespace {

using format::PackedEventsHeader;
using format::PackedWindow;

constexpr int kLevel = 9;  // level 19 takes ten times as long for a tenth less

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

using ContextPointer = std::unique_ptr<ZSTD_CCtx, decltype(&ZSTD_freeCCtx)>;

// Stands where the first column's length would, which is never 0: what follows has references for addresses.
constexpr std::uint8_t kReferencedMark = 0;
// References may take more room than the addresses they stand for; never more than this often.
constexpr std::uint64_t kMostGrowth = 4;

// Columns of all windows one after the other. Empty if they are no whole events.
std::string RecordedForm(ZSTD_CCtx* context, std::span<const WindowEvents> windows) {
  EventColumns columns;
  for (const WindowEvents& window : windows) {
    if (!SplitEvents(window.bytes, &columns)) return {};
  }
  std::string text;
  for (std::size_t i = 0; i < ColumnsOf(EventForm::kRecorded); ++i) AppendColumn(context, columns[i], &text);
  return text;
}

// The mark, the length of each window in this form, and the columns. Empty if it cannot be written this way.
std::string ReferencedForm(ZSTD_CCtx* context, std::span<const WindowEvents> windows) {
  EventColumns columns;
  AddressBook book;
  std::string text(1, static_cast<char>(kReferencedMark));
  std::uint64_t raw_bytes = 0;
  std::uint64_t referenced_bytes = 0;
  for (const WindowEvents& window : windows) {
    std::vector<std::uint8_t> events;
    if (!ReferAddresses(window.bytes, &book, &events) ||
        !SplitEvents(events, &columns, EventForm::kReferenced)) {
      return {};
    }
    AppendVarint(events.size(), &text);
    raw_bytes += window.bytes.size();
    referenced_bytes += events.size();
  }
  if (referenced_bytes > kMostGrowth * raw_bytes) return {};
  for (const auto& column : columns) AppendColumn(context, column, &text);
  return text;
}

// Where decoded windows go: their sizes, and room for all of them.
struct Windows {
  std::span<const std::uint8_t> table;
  std::span<std::uint8_t> room;

  // Calls `fill` with the room of each window; false if that says so, or if the sizes do not fit the room.
  template <typename Fill>
  bool FillAll(const Fill& fill) const {
    std::span<std::uint8_t> left = room;
    for (std::size_t at = 0; at < table.size(); at += sizeof(PackedWindow)) {
      PackedWindow window{};
      std::memcpy(&window, table.data() + at, sizeof(window));
      if (window.raw_bytes > left.size() || !fill(left.first(window.raw_bytes))) return false;
      left = left.subspan(window.raw_bytes);
    }
    return left.empty();
  }
};

bool DecodeRecorded(std::span<const std::uint8_t> body, const Windows& windows) {
  EventColumns columns;
  std::uint64_t left = windows.room.size();
  for (std::size_t i = 0; i < ColumnsOf(EventForm::kRecorded); ++i) {
    if (!TakeColumn(&body, &left, &columns[i])) return false;
  }
  EventJoiner joiner(columns);
  return windows.FillAll([&](std::span<std::uint8_t> room) { return joiner.Join(room); }) && joiner.done() &&
         body.empty();
}

bool DecodeReferenced(std::span<const std::uint8_t> body, const Windows& windows) {
  std::uint64_t left = kMostGrowth * windows.room.size();
  std::vector<std::uint64_t> sizes;
  for (std::size_t i = 0; i < windows.table.size() / sizeof(PackedWindow); ++i) {
    std::uint64_t size = 0;
    const std::uint8_t* const at = format::GetVarint(body.data(), body.data() + body.size(), &size);
    if (at == nullptr || size > left) return false;
    body = body.subspan(static_cast<std::size_t>(at - body.data()));
    left -= size;
    sizes.push_back(size);
  }
  EventColumns columns;
  left = kMostGrowth * windows.room.size() - left;
  for (auto& column : columns) {
    if (!TakeColumn(&body, &left, &column)) return false;
  }
  EventJoiner joiner(columns, EventForm::kReferenced);
  AddressBook book;
  auto size = sizes.begin();
  std::vector<std::uint8_t> events;
  const bool is_filled = windows.FillAll([&](std::span<std::uint8_t> room) {
    events.resize(*size++);
    return joiner.Join(events) && ResolveAddresses(events, &book, room);
  });
  return is_filled && joiner.done() && body.empty();
}

}  // namespace

std::string EncodePackedEvents(std::uint32_t thread, std::span<const WindowEvents> windows) {
  PackedEventsHeader header{};
  header.thread = thread;
  header.windows = static_cast<std::uint32_t>(windows.size());
  std::string table;
  for (const WindowEvents& window : windows) {
    if (window.bytes.empty()) return {};
    header.raw_bytes += window.bytes.size();
    Append(PackedWindow{window.sequence, window.base_ticks, window.bytes.size()}, &table);
  }
  const ContextPointer context(ZSTD_createCCtx(), &ZSTD_freeCCtx);
  if (context == nullptr) return {};
  // Which is shorter depends on the program: one that repeats itself may do so in its addresses already.
  std::string events = RecordedForm(context.get(), windows);
  if (events.empty()) return {};
  if (std::string referenced = ReferencedForm(context.get(), windows);
      !referenced.empty() && referenced.size() < events.size()) {
    events = std::move(referenced);
  }
  const std::string body = table + events;
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
  raw->assign(header.raw_bytes + padding, 0);
  const Windows windows{table, std::span(*raw).first(header.raw_bytes)};
  const bool is_fine = !body.empty() && body.front() == kReferencedMark
                           ? DecodeReferenced(body.subspan(1), windows)
                           : DecodeRecorded(body, windows);
  return is_fine ? nullptr : "does not decompress, or has columns that do not fit";
}

}  // namespace memtrace::reader
