// SPDX-License-Identifier: MIT
// Cursor: DECLARE, then FETCH FORWARD n until nothing comes. The server keeps the place.
#include "demo_apps/dbread/postgres/reads.h"
#include "demo_apps/dbread/postgres/result.h"
#include "demo_apps/dbread/postgres/session.h"

namespace dbread::postgres {
namespace {

class CursorRead : public BatchReader {
 public:
  CursorRead(Session& session, const std::string& sql, std::size_t batch_rows)
      : session_(session), fetch_("FETCH FORWARD " + std::to_string(batch_rows) + " FROM dbread_rows") {
    session_.Run("BEGIN");
    session_.Run("DECLARE dbread_rows NO SCROLL CURSOR FOR " + sql);
  }

  // Ending the transaction closes the cursor; what goes wrong here no longer matters to anyone.
  ~CursorRead() override { ResultHandle ignored(PQexec(session_.get(), "COMMIT")); }

  RowBatch* Next() override {
    fetched_.reset();
    fetched_ = session_.Run(fetch_);
    int rows = PQntuples(fetched_.get());
    if (rows == 0) return nullptr;
    batch_.Show(fetched_.get(), 0, rows);
    return &batch_;
  }

 private:
  Session& session_;
  std::string fetch_;
  ResultHandle fetched_;
  ResultBatch batch_;
};

}  // namespace

std::unique_ptr<BatchReader> OpenCursor(Session& session, const std::string& sql, std::size_t batch_rows) {
  return std::make_unique<CursorRead>(session, sql, batch_rows);
}

}  // namespace dbread::postgres
