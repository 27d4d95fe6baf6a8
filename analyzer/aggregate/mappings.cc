// SPDX-License-Identifier: MIT
// Mappings: an interval map whose pieces know which mapping they are of.
#include "analyzer/aggregate/mappings.h"

#include <algorithm>
#include <iterator>

namespace memtrace::aggregate {
namespace {

using model::Event;
using model::EventType;

constexpr std::uint64_t kPageMask = format::kPageBytes - 1;

}  // namespace

void Mappings::Apply(const Event& event) {
  switch (event.type) {
    case EventType::kMap:
      Add(Pages(event.address, event.size), event);
      break;
    case EventType::kUnmap:
      if (!Remove(Pages(event.address, event.size), event)) ++unknown_unmaps_;
      break;
    case EventType::kRemap:
      Remove(Pages(event.old_address, event.old_size), event);
      Add(Pages(event.address, event.size), event);
      break;
    case EventType::kBreak:
      if (event.address > event.old_address) Add({event.old_address, event.address}, event);
      if (event.address < event.old_address) Remove({event.address, event.old_address}, event);
      break;
    default:
      break;
  }
}

// Saturates at the top of the address space: lengths of a damaged trace may be anything.
Mappings::Range Mappings::Pages(std::uint64_t address, std::uint64_t length) {
  const std::uint64_t start = address & ~kPageMask;
  const std::uint64_t end = address + std::min(length, ~kPageMask - std::min(address, ~kPageMask));
  return {start, (end + kPageMask) & ~kPageMask};
}

bool Mappings::Counts(const Event& event, std::uint64_t bytes) const {
  const format::AllocKind kind =
      event.node < sites_.size() ? sites_[event.node].kind : format::AllocKind::kMmap;
  return IsOfDomain(domain_, kind) &&
         (selection_ == nullptr ||
          selection_->Takes({event.ticks, event.thread, bytes, event.node}, next_serial_ - 1));
}

void Mappings::Add(const Range& range, const Event& event) {
  Remove(range, event);
  if (range.end <= range.start) return;
  std::uint32_t index = static_cast<std::uint32_t>(mappings_.size());
  if (unused_.empty()) {
    mappings_.emplace_back();
  } else {
    index = unused_.back();
    unused_.pop_back();
  }
  const std::uint64_t bytes = range.end - range.start;
  const std::uint32_t entry =
      Counts(event, bytes) ? ledger_.EntryOf(event.node, event.thread, size_classes_.Note(bytes)) : 0;
  mappings_[index] = Mapping{entry, 1, bytes, next_serial_, event.ticks, event.thread, event.node};
  pieces_.emplace(range.start, Piece{range.end, index});
  if (entry != 0) ledger_.Allocate(entry, {bytes, 1}, event.ticks);
  if (event.thread >= last_serial_.size()) last_serial_.resize(event.thread + 1);
  last_serial_[event.thread] = next_serial_++;
}

bool Mappings::Remove(const Range& range, const Event& event) {
  auto piece = pieces_.upper_bound(range.start);
  if (piece != pieces_.begin() && std::prev(piece)->second.end > range.start) --piece;
  bool found = false;
  while (piece != pieces_.end() && piece->first < range.end) {
    const auto next = std::next(piece);  // cutting adds pieces only before it
    CutPiece(piece, range, event);
    piece = next;
    found = true;
  }
  return found;
}

void Mappings::CutPiece(Pieces::iterator piece, const Range& range, const Event& event) {
  const std::uint64_t start = piece->first;
  const std::uint64_t end = piece->second.end;
  const std::uint32_t index = piece->second.mapping;
  Mapping& mapping = mappings_[index];
  const bool keeps_left = start < range.start;
  const bool keeps_right = end > range.end;
  const std::uint64_t removed = std::min(end, range.end) - std::max(start, range.start);
  if (keeps_right) pieces_.emplace(range.end, Piece{end, index});
  if (keeps_left) {
    piece->second.end = range.start;
  } else {
    pieces_.erase(piece);
  }
  mapping.pieces += static_cast<std::uint32_t>(keeps_left) + static_cast<std::uint32_t>(keeps_right) - 1;
  if (mapping.entry != 0) ledger_.Release(mapping.entry, {removed, mapping.pieces == 0 ? 1U : 0U});
  if (mapping.pieces == 0) ForgetMapping(index, event);
}

void Mappings::ForgetMapping(std::uint32_t index, const Event& event) {
  const Mapping& mapping = mappings_[index];
  unused_.push_back(index);
  if (gone_) gone_(mapping.serial - 1, mapping.birth_ticks, event.ticks);
  if (mapping.entry == 0) return;
  ++frees_;
  if (mapping.thread == event.thread && last_serial_[event.thread] == mapping.serial) {
    ledger_.AddTemporary(mapping.entry, {mapping.bytes, 1});
  }
}

void Mappings::ForEachLive(const std::function<void(std::uint64_t, std::uint64_t)>& visit) const {
  for (const Mapping& mapping : mappings_) {
    if (mapping.pieces > 0) visit(mapping.serial - 1, mapping.birth_ticks);
  }
}

}  // namespace memtrace::aggregate
