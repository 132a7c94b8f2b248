/* Loops that count from 0 by 1, and other expressions for the variable of a loop. */
#include "transforms/loops/loops.h"

/* Would every use take the expression in place of the variable? Tried on copies of the maps. */
static bool fits(ts_module *m, ts_value *iv, const ts_aff *at, const ts_dims *dims) {
  for (const ts_use *u = iv->uses; u; u = u->next) {
    const ts_op *op = u->owner;
    if (u < op->operands + op->num_plain) continue;
    if (dims->n + ts_num_dims(op) > TS_MAX_DIMS) return false;
    const ts_aff *with[TS_MAX_DIMS];
    for (unsigned i = 0; i < ts_num_dims(op); i++)
      with[i] = ts_dim(op, i) == iv ? at : ts_aff_dim(m, dims->n + i);
    for (unsigned i = 0; i < op->map->n; i++)
      if (!ts_aff_substitute(m, op->map->exprs[i], with, NULL, NULL)) return false;
  }
  return true;
}

bool ts_loop_substitute(ts_op *loop, const ts_aff *with, const ts_dims *dims) {
  ts_module *m = dims->m;
  ts_value *iv = ts_for_parts(loop).iv;
  if (!fits(m, iv, with, dims)) return false;
  ts_builder b = ts_builder_before(m, loop);
  ts_value *stand_in = ts_build_apply(&b, ts_aff_const(m, 0), 0, NULL);
  ts_replace_all_uses(iv, stand_in);
  if (!ts_replace_by_affine(stand_in, with, dims))
    ts_unreachable("expressions that fitted no longer do");
  ts_op_erase(stand_in->def);
  return true;
}

bool ts_loop_normalize(ts_module *m, ts_op *loop) {
  ts_for f = ts_for_parts(loop);
  ts_dims d = ts_dims_none(m);
  if (f.num_lo != 1) return false;
  const ts_aff **bounds = ts_new_exprs(m, 1 + f.num_hi);
  bounds[0] = ts_aff_const(m, 0);
  for (unsigned i = 0; i < f.num_hi; i++)
    bounds[1 + i] = ts_loop_trips(&d, loop, f.hi[i]);
  const ts_aff *lo = ts_dims_import(&d, loop, f.lo[0]);
  ts_dims inside = d;
  const ts_aff *at =
      ts_dims_add(&inside, ts_dims_scale(&inside, ts_dims_value(&inside, f.iv), f.step), lo);
  if (d.overflow || inside.overflow || !ts_loop_substitute(loop, at, &inside)) return false;
  if (!ts_dims_set_map(&d, loop, 1 + f.num_hi, bounds))
    ts_unreachable("bounds that fitted no longer do");
  ts_attr_remove(m, loop, TS_ATTR_STEP);
  return true;
}
