/* Actions for types and for the data of consts and globals. */
#include "syntax/parser_impl.h"

static bool word_is(ts_parser *p, ts_str word, const char *text) {
  const struct ts_interned *e = ts_interned_of(&p->m->strings, word);
  return e->len == strlen(text) && memcmp(e->text, text, e->len) == 0;
}

void ts_parse_extent(ts_parser *p, ts_extent e, ts_loc loc) {
  if (e == 0) {
    ts_error(p->ctx, loc, "an extent is at least 1");
    e = 1;
  }
  if (p->shape_rank == TS_MAX_RANK) {
    ts_error(p->ctx, loc, "more than %d dimensions", TS_MAX_RANK);
    return;
  }
  p->shape[p->shape_rank++] = e;
}

const ts_type *ts_parse_vector(ts_parser *p, ts_extent lanes, ts_dtype d, ts_loc loc) {
  if (lanes < 0)
    ts_error(p->ctx, loc, "a vector's width is a number");
  else if (lanes == 0 || lanes > 4096)
    ts_error(p->ctx, loc, "a vector has 1 to 4096 elements, not %lld", (long long)lanes);
  else
    return ts_type_vector(p->m, lanes, d);
  return ts_type_vector(p->m, 1, d);
}

void ts_parse_memref_begin(ts_parser *p) {
  p->space = TS_SPACE_GLOBAL;
  p->layout = TS_LAYOUT_ROWMAJOR;
  p->num_layout_args = 0;
  p->has_space = false;
}

void ts_parse_layout_arg(ts_parser *p, ts_number n) {
  if (p->num_layout_args == TS_MAX_RANK) {
    ts_error(p->ctx, ts_number_loc(n), "more than %d strides", TS_MAX_RANK);
    return;
  }
  p->layout_args[p->num_layout_args++] = ts_parse_int(p, n, 1, "a layout's number");
}

static void set_space(ts_parser *p, ts_space space, ts_loc loc) {
  if (p->has_space) ts_error(p->ctx, loc, "a memref is in one space");
  p->has_space = true;
  p->space = space;
}

static void set_layout(ts_parser *p, ts_layout layout, ts_loc loc) {
  if (p->layout != TS_LAYOUT_ROWMAJOR) ts_error(p->ctx, loc, "a memref has one layout");
  p->layout = layout;
  if (layout != TS_LAYOUT_STRIDES && p->num_layout_args != 1) {
    ts_error(p->ctx, loc, "pad and swizzle take one number");
    p->layout = TS_LAYOUT_ROWMAJOR;
    p->num_layout_args = 0;
  }
}

void ts_parse_memref_word(ts_parser *p, ts_str word, bool has_args, ts_loc loc) {
  if (!has_args && word_is(p, word, "global"))
    set_space(p, TS_SPACE_GLOBAL, loc);
  else if (!has_args && word_is(p, word, "shared"))
    set_space(p, TS_SPACE_SHARED, loc);
  else if (!has_args && word_is(p, word, "local"))
    set_space(p, TS_SPACE_LOCAL, loc);
  else if (has_args && word_is(p, word, "pad"))
    set_layout(p, TS_LAYOUT_PAD, loc);
  else if (has_args && word_is(p, word, "swizzle"))
    set_layout(p, TS_LAYOUT_SWIZZLE, loc);
  else if (has_args && word_is(p, word, "strides"))
    set_layout(p, TS_LAYOUT_STRIDES, loc);
  else
    ts_error(p->ctx, loc,
             "after a memref's element comes shared, local, pad(n), swizzle(n) or strides(…)");
}

const ts_type *ts_parse_type_end(ts_parser *p, ts_type_kind kind, ts_dtype d, const ts_type *elem,
                                 ts_loc loc) {
  const ts_type *t;
  if (kind == TS_TYPE_MEMREF && p->layout == TS_LAYOUT_STRIDES &&
      p->num_layout_args != p->shape_rank) {
    ts_error(p->ctx, loc, "%u strides for %u dimensions", p->num_layout_args, p->shape_rank);
    p->layout = TS_LAYOUT_ROWMAJOR;
    p->num_layout_args = 0;
  }
  if (kind == TS_TYPE_TENSOR)
    t = ts_type_tensor(p->m, p->shape_rank, p->shape, d);
  else
    t = ts_type_memref(p->m, p->shape_rank, p->shape, d, elem, p->space, p->layout,
                       p->num_layout_args, p->layout_args);
  if (ts_type_num_elements(t) >= 0) return t;
  ts_error(p->ctx, loc, "the number of elements is past the range of 64 bits");
  return ts_type_error(p->m);
}

const ts_type *ts_parse_fragment(ts_parser *p, ts_number k, ts_str role, ts_dtype d, ts_loc loc) {
  int64_t mnk[3] = {1, 1, ts_parse_int(p, k, 1, "an extent")};
  ts_frag_role r = word_is(p, role, "a")   ? TS_FRAG_A
                   : word_is(p, role, "b") ? TS_FRAG_B
                                           : TS_FRAG_C;
  if (r == TS_FRAG_C && !word_is(p, role, "c"))
    ts_error(p->ctx, loc, "a fragment's role is a, b or c");
  bool bounded = mnk[2] <= 1024;
  if (p->shape_rank != 2) {
    ts_error(p->ctx, loc, "a fragment's shape is MxNxK");
  } else {
    for (int i = 0; i < 2; i++) {
      mnk[i] = p->shape[i];
      bounded &= mnk[i] >= 1 && mnk[i] <= 1024;
    }
  }
  if (bounded) return ts_type_fragment(p->m, mnk, r, d);
  ts_error(p->ctx, loc, "a fragment's extents are numbers from 1 to 1024");
  return ts_type_error(p->m);
}

/* ---- data ---- */

void ts_parse_list_open(ts_parser *p, ts_loc loc) {
  if (p->list_depth > 0) p->list_counts[p->list_depth - 1]++;
  if (p->list_depth == TS_MAX_RANK) {
    if (!p->list_ragged) ts_error(p->ctx, loc, "lists nest deeper than %d", TS_MAX_RANK);
    p->list_ragged = true;
    p->list_too_deep++;
    return;
  }
  p->list_counts[p->list_depth++] = 0;
}

/* Numbers stand at one depth only, which is the rank. */
void ts_parse_list_number(ts_parser *p, ts_number n) {
  if (p->list_too_deep) return;
  if (p->list_rank == 0) p->list_rank = p->list_depth;
  if (p->list_rank != p->list_depth) p->list_ragged = true;
  p->list_counts[p->list_depth - 1]++;
  ts_push(&p->scratch, &p->numbers, n);
}

void ts_parse_list_close(ts_parser *p) {
  if (p->list_too_deep) {
    p->list_too_deep--;
    return;
  }
  unsigned d = --p->list_depth;
  if (p->list_dims[d] == 0) p->list_dims[d] = p->list_counts[d];
  if (p->list_dims[d] != p->list_counts[d]) p->list_ragged = true;
}

static bool shape_matches(const ts_parser *p, const ts_type *t) {
  if (p->list_ragged || p->list_rank != t->rank || t->elem) return false;
  for (unsigned i = 0; i < t->rank; i++)
    if (t->dims[i] != p->list_dims[i]) return false;
  return true;
}

static bool store_numbers(ts_parser *p, ts_dtype d, char *bytes) {
  for (size_t i = 0; i < p->numbers.n; i++) {
    ts_number n = p->numbers.at[i];
    uint64_t image;
    bool wide = n.form == TS_NUMBER_INT && n.bits > INT64_MAX && !n.negative;
    bool zero = n.form == TS_NUMBER_FLOAT && n.bits == 1ull << 63 && !ts_is_float(d);
    if (zero) n = ts_number_make(TS_NUMBER_INT, 0, ts_number_loc(n)); /* -0 */
    if (wide || !ts_number_image(d, n.form, n.bits, &image)) {
      ts_error(p->ctx, ts_number_loc(n), "the number does not fit %s", ts_dtype_name(d));
      return false;
    }
    ts_number_store(d, image, bytes + i * ts_dtype_bytes(d));
  }
  return true;
}

const ts_data *ts_parser_data(ts_parser *p, const ts_type *t, bool is_splat, ts_loc loc) {
  ts_data *data = ts_new(&p->m->arena, ts_data);
  if (t->kind == TS_TYPE_ERROR) return NULL;
  if (t->kind == TS_TYPE_FRAGMENT) {
    ts_error(p->ctx, loc, "a const cannot be a fragment; write a splat");
    return NULL;
  }
  if (p->symbol.name) {
    data->form = TS_DATA_FILE;
    data->path = ts_strdup(&p->m->arena, ts_parser_text(p, p->symbol.name));
    return data;
  }
  data->form = is_splat ? TS_DATA_SPLAT : TS_DATA_DENSE;
  if (!is_splat && !shape_matches(p, t)) {
    ts_error(p->ctx, loc, "the list's shape is not that of %s", t->text);
    return NULL;
  }
  data->num_bytes = p->numbers.n * ts_dtype_bytes(t->dtype);
  char *bytes = ts_arena_alloc(&p->m->arena, data->num_bytes ? data->num_bytes : 1);
  data->bytes = bytes;
  return store_numbers(p, t->dtype, bytes) ? data : NULL;
}

void ts_parse_global(ts_parser *p, ts_named name, const ts_type *type, bool is_splat, ts_loc loc) {
  const ts_data *data = ts_parser_data(p, type, is_splat, loc);
  ts_parser_check_name(p, name, "global");
  if (type->kind != TS_TYPE_MEMREF && type->kind != TS_TYPE_ERROR)
    ts_error(p->ctx, loc, "a global is a memref, not %s", type->text);
  else if (data)
    ts_parser_comment_item(p, ts_global_create(p->m, name.name, name.loc, type, data), loc.begin,
                           loc.end);
  ts_parser_forget_head(p);
}
