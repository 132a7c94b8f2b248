/* safetensors files: an 8-byte little-endian header length, a JSON object of name → {dtype, shape,
 * data_offsets}, then the bytes of all tensors (the format's README at huggingface/safetensors).
 *
 * The whole header is checked, whichever tensor is asked for: every extent in range, every size
 * right for its type and shape, and the tensors in the order of their offsets neither overlapping
 * nor leaving holes, so that no byte of the file is read under two names or hides from every
 * reader. */
#include <stdlib.h>

#include <jansson.h>

#include "data/file_impl.h"

enum { MAX_HEADER = 16 << 20 }; /* some 100 000 tensors */

/* Types of the format; those without a counterpart here have dtype TS_NUM_DTYPES. */
static const struct {
  const char *name;
  unsigned bytes;
  ts_dtype dtype;
} st_types[] = {{"F64", 8, TS_F64},
                {"F32", 4, TS_F32},
                {"F16", 2, TS_F16},
                {"BF16", 2, TS_BF16},
                {"I64", 8, TS_I64},
                {"I32", 4, TS_I32},
                {"I8", 1, TS_I8},
                {"BOOL", 1, TS_I1},
                {"U8", 1, TS_NUM_DTYPES},
                {"I16", 2, TS_NUM_DTYPES},
                {"U16", 2, TS_NUM_DTYPES},
                {"U32", 4, TS_NUM_DTYPES},
                {"U64", 8, TS_NUM_DTYPES},
                {"C64", 8, TS_NUM_DTYPES},
                {"F8_E5M2", 1, TS_NUM_DTYPES},
                {"F8_E4M3", 1, TS_NUM_DTYPES},
                {"F8_E8M0", 1, TS_NUM_DTYPES}};

typedef struct st_entry {
  const char *name;
  json_t *shape;
  unsigned type; /* of st_types */
  uint64_t begin, end;
} st_entry;

typedef struct st_file {
  ts_context *ctx;
  const ts_input *in;
  uint64_t data_at, data_bytes;
  json_t *root;
  st_entry *entries;
  size_t n;
} st_file;

/* Names come from the file: cut, so that a message stays a line. */
#define NAME_ARGS(name) (int)strnlen((name), 80), (name)

static ts_result bad_tensor(st_file *f, const char *name, const char *what) {
  return ts_error_plain(f->ctx, "%s: tensor '%.*s': %s", f->in->name, NAME_ARGS(name), what);
}

static ts_result read_type(st_file *f, st_entry *e, const json_t *value) {
  const char *text = json_string_value(value);
  if (!text) return bad_tensor(f, e->name, "the dtype should be a string such as \"F32\"");
  for (e->type = 0; e->type < ts_countof(st_types); e->type++)
    if (strcmp(text, st_types[e->type].name) == 0) return TS_OK;
  return ts_error_plain(f->ctx, "%s: tensor '%.*s': unknown dtype \"%.*s\"", f->in->name,
                        NAME_ARGS(e->name), NAME_ARGS(text));
}

/* The bytes that type and shape call for. */
static ts_result needed_bytes(st_file *f, const st_entry *e, uint64_t *need) {
  uint64_t bytes = st_types[e->type].bytes;
  bool empty = false;
  for (size_t i = 0; i < json_array_size(e->shape); i++) {
    const json_t *extent = json_array_get(e->shape, i);
    if (!json_is_integer(extent) || json_integer_value(extent) < 0)
      return bad_tensor(f, e->name, "an extent should be an integer of at least 0");
    uint64_t x = (uint64_t)json_integer_value(extent);
    if (x == 0)
      empty = true;
    else if (__builtin_mul_overflow(bytes, x, &bytes) || bytes > INT64_MAX)
      return bad_tensor(f, e->name, "its size is past int64");
  }
  *need = empty ? 0 : bytes;
  return TS_OK;
}

static ts_result read_offsets(st_file *f, st_entry *e, const json_t *value) {
  const json_t *begin = json_array_get(value, 0), *end = json_array_get(value, 1);
  if (json_array_size(value) != 2 || !json_is_integer(begin) || !json_is_integer(end))
    return bad_tensor(f, e->name, "data_offsets should be two integers");
  json_int_t b = json_integer_value(begin), z = json_integer_value(end);
  if (b < 0 || z < b || (uint64_t)z > f->data_bytes)
    return ts_error_plain(f->ctx,
                          "%s: tensor '%.*s': offsets %lld to %lld do not lie in the %llu bytes of "
                          "data",
                          f->in->name, NAME_ARGS(e->name), (long long)b, (long long)z,
                          (unsigned long long)f->data_bytes);
  e->begin = (uint64_t)b;
  e->end = (uint64_t)z;
  return TS_OK;
}

static ts_result read_entry(st_file *f, st_entry *e, json_t *value) {
  if (!json_is_object(value) || json_object_size(value) != 3 || !json_object_get(value, "dtype") ||
      !json_object_get(value, "shape") || !json_object_get(value, "data_offsets"))
    return bad_tensor(f, e->name, "should have exactly dtype, shape and data_offsets");
  e->shape = json_object_get(value, "shape");
  if (!json_is_array(e->shape)) return bad_tensor(f, e->name, "the shape should be an array");
  uint64_t need = 0;
  ts_result r = read_type(f, e, json_object_get(value, "dtype"));
  if (r == TS_OK) r = needed_bytes(f, e, &need);
  if (r == TS_OK) r = read_offsets(f, e, json_object_get(value, "data_offsets"));
  if (r != TS_OK || need == e->end - e->begin) return r;
  return ts_error_plain(
      f->ctx, "%s: tensor '%.*s': dtype and shape call for %llu bytes, its offsets for %llu",
      f->in->name, NAME_ARGS(e->name), (unsigned long long)need,
      (unsigned long long)(e->end - e->begin));
}

static ts_result check_metadata(st_file *f, json_t *metadata) {
  const char *key;
  json_t *value;
  bool good = json_is_object(metadata);
  json_object_foreach(metadata, key, value) good = good && json_is_string(value);
  if (good) return TS_OK;
  return ts_error_plain(f->ctx, "%s: __metadata__ should be an object of strings", f->in->name);
}

static int by_offset(const void *a, const void *b) {
  const st_entry *x = a, *y = b;
  if (x->begin != y->begin) return x->begin < y->begin ? -1 : 1;
  if (x->end != y->end) return x->end < y->end ? -1 : 1;
  return strcmp(x->name, y->name);
}

static ts_result check_extents(st_file *f) {
  uint64_t at = 0;
  qsort(f->entries, f->n, sizeof *f->entries, by_offset);
  for (size_t i = 0; i < f->n; i++) {
    const st_entry *e = &f->entries[i];
    if (e->begin < at)
      return ts_error_plain(f->ctx, "%s: tensors '%.*s' and '%.*s' overlap", f->in->name,
                            NAME_ARGS(f->entries[i - 1].name), NAME_ARGS(e->name));
    if (e->begin > at) return bad_tensor(f, e->name, "a hole lies before its data");
    at = e->end;
  }
  if (at == f->data_bytes) return TS_OK;
  return ts_error_plain(f->ctx, "%s: %llu bytes of data belong to no tensor", f->in->name,
                        (unsigned long long)(f->data_bytes - at));
}

static ts_result read_entries(st_file *f) {
  const char *name;
  json_t *value;
  f->entries = calloc(json_object_size(f->root) + 1, sizeof *f->entries);
  if (!f->entries) {
    ts_error_plain(f->ctx, "%s: no memory for its header", f->in->name);
    return TS_LIMIT;
  }
  json_object_foreach(f->root, name, value) {
    bool metadata = strcmp(name, "__metadata__") == 0;
    if (!metadata) f->entries[f->n++].name = name;
    ts_result r = metadata ? check_metadata(f, value) : read_entry(f, &f->entries[f->n - 1], value);
    if (r != TS_OK) return r;
  }
  return check_extents(f);
}

static ts_result parse_json(st_file *f, const char *text, size_t n) {
  json_error_t error;
  f->root = json_loadb(text, n, JSON_REJECT_DUPLICATES, &error);
  if (!f->root)
    return ts_error_plain(f->ctx, "%s: the header is not JSON: byte %d: %.*s", f->in->name,
                          error.position, NAME_ARGS(error.text));
  if (!json_is_object(f->root))
    return ts_error_plain(f->ctx, "%s: the header should be a JSON object", f->in->name);
  return TS_OK;
}

static ts_result locate_header(st_file *f, uint64_t *length) {
  const ts_input *in = f->in;
  unsigned char lead[8];
  if (in->size < sizeof lead)
    return ts_error_plain(f->ctx, "%s: not a safetensors file, which starts with 8 bytes of length",
                          in->name);
  ts_result r = ts_input_read(f->ctx, in, 0, lead, sizeof lead);
  if (r != TS_OK) return r;
  *length = 0;
  for (int i = 7; i >= 0; i--)
    *length = *length << 8 | lead[i];
  if (*length > in->size - sizeof lead)
    return ts_error_plain(f->ctx, "%s: a header of %llu bytes is announced, but only %llu follow",
                          in->name, (unsigned long long)*length,
                          (unsigned long long)in->size - sizeof lead);
  if (*length > MAX_HEADER)
    return ts_error_plain(f->ctx, "%s: a header of %llu bytes is over the limit of %d", in->name,
                          (unsigned long long)*length, MAX_HEADER);
  f->data_at = sizeof lead + *length;
  f->data_bytes = in->size - f->data_at;
  return TS_OK;
}

static ts_result read_header(st_file *f) {
  uint64_t length = 0;
  ts_result r = locate_header(f, &length);
  if (r != TS_OK) return r;
  char *text = malloc(length + 1);
  if (!text) {
    ts_error_plain(f->ctx, "%s: no memory for its header", f->in->name);
    return TS_LIMIT;
  }
  r = ts_input_read(f->ctx, f->in, 8, text, length);
  if (r == TS_OK) r = parse_json(f, text, length);
  free(text);
  return r == TS_OK ? read_entries(f) : r;
}

/* The names there are, for the message: a few of many. */
static ts_result no_such_tensor(st_file *f, const char *name) {
  ts_error_plain(f->ctx, "%s: no tensor '%.*s' among its %zu", f->in->name, NAME_ARGS(name), f->n);
  for (size_t i = 0; i < f->n && i < 8; i++)
    ts_note_plain(f->ctx, "it holds '%.*s'", NAME_ARGS(f->entries[i].name));
  return TS_ERR;
}

static ts_result find_entry(st_file *f, const char *name, const st_entry **out) {
  if (!name && f->n != 1)
    return ts_error_plain(f->ctx, "%s: holds %zu tensors; choose one by #name", f->in->name, f->n);
  for (size_t i = 0; i < f->n; i++) {
    *out = &f->entries[i];
    if (!name || strcmp(name, f->entries[i].name) == 0) return TS_OK;
  }
  return no_such_tensor(f, name);
}

static ts_result read_tensor(st_file *f, const st_entry *e, ts_array *out) {
  int64_t dims[TS_MAX_RANK];
  size_t rank = json_array_size(e->shape);
  ts_dtype dtype = st_types[e->type].dtype;
  if (dtype == TS_NUM_DTYPES)
    return ts_error_plain(
        f->ctx,
        "%s: tensor '%.*s': dtype %s has no counterpart here; F64 F32 F16 BF16 I64 I32 I8 "
        "and BOOL do, so convert it first, as with t.to(torch.int32)",
        f->in->name, NAME_ARGS(e->name), st_types[e->type].name);
  if (rank > TS_MAX_RANK)
    return ts_error_plain(f->ctx, "%s: tensor '%.*s': rank %zu is over %d", f->in->name,
                          NAME_ARGS(e->name), rank, TS_MAX_RANK);
  for (size_t i = 0; i < rank; i++)
    dims[i] = json_integer_value(json_array_get(e->shape, i));
  ts_result r = ts_array_create(f->ctx, dtype, (unsigned)rank, dims, out);
  if (r == TS_OK) r = ts_input_read_array(f->ctx, f->in, f->data_at + e->begin, false, false, out);
  if (r != TS_OK) ts_array_drop(f->ctx, out);
  return r;
}

static ts_result read_safetensors(ts_context *ctx, const ts_input *in, const char *name,
                                  ts_array *out) {
  st_file f = {.ctx = ctx, .in = in};
  const st_entry *e = NULL;
  ts_result r = read_header(&f);
  if (r == TS_OK) r = find_entry(&f, name, &e);
  if (r == TS_OK) r = read_tensor(&f, e, out);
  free(f.entries);
  json_decref(f.root);
  return r;
}

ts_result ts_safetensors_read(ts_context *ctx, const char *path, const char *name, ts_array *out) {
  ts_input in;
  *out = (ts_array){0};
  ts_result r = ts_input_open(ctx, path, &in);
  if (r != TS_OK) return r;
  r = read_safetensors(ctx, &in, name, out);
  ts_input_close(ctx, &in);
  return r;
}

ts_result ts_safetensors_read_bytes(ts_context *ctx, const char *file_name, const void *bytes,
                                    size_t n, const char *name, ts_array *out) {
  ts_input in;
  *out = (ts_array){0};
  ts_input_of_bytes(ctx, file_name, bytes, n, &in);
  ts_result r = read_safetensors(ctx, &in, name, out);
  ts_input_close(ctx, &in);
  return r;
}

/* ---- writing ---- */

static const char *type_name(ts_dtype dtype) {
  if (dtype == TS_INDEX) dtype = TS_I64;
  for (size_t i = 0; i < ts_countof(st_types); i++)
    if (st_types[i].dtype == dtype) return st_types[i].name;
  ts_unreachable("a type without a safetensors name");
}

static size_t array_bytes(const ts_array *a) {
  return (size_t)ts_array_count(a) * ts_dtype_bytes(a->dtype);
}

/* Adds one tensor to the header; false when there is no memory or the name is taken or not
 * UTF-8. */
static bool describe(json_t *root, const char *name, const ts_array *a, uint64_t at) {
  json_t *shape = json_array();
  for (unsigned i = 0; i < a->rank; i++)
    json_array_append_new(shape, json_integer(a->dims[i]));
  json_t *entry = json_pack("{s:s, s:o, s:[I, I]}", "dtype", type_name(a->dtype), "shape", shape,
                            "data_offsets", (json_int_t)at, (json_int_t)(at + array_bytes(a)));
  bool taken = json_object_get(root, name) != NULL;
  if (taken) json_decref(entry);
  return entry && !taken && json_object_set_new(root, name, entry) == 0;
}

/* Wide types first, so that every tensor is aligned to its type. */
static void in_layout_order(unsigned n, const ts_array *arrays, unsigned *order) {
  unsigned k = 0;
  for (unsigned width = 8; width > 0; width /= 2)
    for (unsigned i = 0; i < n; i++)
      if (ts_dtype_bytes(arrays[i].dtype) == width) order[k++] = i;
}

static ts_result write_parts(ts_context *ctx, const char *path, const char *json, unsigned n,
                             const unsigned *order, const ts_array *arrays) {
  ts_array_file out;
  ts_result r = ts_array_file_open(ctx, path, &out);
  if (r != TS_OK) return r;
  size_t length = strlen(json), padded = (length + 7) / 8 * 8;
  unsigned char lead[8];
  for (int i = 0; i < 8; i++)
    lead[i] = (unsigned char)(padded >> 8 * i);
  ts_array_file_write(&out, lead, sizeof lead);
  ts_array_file_write(&out, json, length);
  ts_array_file_write(&out, "       ", padded - length);
  for (unsigned i = 0; i < n; i++)
    ts_array_file_write(&out, arrays[order[i]].data, array_bytes(&arrays[order[i]]));
  return ts_array_file_close(ctx, &out);
}

ts_result ts_safetensors_write(ts_context *ctx, const char *path, unsigned n,
                               const char *const *names, const ts_array *arrays) {
  unsigned *order = calloc(n + 1, sizeof *order);
  json_t *root = json_object();
  bool good = order && root;
  if (good) in_layout_order(n, arrays, order);
  uint64_t at = 0;
  const char *bad = NULL;
  for (unsigned i = 0; good && i < n; i++) {
    good = describe(root, names[order[i]], &arrays[order[i]], at);
    if (!good) bad = names[order[i]];
    at += array_bytes(&arrays[order[i]]);
  }
  char *json = good ? json_dumps(root, JSON_COMPACT) : NULL;
  ts_result r = json ? write_parts(ctx, path, json, n, order, arrays) : TS_ERR;
  free(json);
  json_decref(root);
  free(order);
  if (bad)
    return ts_error_plain(ctx, "%s: '%.*s' cannot be a tensor's name: it is taken or not UTF-8",
                          path, NAME_ARGS(bad));
  if (!json) ts_error_plain(ctx, "%s: no memory for its header", path);
  return json ? r : TS_LIMIT;
}
