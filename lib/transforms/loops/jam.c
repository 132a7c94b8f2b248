/* unroll-jam: several iterations of an outer loop run together in its inner loops.
 *
 * requires:  the iterations may run together, statement by statement (ts_dep_jam); inner loops run
 * equally often in all of them; one bound at each end unless the number of iterations is constant.
 * preserves: every bit.
 * rewrite:   for %i = 0 to 10 { for %k { S(%i, %k) } }
 *              → for %i = 0 to 8 step 4 { for %k { S(%i, %k) S(%i + 1, %k) S(%i + 2, %k) S(%i + 3,
 * %k) } } for %i.tail = 8 to 10 { for %k { S(%i.tail, %k) } }
 *
 * What does not depend on %i is computed and loaded once for all copies: each row of one matrix
 * that %k brings serves four rows of the other. A loop of one block of iterations is no loop any
 * more. An update that may be taken in any order (analysis/update.h), of an element that does not depend
 * on %i, becomes a chain: one load, an op for each copy, one store. */
#include "ir/scalar.h"
#include "analysis/poly/dependence.h"
#include "analysis/poly/update.h"
#include "transforms/loops/loops.h"

enum { MAX_COPIES = 256, MAX_OPS = 1 << 20 };

/* Copy 0 is the op itself; copy c is made through map c - 1. */
typedef struct jam {
  ts_schedule *s;
  const ts_op *loop;
  int64_t factor;
  ts_ptrmap *maps;
  TS_VEC(ts_update) chains;
} jam;

static bool is_varying(const jam *j, const ts_op *op) {
  for (unsigned i = 0; i < op->num_operands; i++)
    if (ts_ptrmap_get(&j->maps[0], ts_operand(op, i))) return true;
  return false;
}

/* Once for all copies: what depends on no variable of the loop and may be left out. A store of one
 * value to one place, repeated, is one store. */
static bool is_shared(const jam *j, const ts_op *op) {
  if (is_varying(j, op)) return false;
  switch (op->opcode) {
  case TS_OP_LOAD:
  case TS_OP_STORE:
  case TS_OP_PREFETCH: return true;
  default: return ts_has_flag(op, TS_FLAG_PURE) || ts_divides(op);
  }
}

static void jam_block(const jam *j, ts_block *block);

static const ts_update *chain_of(const jam *j, const ts_op *op) {
  for (size_t i = 0; i < j->chains.n; i++)
    if (j->chains.at[i].update == op || j->chains.at[i].store == op) return &j->chains.at[i];
  return NULL;
}

/* Each copy of the update goes on from the one before it; the last is stored. */
static void chain(const jam *j, const ts_update *u) {
  ts_value *so_far = ts_op_result(u->update, 0);
  ts_builder b = ts_builder_after(j->s->m, u->update);
  for (int64_t c = 1; c < j->factor; c++) {
    ts_ptrmap_put(&j->maps[c - 1], ts_op_result(u->load, 0), so_far);
    ts_op *copy = ts_op_clone(j->s->m, u->update, &j->maps[c - 1]);
    ts_op_insert(&b, copy);
    so_far = ts_op_result(copy, 0);
  }
  ts_set_operand(u->store, 0, so_far);
}

/* An inner loop or a branch that all copies go through together. */
static bool is_common(const jam *j, const ts_op *op) {
  return (op->opcode == TS_OP_FOR || op->opcode == TS_OP_IF) && !is_varying(j, op);
}

static void jam_op(const jam *j, ts_op *op) {
  if (is_common(j, op)) {
    for (unsigned r = 0; r < op->num_regions; r++)
      jam_block(j, ts_op_regions(op)[r]);
    return;
  }
  const ts_update *u = chain_of(j, op);
  if (u && op == u->update) chain(j, u);
  if (u || is_shared(j, op)) return;
  ts_builder b = ts_builder_after(j->s->m, op);
  for (int64_t c = 1; c < j->factor; c++)
    ts_op_insert(&b, ts_op_clone(j->s->m, op, &j->maps[c - 1]));
}

static void jam_block(const jam *j, ts_block *block) {
  for (ts_op *op = block->first, *next; op; op = next) {
    next = op->next;
    jam_op(j, op);
  }
}

/* ---- may it be done? ---- */

typedef struct survey {
  jam *j;
  int64_t ops;
  const ts_op *uneven; /* an inner loop that runs differently often */
  ts_ptrmap varying;
} survey;

static bool uses_varying(const survey *v, const ts_op *op) {
  for (unsigned i = 0; i < op->num_operands; i++)
    if (ts_ptrmap_get(&v->varying, ts_operand(op, i))) return true;
  return false;
}

/* Is it the end of an update of an element that is the same in all copies? */
static void survey_store(survey *v, const ts_op *store) {
  ts_update u;
  if (!ts_update_of(store, &u) || ts_combination_of(u.update)->rounds ||
      !ts_update_is_alone(&u, ts_for_parts(v->j->loop).body) || uses_varying(v, u.load))
    return;
  ts_push(v->j->s->pass->scratch, &v->j->chains, u);
}

/* Loops under a branch that the copies take apart are copied with it. */
static void survey_block(survey *v, const ts_block *block, bool apart) {
  for (const ts_op *op = block->first; op; op = op->next) {
    bool varying = uses_varying(v, op);
    v->ops++;
    for (unsigned i = 0; varying && i < op->num_results; i++)
      ts_ptrmap_put(&v->varying, ts_op_result(op, i), v);
    if (op->opcode == TS_OP_FOR && varying && !apart && !v->uneven) v->uneven = op;
    if (op->opcode == TS_OP_STORE && !apart) survey_store(v, op);
    for (unsigned r = 0; r < op->num_regions; r++)
      survey_block(v, ts_op_regions(op)[r], apart || (varying && op->opcode == TS_OP_IF));
  }
}

static ts_result check_shape(jam *j) {
  survey v = {.j = j};
  const char *name = ts_loop_name(j->loop);
  ts_for f = ts_for_parts(j->loop);
  ts_ptrmap_init(&v.varying, j->s->pass->scratch);
  ts_ptrmap_put(&v.varying, f.iv, j);
  survey_block(&v, f.body, false);
  if (v.uneven) {
    ts_schedule_refuse(j->s, v.uneven, "cannot jam %%%s: how often this loop runs depends on it",
                       name);
    ts_note(j->s->m->ctx, j->loop->loc, "legal instead: %s",
            ts_schedule_unroll(j->s, j->loop, j->factor));
    return TS_ERR;
  }
  if (j->factor <= MAX_COPIES && v.ops * j->factor <= MAX_OPS) return TS_OK;
  return ts_schedule_refuse(
      j->s, j->loop, "cannot jam %lld iterations of %%%s: at most %d copies and %d ops are made",
      (long long)j->factor, name, MAX_COPIES, MAX_OPS);
}

static ts_result check_order(const jam *j) {
  ts_arena *a = j->s->pass->scratch;
  ts_op *loop = (ts_op *)j->loop;
  ts_verdict verdict, fewer = {0};
  unsigned num_ignore = 2 * (unsigned)j->chains.n;
  ts_op **ignore = ts_new_array(a, ts_op *, num_ignore + 1);
  for (size_t i = 0; i < j->chains.n; i++) {
    ignore[2 * i] = j->chains.at[i].load;
    ignore[2 * i + 1] = j->chains.at[i].store;
  }
  ts_result result = ts_dep_jam(j->s->m->ctx, a, loop, j->factor, num_ignore, ignore, &verdict);
  if (result || verdict.legal) return result;
  int64_t n = j->factor / 2;
  for (; n >= 2; n /= 2) {
    result = ts_dep_jam(j->s->m->ctx, a, loop, n, num_ignore, ignore, &fewer);
    if (result) return result;
    if (fewer.legal) break;
  }
  const char *name = ts_loop_name(loop);
  const char *instead = fewer.legal
                            ? ts_schedule_step(j->s, "unroll-jam", "%s=%lld", name, (long long)n)
                            : ts_schedule_unroll(j->s, loop, j->factor);
  return ts_dep_refuse(
      j->s->m->ctx, loop,
      ts_sprintf(a, "run %lld iterations of %%%s together", (long long)j->factor, name), &verdict,
      instead);
}

/* ---- doing it ---- */

static ts_result too_large(jam *j) {
  return ts_schedule_refuse(j->s, j->loop, "cannot jam %%%s: its subscripts get too large",
                            ts_loop_name(j->loop));
}

/* Puts iv + c · step in the place of the variable of each copy. */
static ts_result repeat(jam *j) {
  ts_for f = ts_for_parts(j->loop);
  ts_module *m = j->s->m;
  ts_value **ivs = ts_new_array(j->s->pass->scratch, ts_value *, j->factor);
  ts_builder b = ts_builder_before(m, f.body->first);
  for (int64_t c = 1; c < j->factor; c++) {
    ts_ptrmap_init(&j->maps[c - 1], j->s->pass->scratch);
    ivs[c] = ts_build_apply(&b, ts_aff_const(m, 0), 0, NULL);
    ts_ptrmap_put(&j->maps[c - 1], f.iv, ivs[c]);
  }
  ts_op *first = b.before;
  for (ts_op *op = first, *next; op; op = next) {
    next = op->next;
    jam_op(j, op);
  }
  for (int64_t c = 1; c < j->factor; c++) {
    ts_dims d = ts_dims_none(m);
    const ts_aff *at = ts_dims_add(&d, ts_dims_value(&d, f.iv), ts_aff_const(m, c * f.step));
    if (!ts_replace_by_affine(ivs[c], at, &d)) return too_large(j);
    ts_op_erase(ivs[c]->def);
  }
  return TS_OK;
}

/* A loop that runs once gives way to its body. */
static ts_result dissolve(jam *j, ts_op *loop) {
  ts_for f = ts_for_parts(loop);
  ts_dims d = ts_dims_none(j->s->m);
  const ts_aff *lo = ts_dims_import(&d, loop, f.lo[0]);
  if (!ts_replace_by_affine(f.iv, lo, &d)) return too_large(j);
  while (f.body->first)
    ts_op_move_before(f.body->first, loop);
  ts_op_erase(loop);
  return TS_OK;
}

static ts_result unroll_jam(ts_schedule *s, ts_op *loop, const ts_loop_item *item) {
  int64_t factor = 0, trips = 0, step;
  bool constant = ts_loop_trip_count(loop, &trips) && ts_for_parts(loop).num_lo == 1;
  const char *name = ts_loop_name(loop);
  ts_result result = item->value ? ts_item_number(s, item, 2, &factor) : TS_OK;
  if (result) return result;
  if (!factor && !constant)
    return ts_schedule_refuse(
        s, loop,
        "cannot jam all of %%%s: the number of its iterations is not constant; "
        "give a factor, as in %s",
        name, ts_schedule_step(s, "unroll-jam", "%s=4", name));
  if (!factor) factor = trips;
  jam j = {.s = s, .loop = loop, .factor = factor};
  if (__builtin_mul_overflow(ts_for_parts(loop).step, factor, &step)) return too_large(&j);
  result = check_shape(&j);
  if (!result) result = check_order(&j);
  bool once = constant && trips == factor;
  ts_op *tail = NULL;
  if (!result && !once) result = ts_loop_cut(s, loop, factor, &tail);
  if (result || factor < 2 || !ts_for_parts(loop).body->first) return result;
  ts_schedule_passed(s, loop, "%lld iterations of %%%s run together%s%s", (long long)factor, name,
                     tail ? "; what is left over runs in %" : "", tail ? ts_loop_name(tail) : "");
  j.maps = ts_new_array(s->pass->scratch, ts_ptrmap, factor);
  result = repeat(&j);
  if (result) return result;
  s->pass->changed = true;
  ts_count(s->pass, "loops jammed", 1);
  ts_attr_set_int(s->m, loop, TS_ATTR_STEP, step);
  ts_loop_keep_marks_inside(s, loop);
  return once ? dissolve(&j, loop) : TS_OK;
}

ts_result ts_pass_unroll_jam(ts_pass_ctx *pass, ts_module *m, const void *options) {
  const ts_unroll_jam_options *o = options;
  return ts_each_loop(pass, m, o->func, &o->loops, options, unroll_jam);
}
