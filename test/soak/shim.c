// Preloaded into a process: lets system calls on files below a folder fail, stop or kill the process, as a control block in a
// mapped file says (shim.ts has its layout), and lends the process another host name and a faster clock.
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum action { FAIL = 1, HALF = 2, KILL = 3, STOP = 4, FULL = 5 };

struct control {
  uint32_t action;    // 0: count only
  uint32_t at;        // the how-manieth call it is about, from 1
  uint32_t error;     // errno
  uint32_t from;      // 1: all calls from `at` on
  uint32_t calls;     // counted so far, in all processes
  uint32_t fired;     // how often the action was taken
  int64_t room;       // FULL: bytes that may still be written
  char operation[32]; // "any" or one of those below
  char folder[1024];
  char match[256];    // part of the paths it is about; empty for all
  char path[1024];    // of the last call that the action was taken on
};

static struct control *control;

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

__attribute__((constructor)) static void start(void) {
  const char *path = getenv("SOAK_CONTROL");
  if (path == NULL) return;
  int file = REAL(open)(path, O_RDWR);
  if (file < 0) return;
  void *mapped = mmap(NULL, sizeof(struct control), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  REAL(close)(file);
  if (mapped != MAP_FAILED) control = mapped;
}

static int is_about(const char *path) {
  if (control == NULL || path == NULL || control->folder[0] == 0) return 0;
  if (strncmp(path, control->folder, strlen(control->folder)) != 0) return 0;
  return control->match[0] == 0 || strstr(path, control->match) != NULL;
}

static const char *path_of(int file) {
  static __thread char path[4096];
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  ssize_t length = readlink(link, path, sizeof path - 1);
  path[length < 0 ? 0 : length] = 0;
  return path;
}

// Counts the call, and says whether the action is due on it.
static int is_due(const char *operation, const char *path) {
  if (!is_about(path) || control->action == FULL) return 0;
  if (strcmp(control->operation, "any") != 0 && strcmp(control->operation, operation) != 0) return 0;
  uint32_t call = __sync_add_and_fetch(&control->calls, 1);
  uint32_t action = control->action;
  if (action == 0 || (control->from ? call < control->at : call != control->at)) return 0;
  __sync_add_and_fetch(&control->fired, 1);
  snprintf(control->path, sizeof control->path, "%s %s", operation, path);
  if (action == KILL) kill(getpid(), SIGKILL);
  if (action == STOP) {
    kill(getpid(), SIGSTOP);
    return 0;
  }
  return 1;
}

static int refused(void) {
  errno = (int)control->error;
  return -1;
}

// How many of `size` bytes still fit on the disk that fills up; -1 for a disk that does not.
static ssize_t room_for(const char *path, size_t size) {
  if (control == NULL || control->action != FULL || !is_about(path)) return -1;
  int64_t before = __sync_fetch_and_sub(&control->room, (int64_t)size);
  if (before >= (int64_t)size) return (ssize_t)size;
  __sync_add_and_fetch(&control->fired, 1);
  return before > 0 ? (ssize_t)before : 0;
}

// Whether a new file or folder, of some bytes itself, does not fit.
static int has_no_room(const char *path) {
  return room_for(path, 64) == 0;
}

static ssize_t limited_write(int file, const void *bytes, size_t size, int64_t at, int has_place) {
  const char *path = control == NULL ? "" : path_of(file);
  ssize_t fits = room_for(path, size);
  size_t length = size;
  if (fits >= 0 && (size_t)fits < size) {
    if (fits == 0) return refused();
    length = (size_t)fits;
  } else if (is_due("write", path)) {
    if (control->action != HALF || size < 2) return refused();
    length = size / 2;
  }
  if (has_place) return REAL(pwrite64)(file, bytes, length, at);
  return REAL(write)(file, bytes, length);
}

ssize_t write(int file, const void *bytes, size_t size) { return limited_write(file, bytes, size, 0, 0); }
ssize_t pwrite64(int file, const void *bytes, size_t size, off64_t at) { return limited_write(file, bytes, size, at, 1); }
ssize_t pwrite(int file, const void *bytes, size_t size, off_t at) { return limited_write(file, bytes, size, at, 1); }

#define OPEN(name)                                                                  \
  int name(const char *path, int flags, ...) {                                      \
    mode_t mode = 0;                                                                \
    if (flags & (O_CREAT | O_TMPFILE)) {                                            \
      va_list rest;                                                                 \
      va_start(rest, flags);                                                        \
      mode = va_arg(rest, mode_t);                                                  \
      va_end(rest);                                                                 \
    }                                                                               \
    if ((flags & O_CREAT) && has_no_room(path)) return refused();                   \
    if (is_due((flags & O_CREAT) ? "create" : "open", path)) return refused();      \
    return REAL(name)(path, flags, mode);                                           \
  }
OPEN(open)
OPEN(open64)

#define GIVEN(operation, name, path, parameters, ...) \
  int name parameters {                               \
    if (is_due(operation, path)) return refused();    \
    return REAL(name)(__VA_ARGS__);                   \
  }
GIVEN("fsync", fsync, path_of(file), (int file), file)
GIVEN("fsync", fdatasync, path_of(file), (int file), file)
GIVEN("rename", rename, to, (const char *from, const char *to), from, to)
GIVEN("unlink", unlink, path, (const char *path), path)
GIVEN("rmdir", rmdir, path, (const char *path), path)
GIVEN("utime", utimensat, path, (int folder, const char *path, const struct timespec *times, int flags), folder, path, times, flags)

int mkdir(const char *path, mode_t mode) {
  if (has_no_room(path) || is_due("mkdir", path)) return refused();
  return REAL(mkdir)(path, mode);
}

ssize_t read(int file, void *bytes, size_t size) {
  if (control != NULL && is_due("read", path_of(file))) return refused();
  return REAL(read)(file, bytes, size);
}

ssize_t pread64(int file, void *bytes, size_t size, off64_t at) {
  if (control != NULL && is_due("read", path_of(file))) return refused();
  return REAL(pread64)(file, bytes, size, at);
}

#define SCANDIR(name, entry)                                                                                        \
  int name(const char *path, struct entry ***names, int (*filter)(const struct entry *),                            \
           int (*order)(const struct entry **, const struct entry **)) {                                            \
    if (is_due("scandir", path)) return refused();                                                                  \
    return REAL(name)(path, names, filter, order);                                                                  \
  }
SCANDIR(scandir, dirent)
SCANDIR(scandir64, dirent64)

int gethostname(char *name, size_t size) {
  const char *host = getenv("SOAK_HOST");
  if (host == NULL) return REAL(gethostname)(name, size);
  snprintf(name, size, "%s", host);
  return 0;
}

// Seconds pass SOAK_CLOCK times as fast for those who measure them; waiting takes as long as ever.
int clock_gettime(clockid_t clock, struct timespec *now) {
  static int (*real)(clockid_t, struct timespec *);
  static int64_t faster = -1;
  if (real == NULL) real = REAL(clock_gettime);
  int result = real(clock, now);
  if (faster < 0) {
    const char *text = getenv("SOAK_CLOCK");
    faster = text == NULL ? 1 : atoi(text);
  }
  if (result != 0 || faster == 1 || (clock != CLOCK_MONOTONIC && clock != CLOCK_MONOTONIC_COARSE)) return result;
  struct timespec start;
  static int64_t base;
  if (base == 0) {
    real(CLOCK_MONOTONIC, &start);
    base = (int64_t)start.tv_sec * 1000000000 + start.tv_nsec;
  }
  int64_t passed = (int64_t)now->tv_sec * 1000000000 + now->tv_nsec - base;
  int64_t shown = base + (passed > 0 ? passed : 0) * faster;
  now->tv_sec = shown / 1000000000;
  now->tv_nsec = shown % 1000000000;
  return 0;
}
