// SPDX-License-Identifier: MIT
// Chooses between paging and the driver's own reads.
#include "demo_apps/dbread/paged_read.h"

namespace dbread {

std::unique_ptr<BatchReader> OpenRead(Connection& connection, const Dataset& dataset,
                                      const ReadRequest& request) {
  if (request.kind == ReadKind::kOffset) return OpenOffset(connection, dataset, request);
  if (request.kind == ReadKind::kKeyset) return OpenKeyset(connection, dataset, request);
  return connection.Open(request);
}

}  // namespace dbread
