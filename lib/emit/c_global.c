/* The C emitter: module-level constant data. Small data is printed; larger data is handed over, by
 * the caller of an entry, or is declared for the user to define. */
#include <inttypes.h>

#include "data/global.h"
#include "emit/c_emit.h"

enum { HIDDEN_BYTES = 4 << 10, PRINTED_BYTES = 64 << 10 };

typedef struct ts_c_global {
  const char *name;
  bool used;
} ts_c_global;

static int64_t count_of(const ts_type *t) {
  int64_t n = ts_type_num_elements(t);
  return n * (t->elem ? t->elem->dims[0] : 1);
}

static int64_t bytes_of(const ts_global *g) {
  int64_t n = count_of(g->type), bytes;
  return __builtin_mul_overflow(n, (int64_t)ts_dtype_bytes((ts_dtype)g->type->dtype), &bytes)
             ? INT64_MAX
             : bytes;
}

bool ts_emit_c_is_hidden(const ts_global *g) {
  return g->data->form == TS_DATA_FILE || bytes_of(g) > HIDDEN_BYTES;
}

/* Comes as a parameter. */
static bool is_hidden(const ts_c_emit *e, const ts_global *g) {
  return e->options->entries && ts_emit_c_is_hidden(g);
}

static bool is_printed(const ts_c_emit *e, const ts_global *g) {
  return !is_hidden(e, g) && bytes_of(g) <= PRINTED_BYTES;
}

void ts_c_name_globals(ts_c_emit *e) {
  for (const ts_global *g = e->m->first_global; g; g = g->next) {
    ts_c_global *mine = ts_new(e->arena, ts_c_global);
    mine->name = ts_c_unique(e, ts_str_text(e->m, g->name));
    ts_ptrmap_put(&e->globals, g, mine);
  }
}

void ts_c_reserve_globals(ts_c_emit *e) {
  for (const ts_global *g = e->m->first_global; g; g = g->next)
    ts_c_reserve(e, ((const ts_c_global *)ts_ptrmap_get(&e->globals, g))->name);
}

const char *ts_c_global_name(ts_c_emit *e, const ts_global *g) {
  ts_c_global *mine = ts_ptrmap_get(&e->globals, g);
  mine->used = true;
  if (is_hidden(e, g)) ts_c_nest_global(e, g, mine->name);
  bool united = g->type->dtype == TS_F16 && is_printed(e, g);
  return united ? ts_sprintf(e->arena, "%s.at", mine->name) : mine->name;
}

void ts_c_add_hidden(ts_c_emit *e, ts_c_out *list, bool params) {
  for (const ts_global *g = e->m->first_global; g; g = g->next) {
    if (!is_hidden(e, g)) continue;
    const ts_c_global *mine = ts_ptrmap_get(&e->globals, g);
    if (params)
      ts_c_list_add(e, list, ", ", "const %s *restrict %s",
                    ts_c_memory_type((ts_dtype)g->type->dtype), mine->name);
    else {
      ts_c_nest_global(e, g, mine->name);
      ts_c_list_add(e, list, ", ", "%s", mine->name);
    }
  }
  if (!e->options->stoppable) return;
  if (!params) e->nest_polls = true;
  ts_c_list_add(e, list, ", ", params ? "const int32_t *ts_stop" : "ts_stop");
}

/* ---- initialisers ---- */

static const char *element(ts_c_emit *e, ts_dtype d, const void *at) {
  if (ts_c_narrow(d)) {
    uint16_t bits;
    memcpy(&bits, at, sizeof bits);
    return ts_sprintf(e->arena, "0x%04x", bits);
  }
  uint64_t image = ts_number_load(d, at);
  if (d == TS_I1) return image ? "1" : "0";
  ts_type scalar = {.kind = TS_TYPE_SCALAR, .dtype = (uint8_t)d};
  return ts_c_literal(e, ts_c_rep_of_type(&scalar), d, image).s;
}

static void print_elements(ts_c_emit *e, ts_dtype d, const char *bytes, int64_t n) {
  size_t width = 2;
  ts_c_put(e, "\n ");
  for (int64_t i = 0; i < n; i++) {
    const char *text = element(e, d, bytes + (size_t)i * ts_dtype_bytes(d));
    width += strlen(text) + 2;
    if (width > 100) {
      ts_c_put(e, "\n ");
      width = 2 + strlen(text) + 2;
    }
    ts_c_printf(e, " %s,", text);
  }
  ts_c_put(e, "\n");
}

typedef struct reading {
  ts_c_emit *e;
  const ts_global *global;
  ts_array array;
} reading;

static ts_result print_file(void *arg) {
  reading *r = arg;
  const ts_global *g = r->global;
  ts_result result = ts_global_read(r->e->ctx, g, &r->array);
  if (result) return result;
  print_elements(r->e, (ts_dtype)g->type->dtype, r->array.data, count_of(g->type));
  return TS_OK;
}

static void drop_file(void *arg) {
  reading *r = arg;
  if (r->array.data) ts_array_drop(r->e->ctx, &r->array);
}

static void print_initialiser(ts_c_emit *e, const ts_global *g) {
  ts_dtype d = (ts_dtype)g->type->dtype;
  int64_t n = count_of(g->type);
  if (g->data->form == TS_DATA_SPLAT) {
    ts_c_printf(e, "[0 ... %" PRId64 "] = %s", n - 1, element(e, d, g->data->bytes));
  } else if (g->data->form == TS_DATA_DENSE) {
    print_elements(e, d, g->data->bytes, n);
  } else {
    reading r = {.e = e, .global = g};
    ts_result result = ts_protect_cleanup(e->ctx, print_file, drop_file, &r);
    if (result) e->result = result;
  }
}

static void print_global(ts_c_emit *e, const ts_global *g, const char *name) {
  ts_dtype d = (ts_dtype)g->type->dtype;
  int64_t n = count_of(g->type);
  ts_c_printf(e, "\n/* %s */\n", g->type->text);
  if (!is_printed(e, g)) {
    ts_c_printf(e, "extern const %s %s[%" PRId64 "]; /* its data is for you to define */\n",
                ts_c_memory_type(d), name, n);
    return;
  }
  if (d == TS_F16)
    ts_c_printf(e,
                "static const union {\n  uint16_t bits[%" PRId64 "];\n  ts_f16 at[%" PRId64
                "];\n} %s = {{",
                n, n, name);
  else
    ts_c_printf(e, "static const %s %s[%" PRId64 "] __attribute__((aligned(64))) = {",
                ts_c_memory_type(d), name, n);
  print_initialiser(e, g);
  ts_c_put(e, d == TS_F16 ? "}};\n" : "};\n");
}

void ts_c_print_globals(ts_c_emit *e) {
  for (const ts_global *g = e->m->first_global; g; g = g->next) {
    const ts_c_global *mine = ts_ptrmap_get(&e->globals, g);
    if (mine->used && !is_hidden(e, g)) print_global(e, g, mine->name);
  }
}
