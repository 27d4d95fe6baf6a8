// SPDX-License-Identifier: MIT
// Single-row: libpq hands each row over as it arrives.
#include "demo_apps/dbread/postgres/reads.h"
#include "demo_apps/dbread/postgres/result.h"
#include "demo_apps/dbread/postgres/session.h"

namespace dbread::postgres {
namespace {

class SingleRowRead : public BatchReader {
 public:
  SingleRowRead(Session& session, const std::string& sql) : session_(session) {
    session_.Send(sql);
    if (PQsetSingleRowMode(session_.get()) == 0) ThrowError(session_.get(), nullptr);
  }

  // The connection can be used again only when everything has been taken from it.
  ~SingleRowRead() override { session_.DropRest(); }

  RowBatch* Next() override {
    row_.reset();
    row_ = session_.NextResult();
    ExecStatusType status = PQresultStatus(row_.get());
    if (status == PGRES_TUPLES_OK) return nullptr;
    if (status != PGRES_SINGLE_TUPLE) ThrowError(session_.get(), row_.get());
    batch_.Show(row_.get(), 0, 1);
    return &batch_;
  }

 private:
  Session& session_;
  ResultHandle row_;
  ResultBatch batch_;
};

}  // namespace

std::unique_ptr<BatchReader> OpenSingleRow(Session& session, const std::string& sql) {
  return std::make_unique<SingleRowRead>(session, sql);
}

}  // namespace dbread::postgres
