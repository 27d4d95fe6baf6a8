// SPDX-License-Identifier: MIT
#include "preload/base/spelling.h"

#include "preload/base/text.h"

namespace memtrace::preload {

bool IsSlipOf(const char* word, const char* meant) {
  while (*word != '\0' && *word == *meant) ++word, ++meant;
  if (*word == *meant) return false;  // both ended
  if (*word == '\0') return meant[1] == '\0';
  if (*meant == '\0') return word[1] == '\0';
  const bool is_replaced = Equal(word + 1, meant + 1);
  const bool is_put_in = Equal(word + 1, meant);
  const bool is_left_out = Equal(word, meant + 1);
  const bool is_swapped = word[0] == meant[1] && word[1] == meant[0] && Equal(word + 2, meant + 2);
  return is_replaced || is_put_in || is_left_out || is_swapped;
}

}  // namespace memtrace::preload
