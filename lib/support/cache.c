/* Machine code kept between runs.
 *
 * A kept file is its content followed by a seal: a digest of its name and content, its length, and
 * a mark. It is written beside its place, brought to the disk and renamed, so that other processes
 * see all of it or nothing; when two make the same one, the later replaces the equal earlier. What
 * a power cut or a bad disk did to it, the seal shows. The time of a file's last change is that of
 * its last use. */
#include "support/cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "support/digest.h"
#include "support/files.h"

enum { MARK_BYTES = 8, SEAL_BYTES = TS_DIGEST_BYTES + 8 + MARK_BYTES };
static const char mark[MARK_BYTES + 1] = "TS-seal\n";
static const char temporary_prefix[] = ".new-";
#define DEFAULT_MOST (UINT64_C(512) << 20)

/* ---- the folder ---- */

const char *ts_cache_default(ts_arena *arena, const char *name) {
  const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
  if (cache && *cache == '/') return ts_sprintf(arena, "%s/tilesmith/%s", cache, name);
  if (home && *home == '/') return ts_sprintf(arena, "%s/.cache/tilesmith/%s", home, name);
  return NULL;
}

/* What is loaded from there runs with our rights. */
static bool anybody_may_write(int fd) {
  struct stat st;
  return fstat(fd, &st) != 0 || (st.st_mode & S_IWOTH);
}

void ts_cache_open(ts_context *ctx, ts_arena *arena, const char *name, const char *dir,
                   uint64_t most, ts_cache *out) {
  *out = (ts_cache){ctx, dir ? dir : ts_cache_default(arena, name), -1, most ? most : DEFAULT_MOST};
  if (!out->dir) {
    ts_warning_plain(ctx, "compiled code is not kept: neither XDG_CACHE_HOME nor HOME is a folder");
    return;
  }
  int error = ts_folders_make(arena, out->dir);
  if (!error) out->fd = open(out->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (out->fd >= 0 && anybody_may_write(out->fd)) {
    ts_cache_close(out);
    ts_warning_plain(ctx, "compiled code is not kept in %s: anybody may write there", out->dir);
  } else if (out->fd < 0) {
    ts_warning_plain(ctx, "compiled code cannot be kept in %s: %s", out->dir,
                     strerror(error ? error : errno));
  }
}

void ts_cache_close(ts_cache *cache) {
  if (cache->fd >= 0) close(cache->fd);
  cache->fd = -1;
}

const char *ts_cache_path(const ts_cache *cache, ts_arena *arena, const char *name) {
  return ts_sprintf(arena, "%s/%s", cache->dir, name);
}

/* ---- reading ---- */

static void make_seal(const char *name, const void *bytes, uint64_t n, char seal[SEAL_BYTES]) {
  ts_digest d;
  ts_digest_begin(&d);
  ts_digest_add_text(&d, name);
  ts_digest_add(&d, bytes, n);
  ts_digest_end(&d, (uint8_t *)seal);
  memcpy(seal + TS_DIGEST_BYTES, &n, sizeof n);
  memcpy(seal + TS_DIGEST_BYTES + sizeof n, mark, MARK_BYTES);
}

const char *ts_cache_get(const ts_cache *cache, ts_arena *arena, const char *name, size_t *n) {
  const char *bytes, *why = "is damaged";
  if (cache->fd < 0) return NULL;
  if (ts_file_read(arena, cache->fd, name, &bytes, n)) {
    char seal[SEAL_BYTES];
    if (*n >= SEAL_BYTES) {
      *n -= SEAL_BYTES;
      make_seal(name, bytes, *n, seal);
      if (memcmp(seal, bytes + *n, SEAL_BYTES) == 0) {
        ((char *)bytes)[*n] = '\0';
        (void)utimensat(cache->fd, name, NULL, 0);
        return bytes;
      }
    }
  } else if (errno == ENOENT) {
    return NULL;
  } else {
    why = ts_sprintf(arena, "cannot be read: %s", strerror(errno));
  }
  ts_warning_plain(cache->ctx, "%s/%s %s, and is made again", cache->dir, name, why);
  ts_cache_remove(cache, name);
  return NULL;
}

void ts_cache_remove(const ts_cache *cache, const char *name) {
  if (cache->fd >= 0) (void)unlinkat(cache->fd, name, 0);
}

/* ---- keeping ---- */

typedef struct kept {
  char name[NAME_MAX + 1];
  uint64_t bytes;
  struct timespec used;
} kept;

static int by_use(const void *a, const void *b) {
  const kept *x = a, *y = b;
  if (x->used.tv_sec != y->used.tv_sec) return x->used.tv_sec < y->used.tv_sec ? -1 : 1;
  if (x->used.tv_nsec != y->used.tv_nsec) return x->used.tv_nsec < y->used.tv_nsec ? -1 : 1;
  return strcmp(x->name, y->name);
}

/* What a process that was killed left. */
static bool is_abandoned(const char *name, const struct stat *st) {
  enum { HOUR = 3600 };
  return strncmp(name, temporary_prefix, sizeof temporary_prefix - 1) == 0 &&
         st->st_mtim.tv_sec + HOUR < time(NULL);
}

/* The files kept, oldest use first. malloc'ed. */
static kept *list_kept(const ts_cache *cache, size_t *n, uint64_t *bytes) {
  size_t cap = 0;
  kept *list = NULL;
  int fd = openat(cache->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
  if (!dir && fd >= 0) close(fd);
  for (struct dirent *e; dir && (e = readdir(dir));) {
    struct stat st;
    if (fstatat(cache->fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) || !S_ISREG(st.st_mode)) continue;
    if (is_abandoned(e->d_name, &st)) (void)unlinkat(cache->fd, e->d_name, 0);
    if (e->d_name[0] == '.') continue;
    if (*n == cap) {
      cap = cap ? 2 * cap : 64;
      kept *grown = realloc(list, cap * sizeof *list);
      if (!grown) break;
      list = grown;
    }
    kept *k = &list[(*n)++];
    memcpy(k->name, e->d_name, strlen(e->d_name) + 1);
    k->bytes = (uint64_t)st.st_size;
    k->used = st.st_mtim;
    *bytes += k->bytes;
  }
  if (dir) closedir(dir);
  if (*n) qsort(list, *n, sizeof *list, by_use);
  return list;
}

/* All but the file just kept may go. */
static void make_room(const ts_cache *cache, const char *keep) {
  size_t n = 0;
  uint64_t bytes = 0;
  kept *list = list_kept(cache, &n, &bytes);
  for (size_t i = 0; i < n && bytes > cache->most; i++) {
    if (strcmp(list[i].name, keep) == 0) continue;
    if (unlinkat(cache->fd, list[i].name, 0) == 0) bytes -= list[i].bytes;
  }
  free(list);
}

/* Writes it whole or not at all. False with errno set. */
static bool replace_file(const ts_cache *cache, ts_arena *arena, const char *name,
                         const void *bytes, size_t n) {
  enum { MOST_TRIES = 100 };
  const char *temporary = NULL;
  bool ok = false;
  errno = EEXIST;
  for (int i = 0; i < MOST_TRIES && !ok && errno == EEXIST; i++) {
    temporary = ts_sprintf(arena, "%s%s-%ld-%d", temporary_prefix, name, (long)getpid(), i);
    ok = ts_file_write(cache->fd, temporary, O_EXCL | O_DSYNC, bytes, n);
  }
  if (ok && renameat(cache->fd, temporary, cache->fd, name) == 0) return true;
  int error = errno;
  if (error != EEXIST) (void)unlinkat(cache->fd, temporary, 0);
  errno = error;
  return false;
}

bool ts_cache_put(const ts_cache *cache, ts_arena *arena, const char *name, const void *bytes,
                  size_t n) {
  if (cache->fd < 0) return false;
  char *sealed = ts_arena_alloc(arena, n + SEAL_BYTES);
  memcpy(sealed, bytes, n);
  make_seal(name, bytes, n, sealed + n);
  if (!replace_file(cache, arena, name, sealed, n + SEAL_BYTES)) {
    ts_warning_plain(cache->ctx, "compiled code cannot be kept in %s: %s", cache->dir,
                     strerror(errno));
    return false;
  }
  make_room(cache, name);
  return true;
}
