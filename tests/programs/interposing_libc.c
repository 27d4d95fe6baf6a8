// SPDX-License-Identifier: MIT
// Pitfall 4: a preloaded library in the manner of fakechroot, whose getenv, open, read, write, close and
// dl_iterate_phdr allocate. A recorder that calls libc by name would enter itself again.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NEXT(result, name, ...)                             \
  static result (*next_##name)(__VA_ARGS__);                \
  if (next_##name == NULL) {                                \
    void* symbol = dlsym(RTLD_NEXT, #name);                 \
    __builtin_memcpy(&next_##name, &symbol, sizeof symbol); \
  }

static void Disturb(void) {
  char* volatile block = malloc(77);
  free(block);
}

char* getenv(const char* name) {
  NEXT(char*, getenv, const char*)
  Disturb();
  return next_getenv(name);
}

int open(const char* path, int flags, ...) {
  NEXT(int, open, const char*, int, ...)
  va_list rest;
  va_start(rest, flags);
  const int mode = va_arg(rest, int);
  va_end(rest);
  Disturb();
  return next_open(path, flags, mode);
}

ssize_t read(int fd, void* buffer, size_t bytes) {
  NEXT(ssize_t, read, int, void*, size_t)
  Disturb();
  return next_read(fd, buffer, bytes);
}

ssize_t write(int fd, const void* buffer, size_t bytes) {
  NEXT(ssize_t, write, int, const void*, size_t)
  Disturb();
  return next_write(fd, buffer, bytes);
}

int close(int fd) {
  NEXT(int, close, int)
  Disturb();
  return next_close(fd);
}

int dl_iterate_phdr(int (*visit)(struct dl_phdr_info*, size_t, void*), void* data) {
  NEXT(int, dl_iterate_phdr, int (*)(struct dl_phdr_info*, size_t, void*), void*)
  Disturb();
  return next_dl_iterate_phdr(visit, data);
}
