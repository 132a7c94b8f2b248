/* Reading and writing whole files. */
#include "support/files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

static bool read_all(int fd, char *to, size_t n) {
  for (size_t done = 0; done < n;) {
    ssize_t got = read(fd, to + done, n - done);
    if (got < 0 && errno == EINTR) continue;
    if (got == 0) errno = EIO; /* it became shorter */
    if (got <= 0) return false;
    done += (size_t)got;
  }
  return true;
}

bool ts_file_read(ts_arena *arena, int folder, const char *path, const char **bytes, size_t *n) {
  struct stat st;
  if (fstatat(folder, path, &st, 0) != 0) return false;
  if (!S_ISREG(st.st_mode) || st.st_size > INT_MAX) {
    errno = EINVAL;
    return false;
  }
  *n = (size_t)st.st_size;
  char *text = ts_arena_alloc(arena, *n + 1); /* before the file is open: this may jump */
  int fd = openat(folder, path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  if (fd < 0) return false;
  bool ok = read_all(fd, text, *n);
  int error = errno;
  close(fd);
  errno = error;
  *bytes = text;
  return ok;
}

static bool write_all(int fd, const char *from, size_t n) {
  for (size_t done = 0; done < n;) {
    ssize_t put = write(fd, from + done, n - done);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return false;
    done += (size_t)put;
  }
  return true;
}

bool ts_file_write(int folder, const char *path, int flags, const void *bytes, size_t n) {
  int fd = openat(folder, path, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0666);
  if (fd < 0) return false;
  bool ok = write_all(fd, bytes, n);
  int error = errno;
  if (close(fd) != 0 && ok) {
    ok = false;
    error = errno;
  }
  errno = error;
  return ok;
}

int ts_folders_make(ts_arena *arena, const char *dir) {
  char *path = ts_strdup(arena, dir);
  for (char *at = path; *at; at++) {
    if (*at != '/' || at == path) continue;
    *at = '\0';
    if (mkdir(path, 0777) != 0 && errno != EEXIST) return errno;
    *at = '/';
  }
  return mkdir(path, 0700) != 0 && errno != EEXIST ? errno : 0;
}
