// SPDX-License-Identifier: MIT
// Single-row: libpq hands each row over as it arrives.
#include "demo_apps/dbread/postgres/reads.h"
#include "demo_apps/dbread/postgres/result.h"

namespace dbread::postgres {
namespace {

class SingleRowRead : public BatchReader {
 public:
  SingleRowRead(PGconn* connection, const std::string& sql) : connection_(connection) {
    if (PQsendQuery(connection_, sql.c_str()) == 0 || PQsetSingleRowMode(connection_) == 0) {
      ThrowError(connection_, nullptr);
    }
  }

  // The connection can be used again only when everything has been taken from it.
  ~SingleRowRead() override {
    while (ResultHandle rest{PQgetResult(connection_)}) continue;
  }

  RowBatch* Next() override {
    row_.reset();
    row_.reset(PQgetResult(connection_));
    ExecStatusType status = PQresultStatus(row_.get());
    if (status == PGRES_TUPLES_OK) return nullptr;
    if (status != PGRES_SINGLE_TUPLE) ThrowError(connection_, row_.get());
    batch_.Show(row_.get(), 0, 1);
    return &batch_;
  }

 private:
  PGconn* connection_;
  ResultHandle row_;
  ResultBatch batch_;
};

}  // namespace

std::unique_ptr<BatchReader> OpenSingleRow(PGconn* connection, const std::string& sql) {
  return std::make_unique<SingleRowRead>(connection, sql);
}

}  // namespace dbread::postgres
