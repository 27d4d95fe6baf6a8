/* SPDX-License-Identifier: MIT
 * Prints where one CPython keeps what a stack is read from, as a row of offsets_table.inc. Compiled by make_offsets
 * against the headers of each version; not a part of the library. */
#define Py_BUILD_CORE 1
#include <Python.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <frameobject.h>
#if PY_VERSION_HEX >= 0x030B0000
#include <internal/pycore_frame.h>
#endif
#if PY_VERSION_HEX >= 0x030D0000
#include <internal/pycore_code.h>
#endif

/* -1 where a version has no such member. */
#define FIELD(name, value) printf(" ." #name " = %d,", (int)(value))

/* Where in a string's state, read as an int, its kind begins; compact and ascii are the bits behind it. */
static int KindShift(void) {
  PyASCIIObject text;
  unsigned state;
  memset(&text, 0, sizeof(text));
  text.state.kind = 1;
  memcpy(&state, &text.state, sizeof(state));
  return __builtin_ctz(state);
}

int main(void) {
  printf("{.major = %d, .minor = %d,", PY_MAJOR_VERSION, PY_MINOR_VERSION);
  FIELD(thread_id, offsetof(PyThreadState, thread_id));
#if PY_VERSION_HEX >= 0x030D0000
  FIELD(thread_frame, offsetof(PyThreadState, current_frame));
#elif PY_VERSION_HEX >= 0x030B0000
  FIELD(thread_frame, -1);
#else
  FIELD(thread_frame, offsetof(PyThreadState, frame));
#endif
#if PY_VERSION_HEX >= 0x030A0000 && PY_VERSION_HEX < 0x030D0000
  FIELD(thread_cframe, offsetof(PyThreadState, cframe));
#else
  FIELD(thread_cframe, -1);
#endif
#if PY_VERSION_HEX >= 0x030B0000 && PY_VERSION_HEX < 0x030D0000
  FIELD(cframe_frame, offsetof(_PyCFrame, current_frame));
#else
  FIELD(cframe_frame, -1);
#endif
  printf("\n ");

#if PY_VERSION_HEX >= 0x030D0000
  FIELD(frame_code, offsetof(_PyInterpreterFrame, f_executable));
  FIELD(frame_back, offsetof(_PyInterpreterFrame, previous));
  FIELD(frame_instruction, offsetof(_PyInterpreterFrame, instr_ptr));
  FIELD(frame_owner, offsetof(_PyInterpreterFrame, owner));
#elif PY_VERSION_HEX >= 0x030B0000
  FIELD(frame_code, offsetof(_PyInterpreterFrame, f_code));
  FIELD(frame_back, offsetof(_PyInterpreterFrame, previous));
  FIELD(frame_instruction, offsetof(_PyInterpreterFrame, prev_instr));
  FIELD(frame_owner, offsetof(_PyInterpreterFrame, owner));
#else
  FIELD(frame_code, offsetof(PyFrameObject, f_code));
  FIELD(frame_back, offsetof(PyFrameObject, f_back));
  FIELD(frame_instruction, offsetof(PyFrameObject, f_lasti));
  FIELD(frame_owner, -1);
#endif
#if PY_VERSION_HEX >= 0x030E0000
  FIELD(shim_owner, FRAME_OWNED_BY_INTERPRETER);
#elif PY_VERSION_HEX >= 0x030C0000
  FIELD(shim_owner, FRAME_OWNED_BY_CSTACK);
#else
  FIELD(shim_owner, -1);
#endif
  printf("\n ");

  FIELD(code_file, offsetof(PyCodeObject, co_filename));
  FIELD(code_first_line, offsetof(PyCodeObject, co_firstlineno));
#if PY_VERSION_HEX >= 0x030B0000
  FIELD(code_name, offsetof(PyCodeObject, co_qualname));
  FIELD(code_line_table, offsetof(PyCodeObject, co_linetable));
  FIELD(code_instructions, offsetof(PyCodeObject, co_code_adaptive));
  FIELD(code_first_traceable, offsetof(PyCodeObject, _co_firsttraceable));
#else
  FIELD(code_name, offsetof(PyCodeObject, co_name));
#if PY_VERSION_HEX >= 0x030A0000
  FIELD(code_line_table, offsetof(PyCodeObject, co_linetable));
#else
  FIELD(code_line_table, offsetof(PyCodeObject, co_lnotab));
#endif
  FIELD(code_instructions, -1);
  FIELD(code_first_traceable, -1);
#endif
  FIELD(text_length, offsetof(PyASCIIObject, length));
  FIELD(text_state, offsetof(PyASCIIObject, state));
  FIELD(text_kind_shift, KindShift());
  FIELD(text_ascii, sizeof(PyASCIIObject));
  FIELD(text_other, sizeof(PyCompactUnicodeObject));
  FIELD(bytes_data, offsetof(PyBytesObject, ob_sval));
  printf("\n ");

  /* What the types themselves say at run time, to be held against this table. */
#if PY_VERSION_HEX >= 0x030B0000
  FIELD(code_basic_bytes, offsetof(PyCodeObject, co_code_adaptive));
  FIELD(frame_basic_bytes, offsetof(PyFrameObject, _f_frame_data) + offsetof(_PyInterpreterFrame, localsplus));
#else
  FIELD(code_basic_bytes, sizeof(PyCodeObject));
  FIELD(frame_basic_bytes, sizeof(PyFrameObject));
#endif
  FIELD(text_basic_bytes, sizeof(PyUnicodeObject));
  FIELD(type_basic_bytes, offsetof(PyTypeObject, tp_basicsize));
  FIELD(type_flags, offsetof(PyTypeObject, tp_flags));
  printf("},\n");
  return 0;
}
