// SPDX-License-Identifier: MIT
// Text and JSON of a packing.
#include "analyzer/report/pack.h"

#include <fmt/format.h>

#include "analyzer/util/size_format.h"
#include "analyzer/util/terminal_text.h"

namespace memtrace::report {

std::string PackReport::Text(const RenderOptions& render) const {
  const double share = sizes_.before_bytes == 0 ? 1.0
                                                : static_cast<double>(sizes_.after_bytes) /
                                                      static_cast<double>(sizes_.before_bytes);
  std::string text =
      render.paint.Bold(Printable(packed_)) +
      fmt::format(": {}, was {} ({:.0f}%)\n", FormatSize(static_cast<double>(sizes_.after_bytes)),
                  FormatSize(static_cast<double>(sizes_.before_bytes)), share * 100);
  text += fmt::format("  names      {} of {} code addresses, {} with source lines\n",
                      FormatSize(static_cast<double>(sizes_.symbol_bytes)),
                      FormatGrouped(collected_.addresses), FormatGrouped(collected_.with_lines));
  if (collected_.source_lines > 0) {
    text += fmt::format("  sources    {} lines of text\n", FormatGrouped(collected_.source_lines));
  }
  return text;
}

Json PackReport::ToJson() const {
  Json json = Envelope("pack", trace_);
  json["packed"] = packed_;
  json["before_bytes"] = sizes_.before_bytes;
  json["after_bytes"] = sizes_.after_bytes;
  json["symbol_bytes"] = sizes_.symbol_bytes;
  json["addresses"] = collected_.addresses;
  json["addresses_with_lines"] = collected_.with_lines;
  json["source_lines"] = collected_.source_lines;
  json["rows"] = Json::array();  // the modules: what names were found in
  for (const model::ModuleSymbols& module : collected_.symbols.modules) {
    json["rows"].push_back(
        {{"module", module.path}, {"build_id", module.build_id}, {"addresses", module.addresses.size()}});
  }
  return json;
}

}  // namespace memtrace::report
