/* Loops: what can be asked of them, and taking them apart. */
#include "transforms/loops/loops.h"

#include "transforms/rewrite/rewrite.h"

/* ---- asking ---- */

ts_op *ts_loop_around(const ts_op *op) {
  while ((op = op->block->parent))
    if (ts_is_loop(op)) return (ts_op *)op;
  return NULL;
}

ts_op *ts_launch_around(const ts_block *block) {
  ts_op *op = block->parent;
  while (op && op->opcode != TS_OP_LAUNCH)
    op = op->block->parent;
  return op;
}

ts_op *ts_loop_only_child(const ts_op *loop) {
  ts_op *op = ts_for_parts(loop).body->first;
  return ts_is_loop(op) && !op->next ? op : NULL;
}

/* False when the number of steps passes int64. */
static bool steps(int64_t lo, int64_t hi, int64_t step, int64_t *out) {
  uint64_t n = ts_trip_count(lo, hi, step);
  *out = (int64_t)n;
  return n <= INT64_MAX;
}

/* The largest (or least) of the constants among the expressions; `all` says whether there are no
 * others. */
static bool extreme(unsigned n, const ts_aff *const *exprs, bool largest, bool *all, int64_t *out) {
  bool any = false;
  *all = true;
  for (unsigned i = 0; i < n; i++) {
    int64_t value;
    if (!ts_aff_is_const(exprs[i], &value)) {
      *all = false;
      continue;
    }
    if (!any || (largest ? value > *out : value < *out)) *out = value;
    any = true;
  }
  return any;
}

bool ts_loop_trip_count(const ts_op *loop, int64_t *out) {
  ts_for f = ts_for_parts(loop);
  int64_t lo, hi;
  bool all_lo, all_hi;
  if (!extreme(f.num_lo, f.lo, true, &all_lo, &lo) || !all_lo) return false;
  if (!extreme(f.num_hi, f.hi, false, &all_hi, &hi) || !all_hi) return false;
  return steps(lo, hi, f.step, out);
}

bool ts_loop_max_trips(const ts_op *loop, int64_t *out) {
  ts_for f = ts_for_parts(loop);
  int64_t lo, hi;
  bool all;
  if (!extreme(f.num_lo, f.lo, true, &all, &lo)) return false;
  if (!extreme(f.num_hi, f.hi, false, &all, &hi)) return false;
  return steps(lo, hi, f.step, out);
}

const char *ts_loop_name(const ts_op *loop) {
  const ts_value *iv = ts_for_parts(loop).iv;
  return iv->name ? ts_str_text(iv->block->func->module, iv->name) : "";
}

/* ---- names ---- */

bool ts_names_inside(const ts_block *block, ts_str name, bool loops) {
  for (unsigned i = 0; i < block->num_args; i++)
    if (block->args[i]->name == name && (loops || !ts_is_loop(block->parent))) return true;
  for (const ts_op *op = block->first; op; op = op->next) {
    for (unsigned i = 0; i < op->num_results; i++)
      if (ts_op_result(op, i)->name == name) return true;
    for (unsigned i = 0; i < op->num_regions; i++)
      if (ts_names_inside(ts_op_regions(op)[i], name, loops)) return true;
  }
  return false;
}

ts_str ts_joined_name(ts_module *m, const char *base, const char *suffix) {
  return ts_intern(&m->strings, ts_sprintf(&m->arena, "%s%s", base, suffix));
}

/* ---- making ---- */

void ts_move_ops(ts_module *m, ts_block *from, ts_block *to) {
  ts_builder b = ts_builder_at_end(m, to, to->end);
  while (from->first) {
    ts_op *op = from->first;
    ts_op_unlink(op);
    ts_op_insert(&b, op);
  }
}

static void copy_marks(ts_module *m, ts_op *to, const ts_op *from) {
  ts_attr_copy(m, to, from, TS_ATTR_PARALLEL);
  ts_attr_copy(m, to, from, TS_ATTR_UNROLL);
  ts_attr_copy(m, to, from, TS_ATTR_VECTOR);
}

ts_op *ts_loop_clone_empty(ts_module *m, const ts_op *loop, ts_str name, ts_op *before) {
  ts_for f = ts_for_parts(loop);
  ts_value *dims[TS_MAX_DIMS];
  for (unsigned i = 0; i < ts_num_dims(loop); i++)
    dims[i] = ts_dim(loop, i);
  ts_builder b = ts_builder_before(m, before);
  b.loc = loop->loc;
  ts_op *copy =
      ts_build_for(&b, name, f.num_lo, f.lo, f.num_hi, f.hi, f.step, ts_num_dims(loop), dims);
  copy_marks(m, copy, loop);
  return copy;
}

bool ts_loop_clone_body(ts_module *m, const ts_op *loop, int64_t trip, ts_op *before,
                        ts_ptrmap *map) {
  ts_for f = ts_for_parts(loop);
  ts_dims d = ts_dims_none(m);
  int64_t offset, largest;
  bool all;
  const ts_aff *at = f.num_lo > 1 && extreme(f.num_lo, f.lo, true, &all, &largest) && all
                         ? ts_aff_const(m, largest)
                         : ts_dims_import(&d, loop, f.lo[0]);
  if (__builtin_mul_overflow(trip, f.step, &offset)) return false;
  at = ts_dims_add(&d, at, ts_aff_const(m, offset));
  ts_builder b = ts_builder_before(m, before);
  ts_value *stand_in = ts_build_apply(&b, ts_aff_const(m, 0), 0, NULL);
  ts_ptrmap_put(map, f.iv, stand_in);
  for (const ts_op *op = f.body->first; op; op = op->next)
    ts_op_insert(&b, ts_op_clone(m, op, map));
  if (!ts_replace_by_affine(stand_in, at, &d)) return false;
  ts_op_erase(stand_in->def);
  return true;
}

/* ---- reordering ---- */

void ts_nest_permute(ts_module *m, unsigned n, ts_op **nest, const unsigned *order) {
  ts_op *old[TS_MAX_NESTING];
  memcpy(old, nest, n * sizeof *old);
  for (unsigned p = 0; p < n; p++)
    nest[p] = old[order[p]];
  ts_block *body = ts_for_parts(old[n - 1]).body;
  ts_block *holder = ts_for_parts(nest[n - 1]).body;
  ts_op *mark = ts_op_create(m, TS_OP_BARRIER, old[0]->loc, 0, NULL, 0, NULL, 0, NULL, 0);
  ts_builder b = ts_builder_before(m, old[0]);
  ts_op_insert(&b, mark);
  for (unsigned p = 0; p < n; p++)
    ts_op_unlink(old[p]);
  if (holder != body) ts_move_ops(m, body, holder);
  ts_op_move_before(nest[0], mark);
  for (unsigned p = 1; p < n; p++) {
    b = ts_builder_at_end(m, ts_for_parts(nest[p - 1]).body, nest[p]->loc);
    ts_op_insert(&b, nest[p]);
  }
  ts_op_erase(mark);
}
