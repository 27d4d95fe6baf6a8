// SPDX-License-Identifier: MIT
#include "analyzer/html/page.h"

#include <array>
#include <cstdint>

#include "analyzer/html/assets.h"
#include "analyzer/util/markup.h"

namespace memtrace::html {
namespace {

std::string Base64(std::string_view bytes) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
    for (std::size_t k = 0; k < 3; ++k) {
      group = group << 8 | (k < count ? static_cast<std::uint8_t>(bytes[i + k]) : 0U);
    }
    for (std::size_t k = 0; k < 4; ++k) {
      text += k <= count ? kDigits[group >> (18 - 6 * k) & 63] : '=';
    }
  }
  return text;
}

std::string Compressed(const std::string& data) {
  exporting::StringSink text;
  exporting::GzipSink gzip(text, 9);
  gzip.Write(data);
  (void)gzip.Finish();  // a string takes everything
  return text.text();
}

}  // namespace

// The template has "{{NAME}}" where something goes in.
void WritePage(const std::string& title, const std::string& data, bool compress, exporting::Sink& sink) {
  std::string_view rest = kPageHtml;
  while (!rest.empty()) {
    const std::size_t open = rest.find("{{");
    sink.Write(rest.substr(0, open));
    if (open == std::string_view::npos) return;
    const std::size_t close = rest.find("}}", open);
    const std::string_view name = rest.substr(open + 2, close - open - 2);
    if (name == "TITLE") sink.Write(EscapedForMarkup(title));
    if (name == "STYLE") sink.Write(kPageStyle);
    if (name == "SCRIPT") sink.Write(kPageScript);
    if (name == "ENCODING") sink.Write(compress ? "gzip" : "json");
    if (name == "DATA") sink.Write(compress ? Base64(Compressed(data)) : data);
    rest.remove_prefix(close + 2);
  }
}

}  // namespace memtrace::html
