/* Arenas: memory in chunks that are given back together.
 *
 * A chunk is an eighth of what the arena already holds, so at most an eighth lies unused however
 * large the arena grows, and at most 1 MiB, which keeps that share below a percent in big ones. A
 * request of a quarter chunk or more gets a chunk of its own, and the one in use stays in use. */
#include <stdlib.h>
#include <sys/mman.h>

#include "support/stop.h"
#include "support/support.h"

struct ts_chunk {
  ts_chunk *next;
  size_t bytes; /* with this header */
};

/* In front of every block of an account. */
struct ts_block_link {
  ts_block_link *next, **prev;
};

enum { MIN_CHUNK = 4 << 10, MAX_CHUNK = 1 << 20 };

void ts_unreachable_at(const char *file, int line, const char *msg) {
  fprintf(stderr, "%s:%d: internal error: %s\n", file, line, msg);
  abort();
}

/* ---- the account ---- */

/* True when `more` bytes may be had; they are then charged. */
static bool charge(ts_memory *m, size_t more) {
  bool injected = m->fail_after && (m->fail_after == 1 || --m->fail_after == 0);
  bool over = m->cap && (more > m->cap || m->used > m->cap - more);
  if (injected || over) {
    m->refused = more;
    return false;
  }
  m->used += more;
  m->peak = ts_max(m->peak, m->used);
  return true;
}

_Noreturn static void refuse(ts_memory *m, size_t bytes) {
  m->refused = bytes;
  if (!m->recover) ts_unreachable("memory was refused outside ts_protect");
  longjmp(*m->recover, 1);
}

void ts_memory_look(ts_memory *m) {
  if (m->stop && ts_stop_raised(m->stop)) refuse(m, 0);
}

/* Of `old`, or a new one, which is zeroed unless somebody else's allocator gives it. calloc gets large ones straight
 * from the system, where they are zero without being touched. */
static void *system_block(ts_memory *m, void *old, size_t bytes) {
  if (m->reallocate) return m->reallocate(m->allocator, old, bytes);
  return old ? realloc(old, bytes) : calloc(1, bytes);
}

static void free_block(ts_memory *m, void *block) {
  if (m->reallocate)
    (void)m->reallocate(m->allocator, block, 0);
  else
    free(block);
}

static void link_block(ts_memory *m, ts_block_link *b) {
  b->next = m->blocks;
  b->prev = &m->blocks;
  if (b->next) b->next->prev = &b->next;
  m->blocks = b;
}

static void unlink_block(ts_block_link *b) {
  *b->prev = b->next;
  if (b->next) b->next->prev = b->prev;
}

/* A new zeroed block, charged; NULL when refused. */
static void *new_block(ts_memory *m, size_t bytes) {
  if (bytes > SIZE_MAX / 2 || !charge(m, bytes)) return NULL;
  ts_block_link *b = system_block(m, NULL, sizeof *b + bytes);
  if (!b) {
    m->used -= bytes;
    m->refused = bytes;
    return NULL;
  }
  link_block(m, b);
  return m->reallocate ? memset(b + 1, 0, bytes) : b + 1;
}

/* The block at `p` with another size; NULL, and `p` untouched, when refused. */
static void *resize_block(ts_memory *m, void *p, size_t old_bytes, size_t bytes) {
  size_t more = bytes > old_bytes ? bytes - old_bytes : 0;
  if (bytes > SIZE_MAX / 2 || !charge(m, more)) return NULL;
  ts_block_link *old = (ts_block_link *)p - 1;
  unlink_block(old);
  ts_block_link *b = system_block(m, old, sizeof *b + bytes);
  if (b)
    m->used -= old_bytes + more - bytes;
  else
    m->used -= more;
  link_block(m, b ? b : old);
  return b ? b + 1 : NULL;
}

void *ts_try_realloc(ts_memory *m, void *p, size_t old_bytes, size_t bytes) {
  if (!m) return realloc(p, bytes ? bytes : 1);
  return p ? resize_block(m, p, old_bytes, bytes) : new_block(m, bytes);
}

void *ts_realloc(ts_memory *m, void *p, size_t old_bytes, size_t bytes) {
  if (m) ts_memory_look(m);
  void *q = ts_try_realloc(m, p, old_bytes, bytes);
  if (!q) refuse(m, bytes);
  return q;
}

void ts_free(ts_memory *m, void *p, size_t bytes) {
  if (!m) {
    free(p);
  } else if (p) {
    unlink_block((ts_block_link *)p - 1);
    m->used -= bytes;
    free_block(m, (ts_block_link *)p - 1);
  }
}

void ts_want_large_pages(void *p, size_t n) {
#ifdef MADV_HUGEPAGE
  const uintptr_t page = 2 << 20;
  uintptr_t first = ((uintptr_t)p + page - 1) & ~(page - 1);
  uintptr_t end = ((uintptr_t)p + n) & ~(page - 1);
  if (first < end) madvise((void *)first, end - first, MADV_HUGEPAGE);
#else
  (void)p, (void)n;
#endif
}

void ts_memory_drop(ts_memory *m) {
  for (ts_block_link *b = m->blocks, *next; b; b = next) {
    next = b->next;
    free_block(m, b);
  }
  *m = (ts_memory){.cap = m->cap, .reallocate = m->reallocate, .allocator = m->allocator};
}

/* ---- arenas ---- */

void ts_arena_init(ts_arena *a, ts_memory *m) { *a = (ts_arena){.memory = m}; }

void ts_arena_over(ts_arena *a, ts_memory *m, void *room, size_t bytes) {
  memset(room, 0, bytes);
  *a = (ts_arena){.memory = m, .at = room, .end = (char *)room + bytes};
}

void ts_arena_drop(ts_arena *a) {
  for (ts_chunk *c = a->chunks, *next; c; c = next) {
    next = c->next;
    ts_free(a->memory, c, c->bytes);
  }
  ts_arena_init(a, a->memory);
}

/* A zeroed chunk with room for `bytes`. */
static ts_chunk *new_chunk(ts_arena *a, size_t bytes) {
  ts_memory_look(a->memory);
  ts_chunk *c = new_block(a->memory, sizeof *c + bytes);
  if (!c) refuse(a->memory, bytes);
  c->bytes = sizeof *c + bytes;
  a->held += c->bytes;
  return c;
}

static void *alloc_slow(ts_arena *a, size_t bytes) {
  size_t room = ts_min(ts_max(a->held / 8, MIN_CHUNK), MAX_CHUNK) - sizeof(ts_chunk);
  if (bytes >= room / 4 || a->memory->fail_after) {
    ts_chunk *c = new_chunk(a, bytes);
    ts_chunk **where = a->chunks ? &a->chunks->next : &a->chunks;
    c->next = *where;
    *where = c;
    return c + 1;
  }
  ts_chunk *c = new_chunk(a, room);
  c->next = a->chunks;
  a->chunks = c;
  a->at = (char *)(c + 1) + bytes;
  a->end = (char *)c + c->bytes;
  return c + 1;
}

void *ts_arena_alloc(ts_arena *a, size_t bytes) {
  if (bytes > SIZE_MAX / 2) refuse(a->memory, bytes);
  bytes = (bytes + 7) & ~(size_t)7;
  if (bytes > (size_t)(a->end - a->at) || a->memory->fail_after || !a->at)
    return alloc_slow(a, bytes);
  void *p = a->at;
  a->at += bytes;
  return p;
}

/* ---- strings and vectors in arenas ---- */

char *ts_strndup(ts_arena *a, const char *text, size_t n) {
  char *copy = ts_arena_alloc(a, n + 2);
  if (n) memcpy(copy, text, n);
  return copy;
}

char *ts_strdup(ts_arena *a, const char *text) { return ts_strndup(a, text, strlen(text)); }

char *ts_vsprintf(ts_arena *a, const char *fmt, va_list args) {
  if (!fmt) ts_unreachable("no format");
  va_list again;
  va_copy(again, args);
  int n = vsnprintf(NULL, 0, fmt, args);
  size_t bytes = n < 0 ? 1 : (size_t)n + 1;
  char *text = ts_arena_alloc(a, bytes);
  vsnprintf(text, bytes, fmt, again);
  va_end(again);
  return text;
}

char *ts_sprintf(ts_arena *a, const char *fmt, ...) {
  va_list args;
  va_start(args, fmt);
  char *text = ts_vsprintf(a, fmt, args);
  va_end(args);
  return text;
}

void *ts_vec_grow(ts_arena *a, void *at, size_t *cap, size_t elem_bytes) {
  size_t want = *cap ? ts_size_mul(*cap, 2) : ts_max(4, 64 / elem_bytes);
  size_t old_bytes = *cap * elem_bytes, bytes = ts_size_mul(want, elem_bytes);
  size_t old_end = (old_bytes + 7) & ~(size_t)7;
  *cap = want;
  /* The last thing in the arena grows where it stands. */
  if (at && (char *)at + old_end == a->at && bytes <= (size_t)(a->end - (char *)at)) {
    a->at = (char *)at + ((bytes + 7) & ~(size_t)7);
    return at;
  }
  void *copy = ts_arena_alloc(a, bytes);
  if (old_bytes) memcpy(copy, at, old_bytes);
  return copy;
}
