/* The C emitter: text under construction, expressions with their precedence, and names. */
#include <inttypes.h>
#include <stdlib.h>

#include "emit/c_emit.h"

/* ---- text ---- */

static bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

void ts_c_out_add(ts_arena *arena, ts_c_out *out, const char *text, size_t n) {
  while (out->cap - out->n <= n)
    out->at = ts_vec_grow(arena, out->at, &out->cap, 1);
  memcpy(out->at + out->n, text, n);
  out->n += n;
  out->at[out->n] = '\0';
}

void ts_c_put(ts_c_emit *e, const char *text) {
  ts_c_out_add(e->arena, e->out, text, strlen(text));
}

static void put_formatted(ts_c_emit *e, const char *fmt, va_list args) {
  char small[512];
  va_list again;
  va_copy(again, args);
  int n = vsnprintf(small, sizeof small, fmt, args);
  const char *text = n < (int)sizeof small ? small : ts_vsprintf(e->arena, fmt, again);
  va_end(again);
  ts_c_out_add(e->arena, e->out, text, (size_t)n);
}

void ts_c_printf(ts_c_emit *e, const char *fmt, ...) {
  va_list args;
  va_start(args, fmt);
  put_formatted(e, fmt, args);
  va_end(args);
}

void ts_c_stmt(ts_c_emit *e, const char *fmt, ...) {
  static const char spaces[] = "                                        ";
  ts_c_out_add(e->arena, e->out, spaces, (size_t)ts_min(2 * e->indent, (int)sizeof spaces - 1));
  va_list args;
  va_start(args, fmt);
  put_formatted(e, fmt, args);
  va_end(args);
  ts_c_put(e, "\n");
}

void ts_c_list_add(ts_c_emit *e, ts_c_out *list, const char *between, const char *fmt, ...) {
  ts_c_out *outer = e->out;
  e->out = list;
  if (list->n) ts_c_put(e, between);
  va_list args;
  va_start(args, fmt);
  put_formatted(e, fmt, args);
  va_end(args);
  e->out = outer;
}

const char *ts_c_list_text(const ts_c_out *list) { return list->n ? list->at : ""; }

ts_c_text ts_c_expr(ts_c_emit *e, ts_c_prec prec, const char *fmt, ...) {
  va_list args;
  va_start(args, fmt);
  ts_c_text t = {ts_vsprintf(e->arena, fmt, args), prec, 1};
  va_end(args);
  return t;
}

ts_c_text ts_c_atom(const char *s) { return (ts_c_text){s, TS_C_ATOM, 0}; }

const char *ts_c_paren(ts_c_emit *e, ts_c_text t, ts_c_prec prec) {
  return t.prec >= prec ? t.s : ts_sprintf(e->arena, "(%s)", t.s);
}

bool ts_c_is_number(ts_c_text t, int64_t *value) {
  char *end;
  if (!is_digit(t.s[0]) && t.s[0] != '-') return false;
  *value = strtoll(t.s, &end, 10);
  return *end == '\0';
}

void ts_c_refuse(ts_c_emit *e, ts_loc loc, const char *fmt, ...) {
  va_list args;
  va_start(args, fmt);
  e->result = ts_error(e->ctx, loc, "%s", ts_vsprintf(e->arena, fmt, args));
  va_end(args);
}

/* ---- names ---- */

/* Words of C and of the GNU dialect, macros of the headers that emitted code includes, and names of
 * its own. */
static const char words[] =
    "auto break case char const continue default do double else enum extern float for goto if "
    "inline int "
    "long register restrict return short signed sizeof static struct switch typedef union unsigned "
    "void "
    "volatile while asm typeof alignas alignof bool true false nullptr constexpr thread_local "
    "static_assert linux unix i386 NULL EXIT_SUCCESS EXIT_FAILURE RAND_MAX MB_CUR_MAX INT8_MIN "
    "INT16_MIN "
    "INT32_MIN INT64_MIN INT8_MAX INT16_MAX INT32_MAX INT64_MAX UINT8_MAX UINT16_MAX UINT32_MAX "
    "UINT64_MAX "
    "INTPTR_MAX INTPTR_MIN UINTPTR_MAX INTMAX_MIN INTMAX_MAX UINTMAX_MAX PTRDIFF_MIN PTRDIFF_MAX "
    "SIZE_MAX "
    "SIG_ATOMIC_MIN SIG_ATOMIC_MAX WCHAR_MIN WCHAR_MAX WINT_MIN WINT_MAX BIG_ENDIAN LITTLE_ENDIAN "
    "BYTE_ORDER PDP_ENDIAN FD_SET FD_CLR FD_ISSET FD_ZERO FD_SETSIZE NFDBITS WCONTINUED WEXITED "
    "WNOHANG "
    "WNOWAIT WSTOPPED WUNTRACED failure where arrays extents threads memcpy memset free aligned_alloc ";

/* Functions that those headers declare or that compilers know without a declaration: what is
 * emitted at file scope must not have their names. */
static const char library[] = "main abort abs labs llabs atexit atof atoi atol atoll bsearch "
                              "calloc div ldiv lldiv exit getenv malloc "
                              "mblen qsort rand random realloc select srand srandom system memchr "
                              "memcmp memmove strcat strchr strcmp "
                              "strcpy strlen strdup index rindex bcmp bcopy bzero ffs printf puts "
                              "putchar sprintf signbit acos acosh "
                              "asin asinh atan atan2 atanh cbrt ceil copysign cos cosh erf erfc "
                              "exp exp2 exp10 expm1 fabs fdim floor "
                              "fma fmax fmin fmod frexp gamma hypot ilogb j0 j1 jn ldexp lgamma "
                              "llrint llround log log10 log1p log2 "
                              "logb lrint lround modf nan nearbyint nextafter pow pow10 remainder "
                              "remquo rint round scalb scalbln "
                              "scalbn sin sincos sinh sqrt tan tanh tgamma trunc y0 y1 yn acosf "
                              "asinf atanf ceilf cosf erff expf "
                              "fabsf floorf fmaf fmaxf fminf logf powf roundf rintf sinf sqrtf "
                              "tanf tanhf truncf j0f j1f jnf y0f y1f "
                              "ynf gammaf expl logl sqrtl drem significand alloca fork pipe read "
                              "write open close conj real imag "
                              "roundeven isinf isnan finite isalpha isdigit tolower toupper putenv "
                              "setenv mktemp erand48 drand48 "
                              "lrand48 ";

static const void *key_of(ts_str s) { return (const void *)(uintptr_t)s; }

static void take(ts_c_emit *e, ts_str s) {
  ts_ptrmap_put(&e->taken, key_of(s), e);
  ts_push(e->arena, &e->scope, s);
}

static void take_all(ts_c_emit *e, const char *list) {
  for (const char *end; *list; list = end + 1) {
    end = strchr(list, ' ');
    take(e, ts_intern_n(&e->m->strings, list, (size_t)(end - list), false));
  }
}

void ts_c_reserve_words(ts_c_emit *e) { take_all(e, words); }

void ts_c_reserve_library(ts_c_emit *e) { take_all(e, library); }

void ts_c_reserve(ts_c_emit *e, const char *name) { take(e, ts_intern(&e->m->strings, name)); }

size_t ts_c_scope_open(const ts_c_emit *e) { return e->scope.n; }

void ts_c_scope_close(ts_c_emit *e, size_t mark) {
  while (e->scope.n > mark) {
    ts_ptrmap_put(&e->taken, key_of(e->scope.at[--e->scope.n]), NULL);
  }
}

/* Letters, digits and _ alone, and no beginning that C keeps for itself or we do for the
 * prelude. */
static char *mangle(ts_arena *arena, const char *text) {
  size_t n = strlen(text);
  bool prefix =
      !is_letter(text[0]) || strncmp(text, "ts_", 3) == 0 || strncmp(text, "omp_", 4) == 0;
  char *out = ts_sprintf(arena, "%s%s", prefix ? "v" : "", text);
  for (size_t i = 0; i < n + prefix; i++)
    if (!is_letter(out[i]) && !is_digit(out[i])) out[i] = '_';
  return out;
}

enum { MAX_TRIES = 8 };

const char *ts_c_unique(ts_c_emit *e, const char *text) {
  char *base = mangle(e->arena, text), *name = base;
  ts_str s = ts_intern(&e->m->strings, name);
  for (unsigned i = 2; ts_ptrmap_get(&e->taken, key_of(s)); i++) {
    name = ts_sprintf(e->arena, "%s_%u", base, i < MAX_TRIES ? i : e->next_number++);
    s = ts_intern(&e->m->strings, name);
  }
  take(e, s);
  ts_c_nest_name(e, name);
  return name;
}

const char *ts_c_name(ts_c_emit *e, const ts_value *v) {
  if (v->name) return ts_c_unique(e, ts_str_text(e->m, v->name));
  return ts_c_unique(e, ts_sprintf(e->arena, "v%u", e->next_number++));
}
