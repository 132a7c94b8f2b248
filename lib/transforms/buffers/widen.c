/* widen: a buffer holds its elements in the type that they are converted to after each load.
 *
 * requires:  a buffer allocated in the function; every load of it is only used by a conversion, all to one wider
 *            type (extf, extsi), and it is written by stores alone.
 * preserves: every bit, since widening is exact.
 * rewrite:   %W.s = alloc : memref<768x64xf32>       %W.s = alloc : memref<768x64xf64>
 *            store %w, %W.s[…]                   →   %w.f64 = extf %w : f64   store %w.f64, %W.s[…]
 *            %a = load %W.s[…]  %b = extf %a         %b = load %W.s[…] : f64
 *
 * A packed panel is then converted once, where it is packed, rather than at each use. */
#include "transforms/loops/loops.h"
#include "transforms/rewrite/rewrite.h"

typedef struct widening {
  ts_opcode convert; /* extf or extsi */
  ts_dtype to;
  bool any;
} widening;

/* Does the value go nowhere but into conversions to one type? */
static bool only_converted(const ts_value *v, widening *w) {
  for (const ts_use *u = v->uses; u; u = u->next) {
    ts_opcode code = u->owner->opcode;
    if (code != TS_OP_EXTF && code != TS_OP_EXTSI) return false;
    ts_dtype to = ts_op_result(u->owner, 0)->type->dtype;
    if (w->any && to != w->to) return false;
    *w = (widening){.convert = code, .to = to, .any = true};
  }
  return true;
}

/* What keeps the buffer from being widened; NULL: nothing, and `w` says to what. */
static const ts_op *obstacle(const ts_value *buffer, widening *w) {
  for (const ts_use *u = buffer->uses; u; u = u->next) {
    const ts_op *op = u->owner;
    bool stores = op->opcode == TS_OP_STORE && u == &op->operands[1];
    bool loads = op->opcode == TS_OP_LOAD && only_converted(ts_op_result(op, 0), w);
    if (!stores && !loads && op->opcode != TS_OP_PREFETCH) return op;
  }
  return NULL;
}

static void widen_store(ts_module *m, ts_op *op, const widening *w) {
  ts_value *v = ts_operand(op, 0);
  const ts_type *type = ts_type_with_dtype(m, v->type, w->to);
  ts_constant n;
  ts_builder b = ts_builder_before(m, op);
  if (ts_is_literal(v) && ts_as_constant(v, &n))
    v = n.is_float ? ts_literal_float(m, type, n.f) : ts_literal_int(m, type, n.i);
  else
    v = ts_build1(&b, w->convert, type, v);
  ts_set_operand(op, 0, v);
}

static void widen_load(ts_arena *scratch, ts_module *m, ts_op *op, const widening *w) {
  ts_value *v = ts_op_result(op, 0);
  TS_VEC(ts_op *) conversions = {0};
  for (ts_use *u = v->uses; u; u = u->next)
    ts_push(scratch, &conversions, u->owner);
  ts_set_type(v, ts_type_with_dtype(m, v->type, w->to));
  for (size_t i = 0; i < conversions.n; i++) {
    ts_replace_all_uses(ts_op_result(conversions.at[i], 0), v);
    ts_op_erase(conversions.at[i]);
  }
}

static const ts_type *widened_type(ts_module *m, const ts_type *t, ts_dtype to) {
  const ts_type *elem = t->elem ? ts_type_with_dtype(m, t->elem, to) : NULL;
  return ts_type_memref(m, t->rank, t->dims, to, elem, t->space, t->layout, t->num_layout_args,
                        t->layout_args);
}

static ts_result widen(ts_pass_ctx *pass, ts_module *m, ts_op *alloc) {
  ts_value *buffer = ts_op_result(alloc, 0);
  const char *name = ts_str_text(m, buffer->name);
  widening w = {0};
  const ts_op *stop = obstacle(buffer, &w);
  if (stop || !w.any) {
    ts_error(m->ctx, alloc->loc,
             "cannot widen %%%s: not every load of it is converted to one wider type", name);
    if (stop) ts_note(m->ctx, stop->loc, "this %s stands in the way", ts_info(stop)->name);
    return TS_ERR;
  }
  TS_VEC(ts_op *) users = {0};
  for (ts_use *u = buffer->uses; u; u = u->next)
    ts_push(pass->scratch, &users, u->owner);
  ts_set_type(buffer, widened_type(m, buffer->type, w.to));
  for (size_t i = 0; i < users.n; i++) {
    if (users.at[i]->opcode == TS_OP_STORE) widen_store(m, users.at[i], &w);
    if (users.at[i]->opcode == TS_OP_LOAD) widen_load(pass->scratch, m, users.at[i], &w);
  }
  ts_remark(m->ctx, alloc->loc, pass->name, "passed",
            "%%%s holds %s: its elements are converted once", name, ts_dtype_name(w.to));
  ts_count(pass, "buffers widened", 1);
  pass->changed = true;
  return TS_OK;
}

typedef struct finder {
  ts_arena *scratch;
  ts_str name;
  TS_VEC(ts_op *) found;
} finder;

static void find(void *arg, ts_op *op) {
  finder *f = arg;
  if (op->opcode == TS_OP_ALLOC && ts_op_result(op, 0)->name == f->name)
    ts_push(f->scratch, &f->found, op);
}

ts_result ts_pass_widen(ts_pass_ctx *pass, ts_module *m, const void *options) {
  const ts_widen_options *o = options;
  for (size_t i = 0; i < o->buffers.items.n; i++) {
    const char *name = o->buffers.items.at[i].name;
    finder f = {.scratch = pass->scratch, .name = ts_intern_find(&m->strings, name, strlen(name))};
    ts_func *func = f.name ? ts_first_asked(m, o->func) : NULL;
    for (; func; func = ts_next_asked(func, o->func))
      ts_walk(func->body, find, &f);
    if (!f.found.n) return ts_error_plain(m->ctx, "no function allocates a buffer %%%s", name);
    for (size_t k = 0; k < f.found.n; k++) {
      ts_result result = widen(pass, m, f.found.at[k]);
      if (result) return result;
    }
  }
  return TS_OK;
}
