/* Memory, strings and containers that every other part stands on.
 *
 * Memory is handed out by arenas; nothing inside one is freed by hand. When the system or the
 * context's cap refuses memory, the arena jumps to the recovery point that the public entry
 * function set (ts_memory.recover), so no caller below it has an error path for it, and nothing
 * leaks: every arena belongs to the context or to the entry function. */
#ifndef TS_SUPPORT_SUPPORT_H
#define TS_SUPPORT_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "tilesmith.h"

/* Our own bug: says where and aborts. Never reached by any input. */
#define ts_unreachable(msg) ts_unreachable_at(__FILE__, __LINE__, msg)
_Noreturn void ts_unreachable_at(const char *file, int line, const char *msg);

#define TS_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define ts_countof(array) (sizeof(array) / sizeof((array)[0]))
#define ts_min(a, b) ((a) < (b) ? (a) : (b))
#define ts_max(a, b) ((a) > (b) ? (a) : (b))

/* ---- memory ---- */

/* The memory account of one context: bytes held by all its arenas and tables, the cap, and where to
 * go when either the cap or the system refuses. It knows its blocks, so what such a jump leaves behind
 * goes with the context at the latest. */
typedef struct ts_block_link ts_block_link;
typedef struct ts_memory {
  size_t used, cap;    /* bytes; cap 0 means none */
  size_t peak;         /* the largest `used` so far */
  size_t refused;      /* bytes of the request that was refused last */
  jmp_buf *recover;    /* the entry function's; never NULL while an arena may grow */
  uint64_t fail_after; /* for tests: the n-th request from now is refused, and so are all after it;
                          0: off. While it counts, every arena allocation is a request of its own. */
  ts_block_link *blocks;
  ts_reallocate reallocate; /* where blocks come from; NULL: the heap */
  void *allocator;
  /* While it is set, an arena that grows looks whether the work is to be stopped, and if so refuses. NULL: nobody
   * can stop it */
  struct ts_stop *stop;
} ts_memory;
/* Frees every block; arenas and tables on it must not be used again. */
void ts_memory_drop(ts_memory *);
/* For what runs long without asking for memory: goes to the recovery point when the work is to be stopped. */
void ts_memory_look(ts_memory *);

typedef struct ts_chunk ts_chunk;
typedef struct ts_arena {
  ts_memory *memory;
  ts_chunk *chunks;
  char *at, *end;
  size_t held; /* bytes of all chunks */
} ts_arena;

void ts_arena_init(ts_arena *, ts_memory *);
void ts_arena_drop(ts_arena *); /* gives everything back; the arena can be used again */
/* An arena that begins in `room`, which it clears, and takes chunks when that is full: for forms and lists that
 * are small but for a few. `room` is aligned to 8 bytes. */
void ts_arena_over(ts_arena *, ts_memory *, void *room, size_t bytes);
/* Zeroed, aligned to 8 bytes, never NULL. */
void *ts_arena_alloc(ts_arena *, size_t bytes);
/* The same from the calling thread's heap, charged to the account; never NULL. `old_bytes` is what
 * `p` was asked for (0 with NULL). New bytes are not zeroed. */
void *ts_realloc(ts_memory *, void *p, size_t old_bytes, size_t bytes);
/* ts_realloc for callers that have a way to fail: NULL when refused, `p` is then untouched. Without an
 * account (NULL) nothing is charged. */
void *ts_try_realloc(ts_memory *, void *p, size_t old_bytes, size_t bytes);
/* Asks the system to hold the n bytes at `p`, not yet written, in pages of 2 MiB as far as they fill such
 * pages: a product of large matrices otherwise loses some percent to the translation of addresses
 * (docs/benchmarks.md). A hint; nothing depends on it. */
void ts_want_large_pages(void *p, size_t n);
void ts_free(ts_memory *, void *p, size_t bytes);

/* a * b, or SIZE_MAX, which no arena can give, when that overflows. */
static inline size_t ts_size_mul(size_t a, size_t b) {
  size_t product;
  return __builtin_mul_overflow(a, b, &product) ? SIZE_MAX : product;
}
#define ts_new(arena, T) ((T *)ts_arena_alloc((arena), sizeof(T)))
#define ts_new_array(arena, T, n)                                                                  \
  ((T *)ts_arena_alloc((arena), ts_size_mul(sizeof(T), (size_t)(n))))
/* Copies end in two NULs, so that they can be the text of a ts_source. */
char *ts_strdup(ts_arena *, const char *);
char *ts_strndup(ts_arena *, const char *, size_t n);
char *ts_sprintf(ts_arena *, const char *fmt, ...) TS_PRINTF(2, 3);
char *ts_vsprintf(ts_arena *, const char *fmt, va_list) TS_PRINTF(2, 0);

/* A growable array in an arena:  TS_VEC(int) v = {0};  ts_push(arena, &v, 3);  v.at[0]; v.n */
#define TS_VEC(T)                                                                                  \
  struct {                                                                                         \
    T *at;                                                                                         \
    size_t n, cap;                                                                                 \
  }
#define ts_push(arena, v, ...)                                                                     \
  ((v)->n == (v)->cap ? ((v)->at = ts_vec_grow((arena), (v)->at, &(v)->cap, sizeof(*(v)->at)))     \
                      : (v)->at,                                                                   \
   (v)->at[(v)->n++] = (__VA_ARGS__))
void *ts_vec_grow(ts_arena *, void *at, size_t *cap, size_t elem_bytes);

/* A map from pointers (or non-zero integers cast to pointers) to pointers, in an arena. */
typedef struct ts_ptrmap {
  ts_arena *arena;
  struct ts_ptrmap_slot {
    const void *key;
    void *value;
  } *slots;
  size_t n, cap;
} ts_ptrmap;
void ts_ptrmap_init(ts_ptrmap *, ts_arena *);
void *ts_ptrmap_get(const ts_ptrmap *, const void *key); /* NULL when absent */
void ts_ptrmap_put(ts_ptrmap *, const void *key, void *value);

uint64_t ts_hash(const void *bytes, size_t n, uint64_t seed);

/* ---- interned strings ---- */

/* Ids count from 1; 0 is "no string". The text is not copied when it is inside the module's source
 * (`stable`): a million value names then cost a table entry each. */
typedef uint32_t ts_str;
typedef struct ts_interner {
  ts_memory *memory;
  ts_arena *arena;
  struct ts_interned {
    const char *text; /* NUL-terminated once ts_intern_text has given it */
    uint32_t len : 31, terminated : 1, hash;
  } *entries;
  uint32_t *slots;
  size_t n, entries_cap, slots_cap;
} ts_interner;
void ts_interner_init(ts_interner *, ts_memory *, ts_arena *);
void ts_interner_drop(ts_interner *);
ts_str ts_intern_n(ts_interner *, const char *text, size_t n, bool stable);
ts_str ts_intern(ts_interner *, const char *text);
/* The text of an id other than 0. */
static inline const struct ts_interned *ts_interned_of(const ts_interner *in, ts_str id) {
  return &in->entries[id - 1];
}
/* The same, NUL-terminated, as long as the interner's arena lives: text inside of a source is copied when it is
 * first asked for. */
const char *ts_intern_text(const ts_interner *, ts_str id);
ts_str ts_intern_find(const ts_interner *, const char *text, size_t n); /* 0 when absent */

/* ---- output ---- */

/* Where text goes: a growing buffer or a FILE, which gets blocks of 64 KiB. A failed write is
 * remembered, not reported, until ts_sink_finish. */
typedef struct ts_sink {
  FILE *file;        /* NULL: keep the text in `buf` */
  ts_memory *memory; /* account for `buf`; may be NULL */
  char *buf;
  size_t n, cap;
  bool failed;
  int error; /* errno of the first failed write */
} ts_sink;
void ts_sink_file(ts_sink *, ts_memory *, FILE *);
void ts_sink_buffer(ts_sink *, ts_memory *);
void ts_sink_write_slow(ts_sink *, const char *, size_t); /* when the buffer is full */
/* Here for its speed: the printer writes a few bytes at a time, many of them of a length known when it is
 * compiled. */
static inline void ts_sink_write(ts_sink *s, const char *text, size_t n) {
  if (n == 0) return; /* `text` may be NULL */
  if (n < s->cap - s->n) {
    memcpy(s->buf + s->n, text, n);
    s->n += n;
  } else {
    ts_sink_write_slow(s, text, n);
  }
}
static inline void ts_sink_puts(ts_sink *s, const char *text) {
  ts_sink_write(s, text, strlen(text));
}
void ts_sink_printf(ts_sink *, const char *fmt, ...) TS_PRINTF(2, 3);
void ts_sink_int(ts_sink *, int64_t);
static inline void ts_sink_putc(ts_sink *s, char c) {
  if (s->n + 1 < s->cap)
    s->buf[s->n++] = c;
  else
    ts_sink_write(s, &c, 1);
}
/* Flushes; TS_ERR when a write failed at any time. A buffer's text stays, with two
 * NULs after its n bytes. */
ts_result ts_sink_finish(ts_sink *) __attribute__((warn_unused_result));
void ts_sink_drop(ts_sink *);

/* Shortest decimal that reads back as the same value of `bits` (16 f16, 17 bf16, 32 or 64); always
 * holds '.', 'e', "inf" or "nan". NaNs with a payload other than the default quiet one are written
 * as the type's bits in hex. `out` holds 40 bytes; returns the length. */
size_t ts_format_float(char *out, double value, int bits);
/* The double nearest to the decimal number that is exactly [text, text+n): digits with an optional sign,
 * fraction and exponent, or inf or nan. False when it is not a number, or past the range of a double:
 * an infinity is written inf. What is too small gives a zero. Linear in n, independent of the locale. */
bool ts_parse_double(const char *text, size_t n, double *out);

/* Bytes as "64", "16K", "16KB" or "16KiB", in powers of 1024 up to T, and a duration, more than none, as "60s", "500ms",
 * "2m", "3h", "30d" or "60", in seconds. False when the whole text is none; then this is what was wanted. */
bool ts_parse_size(const char *text, uint64_t *out);
bool ts_parse_seconds(const char *text, double *out);
#define TS_SIZE_WANTED "a size in bytes, such as 64M or 2GiB"
#define TS_SECONDS_WANTED "a time such as 60s, 500ms or 2m"

#endif
