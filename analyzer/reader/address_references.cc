// SPDX-License-Identifier: MIT
// One walk over events for both directions; they differ in how an address is read and written.
#include "analyzer/reader/address_references.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "analyzer/reader/event_columns.h"
#include "memtrace/trace_format.h"
#include "memtrace/varint.h"

namespace memtrace::reader {
namespace {

using format::ExtendedEvent;
using format::FreeForm;

constexpr unsigned kByReference = 7;  // instead of a number of address bytes
constexpr unsigned kMostAddressBytes = 6;
constexpr std::uint64_t kMostRank = 1 << 20;  // no book has as many

// Reads as long as there is something to read; afterwards ok() is false.
class Input {
 public:
  explicit Input(std::span<const std::uint8_t> bytes) : at_(bytes.data()), end_(at_ + bytes.size()) {}

  bool ok() const { return ok_; }
  bool done() const { return at_ == end_; }
  std::span<const std::uint8_t> Bytes(std::size_t count) {
    ok_ = ok_ && count <= static_cast<std::size_t>(end_ - at_);
    if (!ok_) return {};
    at_ += count;
    return {at_ - count, count};
  }
  std::uint64_t Number(std::size_t bytes) {
    std::uint64_t value = 0;
    const auto read = Bytes(bytes);
    if (!read.empty()) std::memcpy(&value, read.data(), read.size());
    return value;
  }
  // `read`: where its bytes are.
  std::uint64_t Varint(std::span<const std::uint8_t>* read) {
    std::uint64_t value = 0;
    const std::uint8_t* const after = ok_ ? format::GetVarint(at_, end_, &value) : nullptr;
    ok_ = after != nullptr;
    if (!ok_) return 0;
    *read = {at_, static_cast<std::size_t>(after - at_)};
    at_ = after;
    return value;
  }

 private:
  const std::uint8_t* at_;
  const std::uint8_t* end_;
  bool ok_ = true;
};

unsigned BytesFor(std::uint64_t value) {
  return (static_cast<unsigned>(std::bit_width(value)) + 7) / 8;
}

// An address field, as it stands in one of the two forms.
struct AddressField {
  unsigned code = 0;  // number of bytes, or kByReference
  std::uint64_t value = 0;
};

// Walks over events. `Direction` turns fields of one form into those of the other, and keeps the book.
template <typename Direction>
class Walk {
 public:
  Walk(std::span<const std::uint8_t> events, AddressBook* book, Direction* direction)
      : in_(events), book_(book), direction_(direction) {}

  bool Run() {
    while (in_.ok() && !in_.done()) {
      if (!One()) return false;
    }
    return in_.ok();
  }

 private:
  bool One() {
    const auto head = static_cast<unsigned>(in_.Number(1));
    if ((head & 1) != 0) return Allocation(head);
    if ((head >> 1 & 3) != static_cast<unsigned>(FreeForm::kExtended)) return Release(head);
    return Extended(head);
  }

  // The value behind a head's address code.
  AddressField Read(unsigned code) {
    if (code != kByReference) return {code, in_.Number(code)};
    std::span<const std::uint8_t> unused;
    return {code, in_.Varint(&unused)};
  }

  bool Allocation(unsigned first) {
    const unsigned head = first | static_cast<unsigned>(in_.Number(1)) << 8;
    const auto node = in_.Bytes(head >> 1 & 7);
    const AddressField given = Read(head >> 4 & 7);
    const auto size = in_.Bytes(head >> 7 & 7);
    const auto time = in_.Bytes(format::kTimeBytes[head >> 10 & 3]);
    if (!in_.ok()) return false;
    std::uint64_t bytes = 0;
    if (!size.empty()) std::memcpy(&bytes, size.data(), size.size());
    book_->Settle(bytes);
    unsigned rank = 0;
    const AddressField made = direction_->Allocation(given, bytes, book_, &last_, &rank);
    if (direction_->failed()) return false;
    book_->Allocate(last_, bytes, rank);
    const unsigned out = (head & ~(7U << 4)) | made.code << 4;
    return direction_->PutHead(out, 2) && direction_->Put(node) && direction_->PutAddress(made) &&
           direction_->Put(size) && direction_->Put(time);
  }

  bool Release(unsigned head) {
    const AddressField given = Read(head >> 3 & 7);
    const auto time = in_.Bytes(format::kTimeBytes[head >> 6]);
    if (!in_.ok()) return false;
    const AddressField made = direction_->Release(given, book_, &last_);
    if (direction_->failed()) return false;
    book_->Free(last_);
    const unsigned out = (head & ~(7U << 3)) | made.code << 3;
    return direction_->PutHead(out, 1) && direction_->PutAddress(made) && direction_->Put(time);
  }

  // As they are; but some move the running address, and a realloc gives its block back.
  bool Extended(unsigned head) {
    const auto number = static_cast<ExtendedEvent>(head >> 3);
    const unsigned fields = FieldsOfExtended(number);
    if (fields == 0 || !direction_->PutHead(head, 1)) return false;
    std::uint64_t value = 0;
    for (unsigned i = 0; i < fields; ++i) {
      std::span<const std::uint8_t> bytes;
      value = in_.Varint(&bytes);
      if (!in_.ok() || !direction_->Put(bytes)) return false;
    }
    const bool moves_address = number == ExtendedEvent::kReallocBegin ||
                               number == ExtendedEvent::kReallocCancel || number == ExtendedEvent::kReuse;
    if (moves_address) last_ += static_cast<std::uint64_t>(format::ZigzagDecode(value));  // the last field
    if (number == ExtendedEvent::kReallocBegin) book_->Free(last_);
    if (number == ExtendedEvent::kReallocCancel) book_->Revive(last_);
    return true;
  }

  Input in_;
  AddressBook* book_;
  Direction* direction_;
  std::uint64_t last_ = 0;  // the running address
};

// From differences to names.
class Referring {
 public:
  explicit Referring(std::vector<std::uint8_t>* out) : out_(out) {}

  bool failed() const { return failed_; }

  AddressField Allocation(const AddressField& given, std::uint64_t size, AddressBook* book,
                          std::uint64_t* last, unsigned* rank) {
    if (!Move(given, last)) return {};
    *rank = IsShortest(given) ? book->RankOf(*last, size) : 0;
    return *rank == 0 ? given : AddressField{kByReference, *rank};
  }
  AddressField Release(const AddressField& given, AddressBook* book, std::uint64_t* last) {
    if (!Move(given, last)) return {};
    const std::uint64_t age = IsShortest(given) ? book->AgeOf(*last) : 0;
    return age == 0 ? given : AddressField{kByReference, age};
  }

  bool PutHead(unsigned head, unsigned bytes) {
    for (unsigned i = 0; i < bytes; ++i) out_->push_back(static_cast<std::uint8_t>(head >> (8 * i)));
    return true;
  }
  bool Put(std::span<const std::uint8_t> bytes) {
    out_->insert(out_->end(), bytes.begin(), bytes.end());
    return true;
  }
  bool PutAddress(const AddressField& field) {
    if (field.code != kByReference) {
      PutHead(static_cast<unsigned>(field.value), std::min(field.code, 4U));
      if (field.code > 4) PutHead(static_cast<unsigned>(field.value >> 32), field.code - 4);
      return true;
    }
    std::uint8_t bytes[format::kMaxVarintBytes];
    return Put({bytes, static_cast<std::size_t>(format::PutVarint(bytes, field.value) - bytes)});
  }

 private:
  // Bytes that come back: a reader writes differences as short as they can be.
  static bool IsShortest(const AddressField& field) { return field.code == BytesFor(field.value); }

  bool Move(const AddressField& given, std::uint64_t* last) {
    failed_ = given.code == kByReference;  // seven bytes: not to be told from a name
    *last += static_cast<std::uint64_t>(format::ZigzagDecode(given.value));
    return !failed_;
  }

  std::vector<std::uint8_t>* out_;
  bool failed_ = false;
};

// And from names to differences.
class Resolving {
 public:
  explicit Resolving(std::span<std::uint8_t> out) : out_(out) {}

  bool failed() const { return failed_; }
  bool is_full() const { return out_.empty(); }

  AddressField Allocation(const AddressField& given, std::uint64_t size, AddressBook* book,
                          std::uint64_t* last, unsigned* rank) {
    if (given.code != kByReference) return Move(given, last);
    std::uint64_t address = 0;
    failed_ =
        given.value > kMostRank || !book->AddressOfRank(static_cast<unsigned>(given.value), size, &address);
    *rank = static_cast<unsigned>(given.value);
    return MoveTo(address, last);
  }
  AddressField Release(const AddressField& given, AddressBook* book, std::uint64_t* last) {
    if (given.code != kByReference) return Move(given, last);
    std::uint64_t address = 0;
    failed_ = !book->AddressOfAge(given.value, &address);
    return MoveTo(address, last);
  }

  bool PutHead(unsigned head, unsigned bytes) { return PutNumber(head, bytes); }
  bool Put(std::span<const std::uint8_t> bytes) {
    if (bytes.size() > out_.size()) return false;
    std::copy(bytes.begin(), bytes.end(), out_.begin());
    out_ = out_.subspan(bytes.size());
    return true;
  }
  bool PutAddress(const AddressField& field) { return PutNumber(field.value, field.code); }

 private:
  static AddressField Move(const AddressField& given, std::uint64_t* last) {
    *last += static_cast<std::uint64_t>(format::ZigzagDecode(given.value));
    return given;
  }
  AddressField MoveTo(std::uint64_t address, std::uint64_t* last) {
    const std::uint64_t difference = format::ZigzagEncode(static_cast<std::int64_t>(address - *last));
    *last = address;
    const unsigned bytes = BytesFor(difference);
    failed_ = failed_ || bytes > kMostAddressBytes;
    return {bytes, difference};
  }
  bool PutNumber(std::uint64_t value, unsigned bytes) {
    std::uint8_t little[sizeof(value)];
    std::memcpy(little, &value, sizeof(value));
    return Put(std::span(little).first(bytes));
  }

  std::span<std::uint8_t> out_;
  bool failed_ = false;
};

}  // namespace

bool ReferAddresses(std::span<const std::uint8_t> window, AddressBook* book, std::vector<std::uint8_t>* out) {
  Referring referring(out);
  return Walk<Referring>(window, book, &referring).Run();
}

bool ResolveAddresses(std::span<const std::uint8_t> events, AddressBook* book,
                      std::span<std::uint8_t> window) {
  Resolving resolving(window);
  return Walk<Resolving>(events, book, &resolving).Run() && resolving.is_full();
}

}  // namespace memtrace::reader
