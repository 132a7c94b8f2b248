/* Buffers between guards. */
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tune/measure/measure_impl.h"

enum { ALIGNMENT = 64, CANARY = 0xc9 };

static size_t page_size(void) { return (size_t)sysconf(_SC_PAGESIZE); }

static size_t round_up(size_t n, size_t to) { return (n + to - 1) / to * to; }

static size_t bytes_of(const ts_array *a) {
  return (size_t)ts_array_count(a) * ts_dtype_bytes(a->dtype);
}

/* ---- making ---- */

static ts_result refuse(ts_context *ctx, size_t bytes) {
  (void)ts_error_plain(ctx, "out of memory: the system refused %zu bytes for a buffer: %s", bytes,
                       strerror(errno));
  return TS_LIMIT;
}

static ts_result make(ts_context *ctx, const char *name, const ts_array *like, ts_guarded *g) {
  size_t page = page_size(), bytes = round_up(bytes_of(like), ALIGNMENT);
  size_t n = round_up(bytes, page);
  char *base = mmap(NULL, n + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (base == MAP_FAILED) return refuse(ctx, n);
  *g = (ts_guarded){.name = name, .pages = base + page, .n = n, .array = *like};
  if (mprotect(g->pages, n, PROT_READ | PROT_WRITE)) return refuse(ctx, n);
  ts_want_large_pages(g->pages, n);
  g->array.data = g->pages + n - bytes;
  g->array.owned = false;
  return TS_OK;
}

/* As `from` is, and never to be changed. */
static ts_result make_filled(ts_context *ctx, const char *name, const ts_array *from,
                             ts_guarded *g) {
  ts_result result = make(ctx, name, from, g);
  if (result) return result;
  memcpy(g->array.data, from->data, bytes_of(from));
  return mprotect(g->pages, g->n, PROT_READ) ? refuse(ctx, g->n) : TS_OK;
}

static ts_result make_entry(const ts_run *run, ts_buffers *b, unsigned i) {
  ts_role role = run->sig.entries[i].role;
  if (role == TS_ROLE_IN) return make_filled(run->ctx, run->names[i], &run->arrays[i], &b->at[i]);
  ts_result result = make(run->ctx, run->names[i], &run->arrays[i], &b->at[i]);
  b->at[i].shown = b->window_bytes;
  b->window_bytes += b->at[i].n;
  if (result || role == TS_ROLE_OUT) return result;
  return make_filled(run->ctx, run->names[i], &run->initial[i], &b->initial[i]);
}

ts_result ts_buffers_open(ts_arena *arena, const ts_run *run, ts_buffers *b) {
  ts_result result = TS_OK;
  *b = (ts_buffers){.sig = &run->sig};
  /* Both at once: ts_buffers_close may come at any time. */
  ts_guarded *both = ts_new_array(arena, ts_guarded, 2 * (run->sig.n + 1));
  b->initial = both + run->sig.n + 1;
  b->at = both;
  for (unsigned i = 0; i < run->sig.n && !result; i++)
    result = make_entry(run, b, i);
  if (result || !b->window_bytes) return result;
  void *window =
      mmap(NULL, b->window_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (window == MAP_FAILED) return refuse(run->ctx, b->window_bytes);
  b->window = window;
  return TS_OK;
}

static void unmake(ts_guarded *g) {
  if (g->pages) munmap(g->pages - page_size(), g->n + 2 * page_size());
}

void ts_buffers_close(ts_buffers *b) {
  for (unsigned i = 0; b->at && i < b->sig->n; i++) {
    unmake(&b->at[i]);
    unmake(&b->initial[i]);
  }
  if (b->window) munmap(b->window, b->window_bytes);
  *b = (ts_buffers){0};
}

/* ---- in a child ---- */

static bool is_input(const ts_buffers *b, unsigned i) {
  return b->sig->entries[i].role == TS_ROLE_IN;
}

void ts_buffers_lay(const ts_buffers *b, unsigned poison) {
  for (unsigned i = 0; i < b->sig->n; i++) {
    if (is_input(b, i)) continue;
    memset(b->at[i].pages, CANARY, b->at[i].n);
    if (b->sig->entries[i].role == TS_ROLE_OUT) ts_array_poison(&b->at[i].array, poison);
  }
}

void ts_buffers_show(const ts_buffers *b) {
  if (!b->window) return;
  (void)mprotect(b->window, b->window_bytes, PROT_READ | PROT_WRITE);
  for (unsigned i = 0; i < b->sig->n; i++)
    if (!is_input(b, i)) memcpy(b->window + b->at[i].shown, b->at[i].pages, b->at[i].n);
  (void)mprotect(b->window, b->window_bytes, PROT_NONE);
}

/* ---- in the parent ---- */

/* Where the array begins in its pages. */
static size_t begin_of(const ts_guarded *g) {
  return (size_t)((const char *)g->array.data - g->pages);
}

ts_array ts_buffers_shown(const ts_buffers *b, unsigned i) {
  ts_array a = b->at[i].array;
  a.data = b->window + b->at[i].shown + begin_of(&b->at[i]);
  return a;
}

static const char *trespass_of(const ts_buffers *b, ts_arena *arena, const ts_guarded *g) {
  const unsigned char *pages = (const unsigned char *)b->window + g->shown;
  size_t begin = begin_of(g), end = begin + bytes_of(&g->array);
  for (size_t i = begin; i-- > 0;)
    if (pages[i] != CANARY)
      return ts_sprintf(arena, "wrote to byte %zu before the beginning of %s", begin - i, g->name);
  for (size_t i = end; i < g->n; i++)
    if (pages[i] != CANARY)
      return ts_sprintf(arena, "wrote to byte %zu behind the end of %s", i - end + 1, g->name);
  return NULL;
}

const char *ts_buffers_trespass(const ts_buffers *b, ts_arena *arena) {
  const char *text = NULL;
  for (unsigned i = 0; i < b->sig->n && !text; i++)
    if (!is_input(b, i)) text = trespass_of(b, arena, &b->at[i]);
  return text;
}

static bool lies_in(uint64_t address, const void *begin, size_t n) {
  return address >= (uintptr_t)begin && address - (uintptr_t)begin < n;
}

static const char *place_beside(const ts_guarded *g, ts_arena *arena, uint64_t address) {
  size_t page = page_size();
  uint64_t begin = (uintptr_t)g->array.data, end = begin + bytes_of(&g->array);
  if (!g->pages) return NULL;
  if (lies_in(address, g->pages - page, page))
    return ts_sprintf(arena, "touched byte %llu before the beginning of %s",
                      (unsigned long long)(begin - address), g->name);
  if (lies_in(address, g->pages + g->n, page))
    return ts_sprintf(arena, "touched byte %llu behind the end of %s",
                      (unsigned long long)(address - end + 1), g->name);
  return NULL;
}

const char *ts_buffers_place(const ts_buffers *b, ts_arena *arena, uint64_t address) {
  for (unsigned i = 0; i < b->sig->n; i++) {
    const char *text = place_beside(&b->at[i], arena, address);
    if (text) return text;
    if (is_input(b, i) && lies_in(address, b->at[i].pages, b->at[i].n))
      return ts_sprintf(arena, "wrote to the input %s", b->at[i].name);
    if (lies_in(address, b->initial[i].pages, b->initial[i].n) ||
        place_beside(&b->initial[i], arena, address))
      return "touched memory that is not its own";
  }
  return b->window && lies_in(address, b->window, b->window_bytes)
             ? "touched memory that is not its own"
             : NULL;
}
