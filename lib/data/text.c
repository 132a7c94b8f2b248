/* Arrays as text: "2x3xf32=1 2 3 4 5 6" read, nested brackets and summaries written. */
#include <math.h>

#include "ir/scalar.h"
#include "data/array.h"

/* ---- reading ---- */

static ts_result bad_array(ts_context *ctx, const char *text) {
  return ts_error_plain(ctx, "'%.*s' is not an array such as 2x3xf32=1 2 3 4 5 6",
                        (int)strnlen(text, 60), text);
}

static bool find_dtype(const char *name, size_t n, ts_dtype *out) {
  for (int d = 0; d < (int)TS_NUM_DTYPES; d++) {
    *out = (ts_dtype)d;
    if (strlen(ts_dtype_name(*out)) == n && memcmp(ts_dtype_name(*out), name, n) == 0) return true;
  }
  return false;
}

/* "2x3xf32" up to '='. */
static ts_result parse_shape(ts_context *ctx, const char *text, const char *equals,
                             ts_array *shape) {
  const char *p = text;
  while (p < equals && *p >= '0' && *p <= '9') {
    int64_t x = 0;
    for (; *p >= '0' && *p <= '9'; p++)
      if (__builtin_mul_overflow(x, 10, &x) || __builtin_add_overflow(x, *p - '0', &x))
        return bad_array(ctx, text);
    if (*p++ != 'x') return bad_array(ctx, text);
    if (shape->rank == TS_MAX_RANK)
      return ts_error_plain(ctx, "'%.*s' has more than %d extents", (int)strnlen(text, 60), text,
                            TS_MAX_RANK);
    shape->dims[shape->rank++] = x;
  }
  if (find_dtype(p, (size_t)(equals - p), &shape->dtype)) return TS_OK;
  return ts_error_plain(ctx,
                        "'%.*s' is not a scalar type; f64 f32 f16 bf16 i64 i32 i8 i1 index are",
                        (int)ts_min(equals - p, 60), p);
}

static bool parse_int(const char *p, size_t n, int64_t *out) {
  bool negative = n && *p == '-';
  size_t i = n && (*p == '-' || *p == '+');
  int64_t x = 0;
  if (i == n) return false;
  for (; i < n; i++) {
    if (p[i] < '0' || p[i] > '9' || __builtin_mul_overflow(x, 10, &x)) return false;
    int digit = p[i] - '0';
    if (__builtin_add_overflow(x, negative ? -digit : digit, &x)) return false;
  }
  *out = x;
  return true;
}

/* Sets element i; false when the text is no value of the type. */
static bool parse_value(ts_array *a, int64_t i, const char *p, size_t n) {
  int64_t x;
  double f;
  if (ts_is_float(a->dtype)) {
    if (!ts_parse_double(p, n, &f) || (isfinite(f) && !isfinite(ts_round_to(a->dtype, f))))
      return false;
    ts_array_set(a, i, f);
    return true;
  }
  bool is_true = n == 4 && memcmp(p, "true", 4) == 0,
       is_false = n == 5 && memcmp(p, "false", 5) == 0;
  if (a->dtype == TS_I1 && (is_true || is_false))
    x = is_true;
  else if (!parse_int(p, n, &x))
    return false;
  if (a->dtype == TS_I1 ? x != 0 && x != 1 : ts_wrap_int(a->dtype, x) != x) return false;
  ts_array_set_int(a, i, x);
  return true;
}

static bool is_gap(char c) { return c == ' ' || c == ',' || c == '\t' || c == '\n' || c == '\r'; }

static void repeat_first(ts_array *a, int64_t count) {
  size_t width = ts_dtype_bytes(a->dtype);
  for (int64_t i = 1; i < count; i++)
    memcpy((char *)a->data + (size_t)i * width, a->data, width);
}

static ts_result parse_values(ts_context *ctx, const char *p, ts_array *a) {
  int64_t count = ts_array_count(a), n = 0;
  for (;;) {
    while (is_gap(*p))
      p++;
    if (!*p) break;
    const char *start = p;
    while (*p && !is_gap(*p))
      p++;
    size_t len = (size_t)(p - start);
    if (n < count && !parse_value(a, n, start, len))
      return ts_error_plain(ctx, "'%.*s' is not a value of type %s", (int)ts_min(len, (size_t)60),
                            start, ts_dtype_name(a->dtype));
    n++;
  }
  if (n == 1 && count > 1)
    repeat_first(a, count);
  else if (n != count)
    return ts_error_plain(ctx, "%lld values are given for an array of %lld", (long long)n,
                          (long long)count);
  return TS_OK;
}

ts_result ts_array_parse(ts_context *ctx, const char *text, ts_array *out) {
  const char *equals = strchr(text, '=');
  ts_array shape = {0};
  *out = shape;
  if (!equals) return bad_array(ctx, text);
  ts_result r = parse_shape(ctx, text, equals, &shape);
  if (r == TS_OK) r = ts_array_create(ctx, shape.dtype, shape.rank, shape.dims, out);
  if (r == TS_OK) r = parse_values(ctx, equals + 1, out);
  if (r != TS_OK) ts_array_drop(ctx, out);
  return r;
}

/* ---- writing ---- */

static size_t element_text(char out[40], const ts_array *a, int64_t i) {
  switch (a->dtype) {
  case TS_F64: return ts_format_float(out, ts_array_get(a, i), 64);
  case TS_F32: return ts_format_float(out, ts_array_get(a, i), 32);
  case TS_F16: return ts_format_float(out, ts_array_get(a, i), 16);
  case TS_BF16: return ts_format_float(out, ts_array_get(a, i), 17);
  case TS_I1: return (size_t)snprintf(out, 40, "%s", ts_array_get_int(a, i) ? "true" : "false");
  default: return (size_t)snprintf(out, 40, "%lld", (long long)ts_array_get_int(a, i));
  }
}

static void put_element(ts_sink *s, const ts_array *a, int64_t i) {
  char text[40];
  ts_sink_write(s, text, element_text(text, a, i));
}

static void print_level(ts_sink *s, const ts_array *a, unsigned axis, int64_t *at) {
  if (axis == a->rank) {
    put_element(s, a, (*at)++);
    return;
  }
  ts_sink_putc(s, '[');
  for (int64_t i = 0; i < a->dims[axis]; i++) {
    if (i) ts_sink_puts(s, ", ");
    print_level(s, a, axis + 1, at);
  }
  ts_sink_putc(s, ']');
}

void ts_array_print(ts_sink *s, const ts_array *a) {
  int64_t at = 0;
  /* With an extent of 0 behind, the outer brackets may be too many to write; there is nothing in
   * them. */
  if (ts_array_count(a) == 0)
    ts_sink_puts(s, "[]");
  else
    print_level(s, a, 0, &at);
}

const char *ts_array_value_text(ts_arena *arena, const ts_array *a, int64_t i) {
  char text[40];
  return ts_strndup(arena, text, element_text(text, a, i));
}

const char *ts_array_index_text(ts_arena *arena, const ts_array *a, int64_t i) {
  int64_t at[TS_MAX_RANK];
  const char *text = "";
  ts_array_index(a, i, at);
  for (unsigned d = 0; d < a->rank; d++)
    text = ts_sprintf(arena, "%s%s%lld", text, d ? ", " : "[", (long long)at[d]);
  return a->rank ? ts_sprintf(arena, "%s]", text) : "";
}

const char *ts_array_box_text(ts_arena *arena, const ts_array *a, const int64_t *lo,
                              const int64_t *hi) {
  const char *text = "[";
  for (unsigned d = 0; d < a->rank; d++) {
    bool whole = lo[d] == 0 && hi[d] == a->dims[d];
    const char *range = ":";
    if (!whole) range = ts_sprintf(arena, "%lld:%lld", (long long)lo[d], (long long)hi[d]);
    text = ts_sprintf(arena, "%s%s%s", text, d ? ", " : "", range);
  }
  return ts_sprintf(arena, "%s]", text);
}

/* Neumaier's (1974) compensated sum; exact enough that its order does not show in what is
 * printed. */
typedef struct running_sum {
  double sum, lost;
} running_sum;

static void add_to(running_sum *r, double x) {
  double t = r->sum + x;
  if (isfinite(t)) r->lost += fabs(r->sum) >= fabs(x) ? r->sum - t + x : x - t + r->sum;
  r->sum = t;
}

/* Order matters, byte order and padding do not: one multiplication and fold an element. */
static uint64_t hash_in(uint64_t h, uint64_t x) {
  h = (h ^ x) * UINT64_C(0x9e3779b97f4a7c15);
  return h ^ h >> 29;
}

static uint64_t element_bits(const ts_array *a, int64_t i) {
  switch (ts_dtype_bytes(a->dtype)) {
  case 8: return ((const uint64_t *)a->data)[i];
  case 4: return ((const uint32_t *)a->data)[i];
  case 2: return ((const uint16_t *)a->data)[i];
  default: return ((const uint8_t *)a->data)[i];
  }
}

ts_array_summary ts_array_summarize(const ts_array *a) {
  ts_array_summary s = {.min = INFINITY, .max = -INFINITY};
  running_sum total = {0};
  int64_t n = ts_array_count(a);
  s.hash = hash_in(hash_in(0, (uint64_t)a->dtype), a->rank);
  for (unsigned i = 0; i < a->rank; i++)
    s.hash = hash_in(s.hash, (uint64_t)a->dims[i]);
  for (int64_t i = 0; i < n; i++) {
    double x = ts_array_get(a, i);
    s.hash = hash_in(s.hash, element_bits(a, i));
    s.nans += isnan(x);
    s.infs += isinf(x) != 0;
    if (x < s.min) s.min = x;
    if (x > s.max) s.max = x;
    add_to(&total, x);
  }
  s.sum = isfinite(total.sum) ? total.sum + total.lost : total.sum;
  if (s.nans == n) s.min = s.max = NAN;
  return s;
}

/* First and last along each of the last three axes, the axes before them at 0. */
static void print_corners(ts_sink *s, const char *name, const ts_array *a) {
  unsigned first = a->rank > 3 ? a->rank - 3 : 0, free_axes = a->rank - first;
  int64_t strides[TS_MAX_RANK], stride = 1;
  for (unsigned i = a->rank; i-- > 0;) {
    strides[i] = stride;
    stride *= a->dims[i];
  }
  for (unsigned corner = 0; corner < 1u << free_axes; corner++) {
    int64_t at = 0, index[TS_MAX_RANK] = {0};
    bool repeated = false;
    for (unsigned i = first; i < a->rank; i++) {
      bool last = corner >> (a->rank - 1 - i) & 1;
      repeated = repeated || (last && a->dims[i] == 1);
      index[i] = last ? a->dims[i] - 1 : 0;
      at += index[i] * strides[i];
    }
    if (repeated) continue;
    ts_sink_printf(s, "%s[", name);
    for (unsigned i = 0; i < a->rank; i++)
      ts_sink_printf(s, "%s%lld", i ? ", " : "", (long long)index[i]);
    ts_sink_puts(s, "] = ");
    put_element(s, a, at);
    ts_sink_putc(s, '\n');
  }
}

static void put_double(ts_sink *s, double x) {
  char text[40];
  ts_sink_write(s, text, ts_format_float(text, x, 64));
}

void ts_array_print_summary(ts_sink *s, const char *name, const ts_array *a) {
  char shape[TS_SHAPE_TEXT];
  ts_shape_text(shape, sizeof shape, a->dtype, a->rank, a->dims);
  ts_sink_printf(s, "%s: tensor<%s>\n", name, shape);
  ts_array_summary m = ts_array_summarize(a);
  if (ts_array_count(a) > 0) {
    print_corners(s, name, a);
    ts_sink_printf(s, "%s: min ", name);
    put_double(s, m.min);
    ts_sink_puts(s, ", max ");
    put_double(s, m.max);
    ts_sink_puts(s, ", sum ");
    put_double(s, m.sum);
    ts_sink_putc(s, '\n');
  }
  if (m.nans || m.infs)
    ts_sink_printf(s, "%s: %lld NaN, %lld infinite\n", name, (long long)m.nans, (long long)m.infs);
  ts_sink_printf(s, "%s: hash %016llx\n", name, (unsigned long long)m.hash);
}
