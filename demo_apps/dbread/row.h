// SPDX-License-Identifier: MIT
// Rows on their way from a driver to the program: views only, whoever made the batch owns the text.
//
//   Connection ──Open──► BatchReader ──Next──► RowBatch ──Row(i)──► RowView ──► RowSink keeps or drops
//
//                 eager           one batch, the whole result
//                 batched         batches out of a buffer in the client
//                 single-row      batches of one row
//                 cursor          a fetch, a batch
//                 offset, keyset  a page, a batch
//                 copy            batches of one row
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

namespace dbread {

// What a database said is wrong, or that it cannot be reached. One line.
class DatabaseError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

// A choice that this driver cannot follow. One line.
class UnsupportedRead : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct Field {
  std::string_view text;  // as the database prints the value
  bool is_null = false;
  bool is_hex = false;  // bytes, two digits each: PostgreSQL's text form of them, without its \x
};

using RowView = std::span<const Field>;

class RowBatch {
 public:
  virtual ~RowBatch() = default;
  virtual std::size_t size() const = 0;
  virtual RowView Row(std::size_t index) = 0;  // valid until the next call of Row
};

class BatchReader {
 public:
  virtual ~BatchReader() = default;
  virtual RowBatch* Next() = 0;  // null at the end; the batch before is gone then
};

}  // namespace dbread
