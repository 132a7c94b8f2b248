/* Arrays in files of whichever format: the choice above those that read and write one. */
#include <errno.h>
#include <limits.h>
#include <sys/stat.h>

#include "data/array.h"

size_t ts_array_path_length(const char *path, const char **tensor) {
  static const char ending[] = ".safetensors";
  const char *hash = strstr(path, ".safetensors#");
  size_t n = hash ? (size_t)(hash - path) + sizeof ending - 1 : strlen(path);
  *tensor = hash ? path + n + 1 : NULL;
  return n;
}

/* The name of the tensor, and the path in `file`; TS_ERR when it is too long. */
static ts_result split_path(ts_context *ctx, const char *path, char file[PATH_MAX],
                            const char **tensor) {
  size_t n = ts_array_path_length(path, tensor);
  if (n >= PATH_MAX) return ts_error_plain(ctx, "a path of %zu bytes is too long", n);
  memcpy(file, path, n);
  file[n] = 0;
  return TS_OK;
}

static bool has_ending(const char *path, const char *ending) {
  size_t n = strlen(path), m = strlen(ending);
  return n >= m && strcmp(path + n - m, ending) == 0;
}

/* By content where there is any: a .npy file says so in its first bytes. */
static bool starts_like_npy(const char *path) {
  char magic[6] = "";
  FILE *f = fopen(path, "rbe");
  if (!f) return false;
  size_t n = fread(magic, 1, sizeof magic, f);
  fclose(f);
  return n == sizeof magic && memcmp(magic, "\x93NUMPY", 6) == 0;
}

ts_result ts_array_read(ts_context *ctx, const char *path, ts_array *out) {
  char file[PATH_MAX];
  const char *name;
  *out = (ts_array){0};
  ts_result result = split_path(ctx, path, file, &name);
  if (result) return result;
  if (name || has_ending(file, ".safetensors")) return ts_safetensors_read(ctx, file, name, out);
  if (has_ending(file, ".npy") || starts_like_npy(file)) return ts_npy_read(ctx, file, out);
  struct stat st;
  if (stat(file, &st) != 0)
    return ts_error_plain(ctx, "%s: cannot be opened: %s", file, strerror(errno));
  return ts_error_plain(ctx, "%s: neither a .npy nor a .safetensors file", file);
}

ts_result ts_array_write(ts_context *ctx, const char *path, const ts_array *a) {
  char file[PATH_MAX];
  const char *name;
  ts_result result = split_path(ctx, path, file, &name);
  if (result) return result;
  if (!name && has_ending(file, ".safetensors"))
    return ts_error_plain(ctx, "%s: which tensor? write %s#name", file, file);
  if (name) return ts_safetensors_write(ctx, file, 1, &name, a);
  return ts_npy_write(ctx, file, a);
}
