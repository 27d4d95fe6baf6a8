// SPDX-License-Identifier: MIT
// Where rows end: each is made into the program's own kind of row, counted, summed, and kept or dropped.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "demo_apps/dbread/dataset.h"
#include "demo_apps/dbread/row.h"
#include "demo_apps/dbread/row_hash.h"

namespace dbread {

class RowSink {
 public:
  virtual ~RowSink() = default;
  virtual void Add(RowView row) = 0;

  std::size_t rows() const { return rows_; }
  std::uint64_t checksum() const { return checksum_; }

 protected:
  std::size_t rows_ = 0;
  std::uint64_t checksum_ = 0;
};

// A kind of rows has a type Row, Make(RowView) and Hash(Row).
template <typename Kind>
class KeepOrDrop : public RowSink {
 public:
  KeepOrDrop(Kind kind, bool keep) : kind_(std::move(kind)), keep_(keep) {}

  void Add(RowView view) override {
    typename Kind::Row row = kind_.Make(view);
    rows_ += 1;
    checksum_ += kind_.Hash(row);
    if (keep_) kept_.push_back(std::move(row));
  }

 private:
  Kind kind_;
  bool keep_;
  std::vector<typename Kind::Row> kept_;
};

struct SinkRequest {
  std::string dataset;
  std::vector<Column> columns;  // of the rows that come
  bool one_column = false;
  bool keep = false;
  std::size_t key_place = 0;  // which of the columns is the key; entities need it
};

// Rows as a list of values that know their type, whatever the table: what a driver without a model gives.
std::unique_ptr<RowSink> MakeTupleSink(const SinkRequest& request);

// The same in objects of their own, with names: what a SQL layer without ORM gives.
std::unique_ptr<RowSink> MakeNamedSink(const SinkRequest& request);

// Rows as objects of a class made for the table; nothing is checked.
std::unique_ptr<RowSink> MakeStructSink(const SinkRequest& request);

// Rows as checked objects of a model: made from named arguments, or from a row that stays beside them.
std::unique_ptr<RowSink> MakeValidatedSink(const SinkRequest& request);
std::unique_ptr<RowSink> MakeValidatedExistingSink(const SinkRequest& request);

// Rows as entities of a session: an identity map and per-object state, as an ORM keeps them.
std::unique_ptr<RowSink> MakeEntitySink(const SinkRequest& request);

}  // namespace dbread
