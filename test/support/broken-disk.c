/*
 * Loaded into a process with LD_PRELOAD: while the file FAULT_FLAG is there, calls on files below FAULT_PATH fail.
 * The file says which and how: a word with s (sync), w (write), r (read), and the number of the error.
 * A sync that fails forgets what was written since the last good one, as Linux may: later syncs do not bring it back.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define FILES 4096
static off_t synced[FILES];

static int below(int fd) {
  const char *path = getenv("FAULT_PATH");
  char link[64], target[4096];
  if (!path) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, target, sizeof target - 1);
  if (length < 0) return 0;
  target[length] = 0;
  return strncmp(target, path, strlen(path)) == 0;
}

/* 0: the call goes through. */
static int fault(int fd, char kind) {
  const char *flag = getenv("FAULT_FLAG");
  char text[32] = {0}, kinds[16];
  int error = 0;
  if (!flag || access(flag, F_OK) != 0 || !below(fd)) return 0;
  int file = syscall(SYS_openat, AT_FDCWD, flag, O_RDONLY);
  if (file < 0) return 0;
  ssize_t length = syscall(SYS_read, file, text, sizeof text - 1);
  syscall(SYS_close, file);
  if (length <= 0 || sscanf(text, "%15s %d", kinds, &error) != 2 || !strchr(kinds, kind)) return 0;
  return error;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define FAIL(kind)                 \
  do {                             \
    int error = fault(fd, kind);   \
    if (error) {                   \
      errno = error;               \
      return -1;                   \
    }                              \
  } while (0)

static int sync_call(int fd, int (*real)(int)) {
  struct stat stat;
  int error = fault(fd, 's');
  if (error) {
    if (fd < FILES && fstat(fd, &stat) == 0 && S_ISREG(stat.st_mode) && synced[fd] < stat.st_size) {
      if (ftruncate(fd, synced[fd]) != 0 || ftruncate(fd, stat.st_size) != 0) abort();
    }
    errno = error;
    return -1;
  }
  int result = real(fd);
  if (result == 0 && fd < FILES && fstat(fd, &stat) == 0) synced[fd] = stat.st_size;
  return result;
}

int fdatasync(int fd) { return sync_call(fd, REAL(fdatasync)); }
int fsync(int fd) { return sync_call(fd, REAL(fsync)); }

int close(int fd) {
  if (fd >= 0 && fd < FILES) synced[fd] = 0;
  return REAL(close)(fd);
}

ssize_t write(int fd, const void *bytes, size_t count) {
  FAIL('w');
  return REAL(write)(fd, bytes, count);
}
ssize_t pwrite(int fd, const void *bytes, size_t count, off_t at) {
  FAIL('w');
  return REAL(pwrite)(fd, bytes, count, at);
}
ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at) {
  FAIL('w');
  return REAL(pwrite64)(fd, bytes, count, at);
}
ssize_t writev(int fd, const struct iovec *pieces, int count) {
  FAIL('w');
  return REAL(writev)(fd, pieces, count);
}
ssize_t pwritev(int fd, const struct iovec *pieces, int count, off_t at) {
  FAIL('w');
  return REAL(pwritev)(fd, pieces, count, at);
}
ssize_t pwritev64(int fd, const struct iovec *pieces, int count, off64_t at) {
  FAIL('w');
  return REAL(pwritev64)(fd, pieces, count, at);
}
ssize_t read(int fd, void *bytes, size_t count) {
  FAIL('r');
  return REAL(read)(fd, bytes, count);
}
ssize_t pread(int fd, void *bytes, size_t count, off_t at) {
  FAIL('r');
  return REAL(pread)(fd, bytes, count, at);
}
ssize_t pread64(int fd, void *bytes, size_t count, off64_t at) {
  FAIL('r');
  return REAL(pread64)(fd, bytes, count, at);
}
ssize_t preadv(int fd, const struct iovec *pieces, int count, off_t at) {
  FAIL('r');
  return REAL(preadv)(fd, pieces, count, at);
}
ssize_t preadv64(int fd, const struct iovec *pieces, int count, off64_t at) {
  FAIL('r');
  return REAL(preadv64)(fd, pieces, count, at);
}
