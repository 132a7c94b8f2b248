/* Reading by position and writing all or nothing: what the array formats stand on. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "data/file_impl.h"

ts_result ts_input_open(ts_context *ctx, const char *path, ts_input *out) {
  struct stat st;
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return ts_error_plain(ctx, "%s: cannot be opened: %s", path, strerror(errno));
  if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
    close(fd);
    return ts_error_plain(ctx, "%s: not a regular file", path);
  }
  *out = (ts_input){
      .name = path, .fd = fd, .size = (uint64_t)st.st_size, .outer = ctx->memory.recover};
  ctx->memory.recover = NULL;
  return TS_OK;
}

void ts_input_of_bytes(ts_context *ctx, const char *name, const void *bytes, size_t n,
                       ts_input *out) {
  *out = (ts_input){.name = name, .bytes = n ? bytes : "", .size = n, .outer = ctx->memory.recover};
  ctx->memory.recover = NULL;
}

void ts_input_close(ts_context *ctx, ts_input *in) {
  if (!in->bytes) close(in->fd);
  ctx->memory.recover = in->outer;
}

ts_result ts_input_read(ts_context *ctx, const ts_input *in, uint64_t offset, void *to, size_t n) {
  if (in->bytes) {
    if (n) memcpy(to, in->bytes + offset, n);
    return TS_OK;
  }
  for (size_t done = 0; done < n;) {
    ssize_t got = pread(in->fd, (char *)to + done, n - done, (off_t)(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return ts_error_plain(ctx, "%s: cannot be read: %s", in->name, strerror(errno));
    if (got == 0)
      return ts_error_plain(ctx, "%s: the file became shorter while it was read", in->name);
    done += (size_t)got;
  }
  return TS_OK;
}

/* ---- writing ---- */

/* Creates and opens a new file beside `path`. Its name begins with the path, so that a file that a
 * crash leaves behind can be recognised. */
static int open_temporary(const char *path, char **name) {
  size_t size = strlen(path) + 48;
  *name = malloc(size);
  if (!*name) return -1;
  for (unsigned i = 0; i < 1000; i++) {
    snprintf(*name, size, "%s.tmp-%ld-%u", path, (long)getpid(), i);
    int fd = open(*name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd >= 0) return fd;
    if (errno != EEXIST) break;
  }
  int error = errno;
  free(*name);
  *name = NULL;
  errno = error;
  return -1;
}

ts_result ts_array_file_open(ts_context *ctx, const char *path, ts_array_file *out) {
  *out = (ts_array_file){.path = path, .fd = -1};
  if (strcmp(path, "-") == 0)
    return ts_error_plain(ctx, "an array is not written to standard output; name a file");
  struct stat st;
  if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
    out->fd = open(path, O_WRONLY | O_CLOEXEC);
  } else {
    out->fd = open_temporary(path, &out->temporary);
  }
  if (out->fd < 0) return ts_error_plain(ctx, "%s: cannot be written: %s", path, strerror(errno));
  out->outer = ctx->memory.recover;
  ctx->memory.recover = NULL;
  return TS_OK;
}

void ts_array_file_write(ts_array_file *out, const void *bytes, size_t n) {
  for (size_t done = 0; done < n && !out->error;) {
    ssize_t put = write(out->fd, (const char *)bytes + done, n - done);
    if (put < 0 && errno == EINTR) continue;
    if (put < 0)
      out->error = errno;
    else
      done += (size_t)put;
  }
}

/* The file to replace: where a symbolic link points, so that the link stays. */
static int rename_over(const char *temporary, const char *path) {
  char *target = realpath(path, NULL);
  int failed = rename(temporary, target ? target : path);
  int error = errno;
  free(target);
  return failed ? error : 0;
}

ts_result ts_array_file_close(ts_context *ctx, ts_array_file *out) {
  if (close(out->fd) != 0 && !out->error) out->error = errno;
  if (out->temporary) {
    if (!out->error) out->error = rename_over(out->temporary, out->path);
    if (out->error) unlink(out->temporary);
    free(out->temporary);
    out->temporary = NULL;
  }
  ctx->memory.recover = out->outer;
  if (!out->error) return TS_OK;
  return ts_error_plain(ctx, "%s: cannot be written: %s", out->path, strerror(out->error));
}

/* ---- elements ---- */

static void swap_bytes(char *p, size_t n, unsigned width) {
  for (size_t i = 0; i < n; i++, p += width)
    for (unsigned j = 0; j < width / 2; j++) {
      char c = p[j];
      p[j] = p[width - 1 - j];
      p[width - 1 - j] = c;
    }
}

/* Steps a Fortran-order index (first axis fastest) and the row-major offset that belongs to it. */
static void step_fortran(const ts_array *a, const int64_t *strides, int64_t *index, int64_t *at) {
  for (unsigned i = 0; i < a->rank; i++) {
    *at += strides[i];
    if (++index[i] < a->dims[i]) return;
    *at -= strides[i] * a->dims[i];
    index[i] = 0;
  }
}

static ts_result read_fortran(ts_context *ctx, const ts_input *in, uint64_t offset, ts_array *a) {
  char chunk[1 << 14];
  unsigned width = ts_dtype_bytes(a->dtype);
  int64_t index[TS_MAX_RANK] = {0}, strides[TS_MAX_RANK], at = 0, stride = 1;
  for (unsigned i = a->rank; i-- > 0;) {
    strides[i] = stride;
    stride *= a->dims[i];
  }
  for (uint64_t left = (uint64_t)ts_array_count(a) * width; left > 0;) {
    size_t n = ts_min(left, sizeof chunk);
    ts_result r = ts_input_read(ctx, in, offset, chunk, n);
    if (r != TS_OK) return r;
    for (size_t i = 0; i < n; i += width) {
      memcpy((char *)a->data + at * width, chunk + i, width);
      step_fortran(a, strides, index, &at);
    }
    offset += n;
    left -= n;
  }
  return TS_OK;
}

ts_result ts_input_read_array(ts_context *ctx, const ts_input *in, uint64_t offset, bool swapped,
                              bool fortran, ts_array *out) {
  unsigned width = ts_dtype_bytes(out->dtype);
  size_t n = (size_t)ts_array_count(out);
  ts_result r = fortran && out->rank > 1 ? read_fortran(ctx, in, offset, out)
                                         : ts_input_read(ctx, in, offset, out->data, n * width);
  if (r != TS_OK) return r;
  if (swapped && width > 1) swap_bytes(out->data, n, width);
  if (out->dtype == TS_I1)
    for (size_t i = 0; i < n; i++)
      ((uint8_t *)out->data)[i] = ((uint8_t *)out->data)[i] != 0;
  return TS_OK;
}
