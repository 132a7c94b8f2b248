/* Constants that loops read from memory: globals, and what fetches them. */
#include "transforms/lower/lower_impl.h"

/* ---- names at module level ---- */

static bool is_symbol(ts_lower *L, ts_str name) {
  return ts_func_find(L->m, name) || ts_global_find(L->m, name);
}

/* @FUNCTION_base, with _1, _2 … added where the module has that name. The numbers go up through the
 * whole function, so that finding a free one stays cheap. */
static ts_str global_name(ts_lower *L, const char *base) {
  const char *full = ts_sprintf(L->scratch, "%s_%s", ts_str_text(L->m, L->func->name), base);
  ts_str name = ts_intern(&L->m->strings, full);
  while (is_symbol(L, name))
    name = ts_intern(&L->m->strings, ts_sprintf(L->scratch, "%s_%u", full, ++L->num_renamed));
  return name;
}

static ts_value *get_global(ts_lower *L, ts_global *g) {
  ts_value *v = ts_build(&L->b, TS_OP_GLOBAL, g->type, 0, NULL);
  ts_attr_set(L->m, v->def, (ts_attr){.key = TS_ATTR_CALLEE, .word = g->name});
  return v;
}

ts_value *ts_lower_table(ts_lower *L, const char *name, unsigned n, const double *values) {
  double *bytes = ts_new_array(&L->m->arena, double, n);
  memcpy(bytes, values, n * sizeof *bytes);
  ts_data *data = ts_new(&L->m->arena, ts_data);
  *data = (ts_data){.form = TS_DATA_DENSE, .bytes = bytes, .num_bytes = n * sizeof *bytes};
  ts_extent extent = n;
  const ts_type *type = ts_type_buffer(L->m, 1, &extent, TS_F64, TS_SPACE_GLOBAL);
  ts_value *v = get_global(L, ts_global_create(L->m, global_name(L, name), L->b.loc, type, data));
  v->name = ts_intern(&L->m->strings, ts_sprintf(L->scratch, "%ss", name));
  return v;
}

/* ---- constants ---- */

const ts_type *ts_lower_buffer_type(ts_lower *L, const ts_type *t) {
  return ts_type_buffer(L->m, t->rank, t->dims, t->dtype, TS_SPACE_GLOBAL);
}

bool ts_lower_is_const(const ts_value *v) {
  return v->kind == TS_VALUE_RESULT && v->def->opcode == TS_OP_CONST;
}

/* A constant's own name, or c0, c1, … where it has only a number. */
static const char *const_name(ts_lower *L, const ts_value *v) {
  if (ts_lower_has_word(L, v)) return ts_str_text(L->m, v->name);
  return ts_sprintf(L->scratch, "c%u", L->num_consts++);
}

void ts_lower_fetch_const(ts_lower *L, ts_value *v) {
  const char *base = const_name(L, v);
  const ts_data *data = ts_attr_find(v->def, TS_ATTR_VALUE)->data;
  ts_global *g = ts_global_create(L->m, global_name(L, base), v->def->loc,
                                  ts_lower_buffer_type(L, v->type), data);
  ts_value *buffer = get_global(L, g);
  buffer->name = v->name;
  ts_ptrmap_put(&L->buffers, v, buffer);
}
