// SPDX-License-Identifier: MIT
// Where each version of CPython keeps what a stack is read from.
//
//   thread state ─► [C frame ─►] frame ─► frame ─► …        a frame: code object, caller's frame, instruction
//                                  └► code object ─► file, name, first line, line table
//
// The numbers are those of the interpreters' own headers: offsets_table.inc is made by make_offsets. They
// hold for all patch versions of one minor version and for release builds; whether they hold for the
// interpreter at hand is checked against what its types say of their sizes before anything is read
// (runtime.cc).
#pragma once

#include <cstdint>

namespace memtrace::preload {

struct PythonOffsets {
  int major, minor;
  int thread_id;      // PyThreadState: pthread_self() of the thread that it belongs to
  int thread_frame;   // PyThreadState: the innermost frame; -1: in the C frame
  int thread_cframe;  // 3.10 to 3.12: the innermost C frame, which lies on the stack of its eval loop; else
                      // -1
  int cframe_frame;   // 3.11, 3.12
  int frame_code;
  int frame_back;
  int frame_instruction;  // 3.11 on: an address; before: an index, an int
  int frame_owner;        // 3.11 on; else -1
  int shim_owner;  // from this owner on a frame is not one of the program, but an eval loop's own; -1: none
  int code_file;
  int code_first_line;
  int code_name;  // the qualified one from 3.11 on
  int code_line_table;
  int code_instructions;        // 3.11 on: inside of the code object; else -1
  int code_first_traceable;     // 3.11 on: before that instruction a frame is not complete
  int text_length, text_state;  // PyUnicodeObject
  int text_kind_shift;          // of the state: three bits of kind, then compact, then ASCII
  int text_ascii, text_other;   // the data of compact ASCII strings and of other compact ones
  int bytes_data;
  int code_basic_bytes, frame_basic_bytes, text_basic_bytes;  // tp_basicsize of these types
  int type_basic_bytes, type_flags;                           // where a type has tp_basicsize, tp_flags

  // Frames of 3.8 to 3.10 are objects with an index; later ones structs with an address.
  bool has_frame_objects() const { return code_instructions < 0; }
};

inline constexpr PythonOffsets kPythonOffsets[] = {
#include "preload/python/offsets_table.inc"
#include "preload/python/offsets_from_source.inc"
};

// Null: a version that we have no numbers of.
inline const PythonOffsets* FindPythonOffsets(int major, int minor) {
  for (const PythonOffsets& offsets : kPythonOffsets) {
    if (offsets.major == major && offsets.minor == minor) return &offsets;
  }
  return nullptr;
}

}  // namespace memtrace::preload
