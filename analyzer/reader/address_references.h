// SPDX-License-Identifier: MIT
// Window bytes with addresses replaced by what an AddressBook calls them, and back, to the byte.
//
//     window       head: address 3 bytes │ node │ e4 38 a1 │ size │ time
//     referenced   head: address "7"     │ node │ 02       │ size │ time      the second of its class that
//     was freed
//
// Seven address bytes, which no recorder writes, stand for a LEB128 number: the rank of an allocation's
// address or the age of a freed one. Events whose address the book cannot name stay as they are, as do
// extended events.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "analyzer/reader/address_book.h"

namespace memtrace::reader {

// Appends the window's events to `out`. False if they are no whole events, or cannot be written this way.
bool ReferAddresses(std::span<const std::uint8_t> window, AddressBook* book, std::vector<std::uint8_t>* out);

// Fills `window`. False if the events are none, name what is not there, or do not fill it exactly.
bool ResolveAddresses(std::span<const std::uint8_t> events, AddressBook* book,
                      std::span<std::uint8_t> window);

}  // namespace memtrace::reader
