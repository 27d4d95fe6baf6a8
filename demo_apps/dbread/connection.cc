// SPDX-License-Identifier: MIT
// Which of a driver's ways of reading a request is.
#include "demo_apps/dbread/connection.h"

namespace dbread {

std::unique_ptr<BatchReader> Connection::Open(const ReadRequest& request) {
  const std::string sql = request.query.Text();
  switch (request.kind) {
    case ReadKind::kEager:
      return OpenBuffered(sql, 0);
    case ReadKind::kBatched:
      return OpenBuffered(sql, request.batch_rows);
    case ReadKind::kSingleRow:
      return OpenSingleRow(sql);
    case ReadKind::kCursor:
      return OpenCursor(sql, request.batch_rows);
    case ReadKind::kCopy:
      return OpenCopy(request.query);
    case ReadKind::kOffset:
    case ReadKind::kKeyset:
      break;
  }
  throw UnsupportedRead("paging is made of eager reads");
}

std::unique_ptr<BatchReader> Connection::OpenCopy(const Query&) {
  throw UnsupportedRead("--read copy is PostgreSQL's alone");
}

}  // namespace dbread
