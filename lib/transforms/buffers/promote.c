/* promote: local buffers become what registers hold.
 *
 * requires:  a buffer in local memory that is only loaded from and stored to.
 * preserves: every bit.
 * rewrite:   all accesses are vectors of n that start at multiples of n:
 *              %acc = alloc : memref<6x64xf32, local>        %acc = alloc :
 * memref<6x4xvector<16xf32>, local> for %j = 0 to 64 step 16 {                 →  for %j = 0 to 4 {
 *                %s = load %acc[%i, %j] : vector<16xf32>       %s = load %acc[%i, %j] :
 * vector<16xf32> all subscripts are constant: store %x, %t[3]; %y = load %t[3]           →  %x for
 * %y Where a loop carries an element on, it stays in memory, in a buffer of one element. */
#include "transforms/buffers/promote_impl.h"

typedef struct candidates {
  ts_arena *scratch;
  TS_VEC(ts_op *) allocs;
} candidates;

static void collect(void *arg, ts_op *op) {
  candidates *c = arg;
  if (op->opcode == TS_OP_ALLOC && ts_op_result(op, 0)->type->space == TS_SPACE_LOCAL)
    ts_push(c->scratch, &c->allocs, op);
}

static bool is_named(const ts_module *m, const ts_loop_list *list, const ts_op *alloc, bool *seen) {
  for (size_t i = 0; i < list->items.n; i++) {
    const char *name = list->items.at[i].name;
    ts_str s = ts_intern_find(&m->strings, name, strlen(name));
    if (!s || ts_op_result(alloc, 0)->name != s) continue;
    seen[i] = true;
    return true;
  }
  return false;
}

static const char *name_of(const ts_module *m, const ts_op *alloc) {
  ts_str name = ts_op_result(alloc, 0)->name;
  return name ? ts_sprintf(&m->ctx->messages, "%%%s", ts_str_text(m, name)) : "this buffer";
}

/* A buffer that was named must go one way at least; others may stay as they are. */
static ts_result promote(ts_pass_ctx *pass, ts_func *func, ts_op *alloc, bool named) {
  ts_module *m = func->module;
  const ts_op *at_vectors = alloc, *at_values = alloc;
  const char *name = name_of(m, alloc);
  const char *no_vectors = ts_promote_vectors(pass, m, alloc, &at_vectors);
  const char *no_values = ts_promote_values(pass, func, alloc, &at_values);
  if (!no_vectors || !no_values) return TS_OK;
  if (!named) {
    ts_remark(m->ctx, alloc->loc, pass->name, "missed", "%s stays in memory: %s", name, no_values);
    return TS_OK;
  }
  ts_error(m->ctx, alloc->loc, "cannot promote %s to values: %s", name, no_values);
  if (at_values != alloc) ts_note(m->ctx, at_values->loc, "here");
  ts_note(m->ctx, at_vectors->loc, "nor to vectors: %s", no_vectors);
  return TS_ERR;
}

static ts_result promote_func(ts_pass_ctx *pass, ts_func *func, const ts_loop_list *list,
                              bool *seen) {
  candidates c = {.scratch = pass->scratch};
  ts_walk(func->body, collect, &c);
  for (size_t i = 0; i < c.allocs.n; i++) {
    bool named = is_named(func->module, list, c.allocs.at[i], seen);
    if (list->items.n && !named) continue;
    ts_result result = promote(pass, func, c.allocs.at[i], named);
    if (result) return result;
  }
  return TS_OK;
}

ts_result ts_pass_promote(ts_pass_ctx *pass, ts_module *m, const void *options) {
  const ts_promote_options *o = options;
  bool *seen = ts_new_array(pass->scratch, bool, o->buffers.items.n + 1);
  for (ts_func *f = ts_first_asked(m, o->func); f; f = ts_next_asked(f, o->func)) {
    ts_result result = promote_func(pass, f, &o->buffers, seen);
    if (result) return result;
  }
  for (size_t i = 0; i < o->buffers.items.n; i++)
    if (!seen[i])
      return ts_error_plain(m->ctx, "no function allocates a local buffer %%%s",
                            o->buffers.items.at[i].name);
  return TS_OK;
}
