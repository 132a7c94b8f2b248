/* .npy files, versions 1.0 to 3.0: magic, version, header length, a Python dict literal with descr,
 * fortran_order and shape, then the elements (NumPy Enhancement Proposal 1 and numpy.lib.format).
 *
 * The dict is read by a small parser of its own: any order of keys, any white space, either quote,
 * a trailing comma; every key exactly once and no other. Everything the header says is checked
 * against the file's size before memory is asked for. */
#include <stdlib.h>

#include "data/file_impl.h"

enum { MAX_HEADER = 65535 }; /* NumPy's own headers of our types stay below 500 bytes */

typedef struct npy_header {
  ts_dtype dtype;
  bool swapped, fortran;
  unsigned rank;
  int64_t dims[TS_MAX_RANK];
} npy_header;

typedef struct reader {
  ts_context *ctx;
  const char *name; /* the file, for messages */
  const char *at, *end;
  unsigned seen; /* bit i: key i of npy_keys */
  npy_header *h;
} reader;

typedef struct text {
  const char *at;
  size_t n;
} text;

static const struct {
  const char *code;
  ts_dtype dtype;
} npy_types[] = {{"f8", TS_F64}, {"f4", TS_F32}, {"f2", TS_F16}, {"V2", TS_BF16},
                 {"i8", TS_I64}, {"i4", TS_I32}, {"i1", TS_I8},  {"b1", TS_I1}};

static const char *const npy_keys[] = {"descr", "fortran_order", "shape"};

static bool text_is(text t, const char *s) { return t.n == strlen(s) && memcmp(t.at, s, t.n) == 0; }

/* What stands at the reader, for a message: printable and short. */
static ts_result bad_syntax(reader *r, const char *wanted) {
  char found[24];
  size_t n = 0;
  for (const char *p = r->at; p < r->end && n < sizeof found - 1 && *p > ' ' && *p < 127; p++)
    found[n++] = *p;
  found[n] = 0;
  return ts_error_plain(r->ctx, "%s: the header has %s%s%s where %s should be", r->name,
                        n ? "'" : "",
                        n                ? found
                        : r->at < r->end ? "an odd byte"
                                         : "its end",
                        n ? "'" : "", wanted);
}

static void skip_space(reader *r) {
  while (r->at < r->end && strchr(" \t\n\r\f", *r->at) && *r->at)
    r->at++;
}

static bool accept(reader *r, char c) {
  skip_space(r);
  if (r->at == r->end || *r->at != c) return false;
  r->at++;
  return true;
}

static bool accept_word(reader *r, const char *word) {
  skip_space(r);
  size_t n = strlen(word);
  if ((size_t)(r->end - r->at) < n || memcmp(r->at, word, n) != 0) return false;
  r->at += n;
  return true;
}

static ts_result read_string(reader *r, const char *wanted, text *out) {
  skip_space(r);
  if (r->at == r->end || (*r->at != '\'' && *r->at != '"')) return bad_syntax(r, wanted);
  char quote = *r->at;
  const char *start = r->at + 1, *p = start;
  while (p < r->end && *p != quote && *p != '\\' && *p >= ' ')
    p++;
  if (p == r->end || *p != quote) return bad_syntax(r, "a closed string without escapes");
  *out = (text){start, (size_t)(p - start)};
  r->at = p + 1;
  return TS_OK;
}

static ts_result unknown_type(reader *r, text t) {
  int n = (int)ts_min(t.n, (size_t)40);
  if (t.n && t.at[t.n - 1] == 'O')
    return ts_error_plain(r->ctx, "%s: dtype '%.*s' holds Python objects; only numbers are read",
                          r->name, n, t.at);
  return ts_error_plain(
      r->ctx,
      "%s: dtype '%.*s' has no counterpart here; f8 f4 f2 V2 (bf16) i8 i4 i1 and b1 "
      "with <, > or | before them do; np.save(f, a.astype('<i4')) makes one of those",
      r->name, n, t.at);
}

static ts_result read_descr(reader *r) {
  text t;
  skip_space(r);
  if (r->at < r->end && *r->at == '[')
    return ts_error_plain(r->ctx, "%s: a structured dtype has no counterpart here", r->name);
  ts_result result = read_string(r, "a dtype string", &t);
  if (result != TS_OK) return result;
  if (text_is(t, "bfloat16")) {
    r->h->dtype = TS_BF16;
    return TS_OK;
  }
  if (t.n < 2 || !strchr("<>=|", t.at[0])) return unknown_type(r, t);
  text code = {t.at + 1, t.n - 1};
  for (size_t i = 0; i < ts_countof(npy_types); i++) {
    if (!text_is(code, npy_types[i].code)) continue;
    r->h->dtype = npy_types[i].dtype;
    r->h->swapped = t.at[0] == '>';
    return TS_OK;
  }
  return unknown_type(r, t);
}

static ts_result read_bool(reader *r) {
  if (accept_word(r, "True"))
    r->h->fortran = true;
  else if (accept_word(r, "False"))
    r->h->fortran = false;
  else
    return bad_syntax(r, "True or False");
  return TS_OK;
}

static ts_result read_extent(reader *r) {
  int64_t x = 0;
  skip_space(r);
  if (r->at < r->end && *r->at == '-')
    return ts_error_plain(r->ctx, "%s: the shape has a negative extent", r->name);
  const char *start = r->at;
  for (; r->at < r->end && *r->at >= '0' && *r->at <= '9'; r->at++)
    if (__builtin_mul_overflow(x, 10, &x) || __builtin_add_overflow(x, *r->at - '0', &x))
      return ts_error_plain(r->ctx, "%s: the shape has an extent past int64", r->name);
  if (r->at == start) return bad_syntax(r, "an extent");
  if (r->at < r->end && *r->at == 'L') r->at++; /* as Python 2 wrote long integers */
  if (r->h->rank == TS_MAX_RANK)
    return ts_error_plain(r->ctx, "%s: the shape has more than %d extents", r->name, TS_MAX_RANK);
  r->h->dims[r->h->rank++] = x;
  return TS_OK;
}

/* (), (3,), (3, 4) or (3, 4,); a lone (3) is a number in Python, not a tuple. */
static ts_result read_shape(reader *r) {
  if (!accept(r, '(')) return bad_syntax(r, "a tuple of extents");
  if (accept(r, ')')) return TS_OK;
  for (;;) {
    ts_result result = read_extent(r);
    if (result != TS_OK) return result;
    bool comma = accept(r, ',');
    if (accept(r, ')')) {
      if (comma || r->h->rank > 1) return TS_OK;
      return ts_error_plain(r->ctx, "%s: the shape is a number, not a tuple such as (%lld,)",
                            r->name, (long long)r->h->dims[0]);
    }
    if (!comma) return bad_syntax(r, "',' or ')'");
  }
}

static ts_result read_entry(reader *r) {
  text key;
  ts_result result = read_string(r, "a key or '}'", &key);
  if (result != TS_OK) return result;
  unsigned i = 0;
  while (i < ts_countof(npy_keys) && !text_is(key, npy_keys[i]))
    i++;
  if (i == ts_countof(npy_keys))
    return ts_error_plain(r->ctx,
                          "%s: the header has an unknown key; descr, fortran_order and shape "
                          "are known",
                          r->name);
  if (r->seen & 1u << i)
    return ts_error_plain(r->ctx, "%s: the header has '%s' twice", r->name, npy_keys[i]);
  r->seen |= 1u << i;
  if (!accept(r, ':')) return bad_syntax(r, "':'");
  return i == 0 ? read_descr(r) : i == 1 ? read_bool(r) : read_shape(r);
}

static ts_result read_dict(reader *r) {
  if (!accept(r, '{')) return bad_syntax(r, "'{'");
  while (!accept(r, '}')) {
    ts_result result = read_entry(r);
    if (result != TS_OK) return result;
    if (accept(r, ',')) continue;
    if (accept(r, '}')) break;
    return bad_syntax(r, "',' or '}'");
  }
  skip_space(r);
  if (r->at != r->end) return bad_syntax(r, "the end of the header");
  for (unsigned i = 0; i < ts_countof(npy_keys); i++)
    if (!(r->seen & 1u << i))
      return ts_error_plain(r->ctx, "%s: the header lacks '%s'", r->name, npy_keys[i]);
  return TS_OK;
}

/* Magic, version and length: where the dict lies. */
static ts_result locate_header(ts_context *ctx, const ts_input *in, uint64_t *at,
                               uint64_t *length) {
  unsigned char lead[12] = {0};
  size_t n = (size_t)ts_min(in->size, (uint64_t)sizeof lead);
  ts_result r = ts_input_read(ctx, in, 0, lead, n);
  if (r != TS_OK) return r;
  if (n < 6 || memcmp(lead, "\x93NUMPY", 6) != 0)
    return ts_error_plain(ctx, "%s: not a .npy file, which starts with \\x93NUMPY", in->name);
  unsigned major = lead[6], minor = lead[7];
  if (n >= 8 && (major < 1 || major > 3 || minor != 0))
    return ts_error_plain(ctx, "%s: .npy version %u.%u is unknown; 1.0, 2.0 and 3.0 are read",
                          in->name, major, minor);
  *at = major == 1 ? 10 : 12;
  if (n < *at)
    return ts_error_plain(ctx, "%s: the file ends after %zu bytes, within its first %d", in->name,
                          n, (int)*at);
  *length = lead[8] | (uint64_t)lead[9] << 8;
  if (major > 1) *length |= (uint64_t)lead[10] << 16 | (uint64_t)lead[11] << 24;
  if (*length > in->size - *at)
    return ts_error_plain(ctx, "%s: a header of %llu bytes is announced, but only %llu follow",
                          in->name, (unsigned long long)*length,
                          (unsigned long long)(in->size - *at));
  if (*length > MAX_HEADER)
    return ts_error_plain(ctx, "%s: a header of %llu bytes is over the limit of %d", in->name,
                          (unsigned long long)*length, MAX_HEADER);
  return TS_OK;
}

/* The elements fill the rest of the file exactly. */
static ts_result check_size(ts_context *ctx, const ts_input *in, uint64_t at, const npy_header *h) {
  char shape[TS_SHAPE_TEXT];
  ts_shape_text(shape, sizeof shape, h->dtype, h->rank, h->dims);
  ts_array a = {.dtype = h->dtype, .rank = h->rank};
  memcpy(a.dims, h->dims, sizeof a.dims);
  uint64_t need, have = in->size - at;
  int64_t count = ts_array_count(&a);
  if (count < 0 || __builtin_mul_overflow((uint64_t)count, ts_dtype_bytes(h->dtype), &need))
    return ts_error_plain(ctx, "%s: the size of %s is past int64", in->name, shape);
  if (need != have)
    return ts_error_plain(ctx, "%s: %s needs %llu bytes, but %llu follow the header", in->name,
                          shape, (unsigned long long)need, (unsigned long long)have);
  return TS_OK;
}

static ts_result read_header(ts_context *ctx, const ts_input *in, npy_header *h,
                             uint64_t *data_at) {
  uint64_t at = 0, length = 0;
  ts_result r = locate_header(ctx, in, &at, &length);
  if (r != TS_OK) return r;
  char *dict = malloc(length + 1);
  if (!dict) {
    ts_error_plain(ctx, "%s: no memory for a header of %llu bytes", in->name,
                   (unsigned long long)length);
    return TS_LIMIT;
  }
  r = ts_input_read(ctx, in, at, dict, length);
  if (r == TS_OK) {
    reader rd = {.ctx = ctx, .name = in->name, .at = dict, .end = dict + length, .h = h};
    r = read_dict(&rd);
  }
  free(dict);
  *data_at = at + length;
  return r == TS_OK ? check_size(ctx, in, *data_at, h) : r;
}

static ts_result read_npy(ts_context *ctx, const ts_input *in, ts_array *out) {
  npy_header h = {0};
  uint64_t at = 0;
  ts_result r = read_header(ctx, in, &h, &at);
  if (r == TS_OK) r = ts_array_create(ctx, h.dtype, h.rank, h.dims, out);
  if (r == TS_OK) r = ts_input_read_array(ctx, in, at, h.swapped, h.fortran, out);
  if (r != TS_OK) ts_array_drop(ctx, out);
  return r;
}

ts_result ts_npy_read_bytes(ts_context *ctx, const char *name, const void *bytes, size_t n,
                            ts_array *out) {
  ts_input in;
  *out = (ts_array){0};
  ts_input_of_bytes(ctx, name, bytes, n, &in);
  ts_result r = read_npy(ctx, &in, out);
  ts_input_close(ctx, &in);
  return r;
}

ts_result ts_npy_read(ts_context *ctx, const char *path, ts_array *out) {
  ts_input in;
  *out = (ts_array){0};
  ts_result r = ts_input_open(ctx, path, &in);
  if (r != TS_OK) return r;
  r = read_npy(ctx, &in, out);
  ts_input_close(ctx, &in);
  return r;
}

static const char *type_code(ts_dtype dtype) {
  if (dtype == TS_INDEX) dtype = TS_I64;
  for (size_t i = 0; i < ts_countof(npy_types); i++)
    if (npy_types[i].dtype == dtype) return npy_types[i].code;
  ts_unreachable("a type without a .npy code");
}

/* Version 1.0, padded so that the elements start at a multiple of 64 as NumPy's do. */
static size_t format_header(const ts_array *a, char *out, size_t size) {
  char order = ts_dtype_bytes(a->dtype) == 1 ? '|' : '<';
  size_t n = 10;
  n += (size_t)snprintf(out + n, size - n, "{'descr': '%c%s', 'fortran_order': False, 'shape': (",
                        order, type_code(a->dtype));
  for (unsigned i = 0; i < a->rank; i++)
    n += (size_t)snprintf(out + n, size - n, "%s%lld", i ? ", " : "", (long long)a->dims[i]);
  n += (size_t)snprintf(out + n, size - n, "%s), }", a->rank == 1 ? "," : "");
  while (n % 64 != 63)
    out[n++] = ' ';
  out[n++] = '\n';
  memcpy(out, "\x93NUMPY\1\0", 8);
  out[8] = (char)((n - 10) & 0xff);
  out[9] = (char)((n - 10) >> 8);
  return n;
}

ts_result ts_npy_write(ts_context *ctx, const char *path, const ts_array *a) {
  char header[1024]; /* 16 extents of 19 digits and the words between take less than 500 bytes */
  ts_array_file out;
  ts_result r = ts_array_file_open(ctx, path, &out);
  if (r != TS_OK) return r;
  ts_array_file_write(&out, header, format_header(a, header, sizeof header));
  ts_array_file_write(&out, a->data, (size_t)ts_array_count(a) * ts_dtype_bytes(a->dtype));
  return ts_array_file_close(ctx, &out);
}
