/* vectorize: iterations of a loop become lanes of vectors.
 *
 * requires:  `lanes` consecutive iterations may run together, statement by statement (ts_dep_jam),
 * but for reductions that the loop carries; sums of floats among these only with reassociate=true,
 *            which rounds differently. Inner loops run as often in every iteration.
 * preserves: every bit, but for such sums.
 * rewrite:   for %j = 0 to min(64, N − %j.o · 64) { %x = load %A[%i, %j]; %y = mulf %x, %s; store
 * %y, %B[%i, %j] } → for %j = 0 to 64 step 16 { %m = lanes_below [N − %j.o · 64 − %j] %x = load
 * %A[%i, %j] mask %m : vector<16xf32> %y = mulf %x, splat(%s); store %y, %B[%i, %j] mask %m
 *                }
 *
 * Buffers whose accesses all stand at the variable of loops vectorized in the same call, and which
 * hold all lanes, need no mask: what lies past the end is written and read by lanes past the end
 * only. Nor do loads of them when something else writes what lies past the end (stage with
 * pad=true). */
#include "analysis/poly/dependence.h"
#include "analysis/poly/facts.h"
#include "transforms/vectors/vectorize_impl.h"

typedef struct jobs {
  const ts_vectorize_options *options;
  TS_VEC(ts_vector_plan) list;
  ts_ptrmap by_loop; /* → index in the list + 1 */
} jobs;

/* ---- what was asked for ---- */

static ts_result collect(ts_schedule *s, ts_op *loop, const ts_loop_item *item) {
  jobs *all = (jobs *)s->options;
  int64_t lanes = 0;
  if (item->value) {
    ts_result result = ts_item_number(s, item, 2, &lanes);
    if (result) return result;
    if (lanes > 4096) {
      ts_error_plain(s->m->ctx, "-vectorize wants at most 4096 lanes, not %s=%s", item->name,
                     item->value);
      return TS_USAGE;
    }
  }
  if (ts_ptrmap_get(&all->by_loop, loop)) {
    ts_error_plain(s->m->ctx, "-vectorize names %%%s twice", item->name);
    return TS_USAGE;
  }
  ts_for f = ts_for_parts(loop);
  ts_vector_plan v = {.s = *s,
                      .loop = loop,
                      .iv = f.iv,
                      .lanes = lanes,
                      .step = f.step,
                      .strict = all->options->strict,
                      .reassociate = all->options->reassociate};
  ts_ptrmap_init(&v.varying, s->pass->scratch);
  ts_ptrmap_init(&v.unchecked, s->pass->scratch);
  ts_ptrmap_init(&v.padded, s->pass->scratch);
  ts_push(s->pass->scratch, &all->list, v);
  ts_ptrmap_put(&all->by_loop, loop, (void *)(uintptr_t)all->list.n);
  return TS_OK;
}

static void note_width(void *arg, ts_op *op) {
  unsigned *bytes = arg;
  ts_dtype d = TS_I1;
  if (op->opcode == TS_OP_STORE)
    d = (ts_dtype)ts_operand(op, 1)->type->dtype;
  else if (op->num_results == 1 && op->opcode != TS_OP_APPLY)
    d = (ts_dtype)ts_op_result(op, 0)->type->dtype;
  if (ts_dtype_bytes(d) > *bytes) *bytes = ts_dtype_bytes(d);
}

/* As many of the widest elements as 512 bits hold. */
static int64_t natural_lanes(const ts_op *loop) {
  unsigned bytes = 1;
  ts_walk(ts_for_parts(loop).body, note_width, &bytes);
  return 64 / bytes;
}

/* apply of the variable, in subscripts: the expression itself. */
static void inline_applies(ts_vector_plan *v) {
  for (const ts_use *u = v->iv->uses, *next; u; u = next) {
    ts_op *op = u->owner;
    next = u->next;
    if (op->opcode != TS_OP_APPLY) continue;
    ts_dims d = ts_dims_none(v->s.m);
    const ts_aff *a = ts_dims_import(&d, op, op->map->exprs[0]);
    ts_value *x = ts_op_result(op, 0);
    for (ts_use *w = x->uses; w; w = w->next)
      if (w >= w->owner->operands + w->owner->num_plain) {
        (void)ts_replace_by_affine(x, a, &d);
        break;
      }
  }
}

/* The loop of the call that the op stands in. */
static ts_vector_plan *job_around(const jobs *all, const ts_op *op) {
  for (const ts_op *up = ts_loop_around(op); up; up = ts_loop_around(up)) {
    size_t job = (size_t)(uintptr_t)ts_ptrmap_get(&all->by_loop, up);
    if (job) return &all->list.at[job - 1];
  }
  return NULL;
}

static ts_result check_nesting(const jobs *all, const ts_vector_plan *v) {
  ts_vector_plan *outer = job_around(all, v->loop);
  if (!outer) return TS_OK;
  return ts_schedule_refuse(&outer->s, outer->loop,
                            "cannot vectorize %%%s: it holds %%%s, which is to be vectorized too",
                            ts_loop_name(outer->loop), ts_loop_name(v->loop));
}

/* ---- the extent ---- */

/* Upper bounds that may fall into the middle of a vector; or that are not constant, where the loop
 * will run to a constant one and only masks know of the others. */
static void find_ragged(ts_vector_plan *v) {
  ts_for f = ts_for_parts(v->loop);
  v->num_ragged = 0;
  v->ragged = ts_new_array(v->s.pass->scratch, const ts_aff *, f.num_hi);
  for (unsigned i = 0; i < f.num_hi; i++) {
    const ts_aff *trips = f.num_lo == 1 ? ts_loop_trips(v->outside, v->loop, f.hi[i]) : NULL;
    bool exact = trips && ts_dims_quotient(v->outside, trips, v->lanes);
    if (!exact || (v->constant && f.hi[i]->kind != TS_AFF_CONST))
      v->ragged[v->num_ragged++] = ts_dims_import(v->outside, v->loop, f.hi[i]);
  }
}

/* The only lower bound, and the least constant among the upper ones; false when either is not
 * there. */
static bool constant_bounds(const ts_op *loop, int64_t *lo, int64_t *hi) {
  ts_for f = ts_for_parts(loop);
  int64_t c;
  *hi = INT64_MAX;
  for (unsigned i = 0; i < f.num_hi; i++)
    if (ts_aff_is_const(f.hi[i], &c) && c < *hi) *hi = c;
  return f.num_lo == 1 && ts_aff_is_const(f.lo[0], lo) && *hi != INT64_MAX;
}

/* With a constant among the bounds the loop runs to there, its last iterations perhaps with no lane
 * left; only if it is sure to run at all, since what is uniform in it runs too. */
static void find_constant_end(ts_vector_plan *v) {
  ts_for f = ts_for_parts(v->loop);
  int64_t lo, hi, c, span, block = v->lanes * v->step;
  if (!constant_bounds(v->loop, &lo, &hi) || hi <= lo || __builtin_sub_overflow(hi, lo, &span))
    return;
  v->live = ts_min(v->lanes, (span - 1) / v->step + 1);
  for (unsigned i = 0; i < f.num_hi; i++)
    if (!ts_aff_is_const(f.hi[i], &c) &&
        !ts_poly_holds(v->s.m->ctx, v->s.pass->scratch, v->loop, f.lo[0], TS_LT, f.hi[i]))
      return;
  v->first = lo;
  if (__builtin_add_overflow(lo, ((span - 1) / block + 1) * block, &v->covered)) return;
  v->constant = true;
}

static ts_result decide_tail(ts_vector_plan *v, const char *how) {
  find_ragged(v);
  v->live = v->lanes;
  if (!v->num_ragged) return TS_OK;
  if (!strcmp(how, "none"))
    return ts_schedule_refuse(
        &v->s, v->loop, "cannot vectorize %%%s: its extent is no multiple of %lld (tail = none)",
        ts_loop_name(v->loop), (long long)v->lanes);
  if (!strcmp(how, "peel")) {
    ts_op *tail;
    v->num_ragged = 0;
    return ts_loop_cut(&v->s, v->loop, v->lanes, &tail);
  }
  v->masked = true;
  find_constant_end(v);
  find_ragged(v);
  return TS_OK;
}

static void set_extent(ts_vector_plan *v) {
  ts_for f = ts_for_parts(v->loop);
  if (v->masked && v->constant) {
    ts_dims d = ts_dims_none(v->s.m);
    int64_t lo, hi;
    if (!constant_bounds(v->loop, &lo, &hi)) ts_unreachable("the constant end is gone");
    const ts_aff *bounds[] = {f.lo[0], ts_aff_const(v->s.m, hi)};
    if (!ts_dims_set_map(&d, v->loop, 2, bounds)) ts_unreachable("two constants do not fit");
  }
  ts_attr_set_int(v->s.m, v->loop, TS_ATTR_STEP, v->step * v->lanes);
  ts_attr_remove(v->s.m, v->loop, TS_ATTR_VECTOR);
}

/* ---- legality ---- */

/* Reductions are made up for behind the loop, so their order does not matter. */
static ts_result ask(ts_vector_plan *v, int64_t lanes, ts_verdict *verdict) {
  ts_op **ignore = ts_new_array(v->s.pass->scratch, ts_op *, 2 * v->reductions.n + 1);
  for (size_t i = 0; i < v->reductions.n; i++) {
    ignore[2 * i] = v->reductions.at[i].load;
    ignore[2 * i + 1] = v->reductions.at[i].store;
  }
  return ts_dep_jam(v->s.m->ctx, v->s.pass->scratch, v->loop, lanes, 2 * (unsigned)v->reductions.n,
                    ignore, verdict);
}

static ts_result check_order(ts_vector_plan *v) {
  ts_verdict verdict, fewer = {0};
  ts_result result = ask(v, v->lanes, &verdict);
  if (result || verdict.legal) return result;
  int64_t n = v->lanes / 2;
  for (; n >= 2; n /= 2) {
    result = ask(v, n, &fewer);
    if (result || fewer.legal) break;
  }
  if (result) return result;
  ts_arena *a = v->s.pass->scratch;
  const char *name = ts_loop_name(v->loop);
  return ts_dep_refuse(v->s.m->ctx, v->loop,
                       ts_sprintf(a, "vectorize %%%s by %lld", name, (long long)v->lanes), &verdict,
                       fewer.legal
                           ? ts_schedule_step(&v->s, "vectorize", "%s=%lld", name, (long long)n)
                           : ts_schedule_unroll(&v->s, v->loop, v->lanes));
}

/* Loops of one function share dims, so that equal bounds are equal expressions; where these run
 * out, a loop gets dims of its own, and is then taken to end elsewhere. */
static void choose_dims(ts_vector_plan *v, const ts_vector_plan *before) {
  enum { SPARE = 8 };
  if (before && before->s.func == v->s.func &&
      before->outside->n + ts_num_dims(v->loop) + SPARE <= TS_MAX_DIMS) {
    v->outside = before->outside;
    return;
  }
  v->outside = ts_new(v->s.pass->scratch, ts_dims);
  *v->outside = ts_dims_none(v->s.m);
}

static ts_result prepare(const jobs *all, ts_vector_plan *v, const ts_vector_plan *before) {
  int64_t block;
  choose_dims(v, before);
  if (!v->lanes) v->lanes = natural_lanes(v->loop);
  if (__builtin_mul_overflow(v->lanes, v->step, &block))
    return ts_schedule_refuse(&v->s, v->loop, "cannot vectorize %%%s: its step is too large",
                              ts_loop_name(v->loop));
  inline_applies(v);
  ts_result result = check_nesting(all, v);
  if (!result) result = decide_tail(v, all->options->tail);
  if (!result && v->outside->overflow)
    result = ts_schedule_refuse(&v->s, v->loop, "cannot vectorize %%%s: its bounds are too large",
                                ts_loop_name(v->loop));
  if (!result) result = ts_find_reductions(v);
  if (!result) result = check_order(v);
  if (!result) result = ts_analyze_lanes(v);
  return result;
}

/* ---- buffers that hold lanes past the end ---- */

/* Fixed while the buffer lives? */
static bool is_fixed(const ts_value *x, const ts_op *alloc) {
  if (x->kind == TS_VALUE_ARG)
    return !x->block->parent || !ts_is_ancestor(alloc->block, x->block->parent);
  return x->kind != TS_VALUE_RESULT || x->def->block == alloc->block ||
         !ts_is_ancestor(alloc->block, x->def);
}

static bool mentions_only_fixed(const ts_dims *d, const ts_aff *a, const ts_op *alloc) {
  if (a->kind == TS_AFF_DIM) return is_fixed(d->at[a->value], alloc);
  return !a->lhs ||
         (mentions_only_fixed(d, a->lhs, alloc) && mentions_only_fixed(d, a->rhs, alloc));
}

static bool is_conditional(const ts_vector_plan *v, const ts_op *op) {
  for (const ts_op *up = op->block->parent; up && up != v->loop; up = up->block->parent)
    if (up->opcode == TS_OP_IF)
      for (unsigned i = 0; i < up->num_operands; i++)
        if (ts_is_varying(v, ts_operand(up, i))) return true;
  return false;
}

/* The last subscript is the variable, or the group's size times it, plus a constant. */
static bool stands_at_variable(const ts_vector_plan *v, const ts_op *op, int64_t group,
                               int64_t *offset) {
  const ts_aff *last = op->map->exprs[op->map->n - 1];
  *offset = 0;
  if (last->kind == TS_AFF_ADD && ts_aff_is_const(last->rhs, offset)) last = last->lhs;
  if (group > 1 && (last->kind != TS_AFF_MUL || last->rhs->value != group)) return false;
  if (group > 1) last = last->lhs;
  return last->kind == TS_AFF_DIM && ts_dim(op, (unsigned)last->value) == v->iv;
}

static bool same_extent(const ts_vector_plan *v, const ts_vector_plan *w) {
  if (v->outside != w->outside || v->first != w->first || v->covered != w->covered ||
      v->num_ragged != w->num_ragged)
    return false;
  for (unsigned i = 0; i < v->num_ragged; i++)
    if (v->ragged[i] != w->ragged[i]) return false;
  return true;
}

static int64_t group_of(const ts_op *op) {
  return ts_group_of(op->opcode == TS_OP_LOAD ? ts_op_result(op, 0)->type
                                              : ts_operand(op, 0)->type);
}

static bool covers_lanes(const ts_vector_plan *v, const ts_op *op, const ts_value *buffer,
                         int64_t *offset) {
  const ts_type *t = buffer->type;
  int64_t end, group = group_of(op);
  if (!v->masked || !v->constant || v->step != 1 || ts_reach_of(v, op) != TS_REACH_CONTIGUOUS ||
      is_conditional(v, op) || !stands_at_variable(v, op, group, offset))
    return false;
  for (unsigned i = 0; i < v->num_ragged; i++)
    if (!mentions_only_fixed(v->outside, v->ragged[i], buffer->def)) return false;
  return !__builtin_mul_overflow(v->covered, group, &end) &&
         !__builtin_add_overflow(end, *offset, &end) && v->first * group + *offset >= 0 &&
         end <= t->dims[t->rank - 1];
}

/* What is known of a buffer that lanes past the end may touch. */
typedef struct sharing {
  const ts_vector_plan *first; /* one of the loops whose lanes do */
  int64_t offset, group;       /* of their subscript from `group` times the variable */
  bool loads, stores;          /* all of these are by such lanes, before the same end */
} sharing;

static sharing find_sharing(const jobs *all, const ts_value *buffer) {
  sharing s = {.loads = true, .stores = true};
  for (const ts_use *u = buffer->uses; u; u = u->next) {
    const ts_op *op = u->owner;
    int64_t at;
    if (op->opcode == TS_OP_PREFETCH) continue;
    if (op->opcode != TS_OP_LOAD && (op->opcode != TS_OP_STORE || op->has_mask))
      return (sharing){0};
    const ts_vector_plan *v = job_around(all, op);
    bool covers =
        v && covers_lanes(v, op, buffer, &at) &&
        (!s.first || (at == s.offset && group_of(op) == s.group && same_extent(s.first, v)));
    if (op->opcode == TS_OP_LOAD)
      s.loads = s.loads && covers;
    else
      s.stores = s.stores && covers;
    if (!covers) continue;
    s.first = v;
    s.offset = at;
    s.group = group_of(op);
  }
  return s;
}

/* The variable that the store's last subscript is, but for a constant; of groups, the one that
 * counts these while another walks along them. */
static const ts_value *variable_of_store(const sharing *s, const ts_op *store, int64_t *offset) {
  const ts_aff *last = store->map->exprs[store->map->n - 1];
  *offset = 0;
  if (last->kind == TS_AFF_ADD && ts_aff_is_const(last->rhs, offset)) last = last->lhs;
  if (s->group > 1) {
    if (last->kind != TS_AFF_ADD || last->rhs->kind != TS_AFF_DIM) return NULL;
    last = last->lhs;
    if (last->kind != TS_AFF_MUL || last->rhs->value != s->group) return NULL;
    last = last->lhs;
  }
  return last->kind == TS_AFF_DIM ? ts_dim(store, (unsigned)last->value) : NULL;
}

/* Does the store's loop write what lies past the end, up to where the last lane stands? */
static bool writes_past_end(const sharing *s, const ts_op *store) {
  int64_t c;
  const ts_value *x = variable_of_store(s, store, &c);
  if (c != s->offset || !x || x->kind != TS_VALUE_ARG || !ts_is_loop(x->block->parent))
    return false;
  ts_for f = ts_for_parts(x->block->parent);
  ts_dims d = *s->first->outside;
  for (unsigned i = 0; i < f.num_hi; i++)
    if (!ts_aff_is_const(f.hi[i], &c) || c < s->first->covered) return false;
  for (unsigned i = 0; i < f.num_lo; i++)
    if (!(ts_aff_is_const(f.lo[i], &c) && c <= s->first->first) &&
        !(s->first->num_ragged == 1 &&
          ts_dims_import(&d, x->block->parent, f.lo[i]) == s->first->ragged[0]))
      return false;
  return f.step == 1;
}

/* The op of the block that `op` stands in; NULL when a branch may leave it out. */
static const ts_op *part_of(const ts_block *block, const ts_op *op) {
  for (; op->block != block; op = op->block->parent)
    if (op->block->parent->opcode == TS_OP_IF) return NULL;
  return op;
}

/* Does all that loads from the buffer stand behind the store? */
static bool comes_first(const ts_op *store, const ts_value *buffer) {
  const ts_block *home = buffer->def->block;
  const ts_op *part = part_of(home, store);
  if (!part) return false;
  for (const ts_use *u = buffer->uses; u; u = u->next) {
    const ts_op *op = u->owner;
    if (op->opcode != TS_OP_LOAD) continue;
    while (op->block != home)
      op = op->block->parent;
    const ts_op *at = part->next;
    while (at && at != op)
      at = at->next;
    if (!at) return false;
  }
  return true;
}

static bool is_padded(const sharing *s, const ts_value *buffer) {
  for (const ts_use *u = buffer->uses; u; u = u->next)
    if (u->owner->opcode == TS_OP_STORE && writes_past_end(s, u->owner) &&
        comes_first(u->owner, buffer))
      return true;
  return false;
}

typedef struct marker {
  const jobs *all;
  ts_vector_plan *v;
} marker;

static void note_unchecked(void *arg, ts_op *op) {
  marker *m = arg;
  ts_access a;
  if ((op->opcode != TS_OP_LOAD && op->opcode != TS_OP_STORE) || !ts_access_parts(op, 0, &a))
    return;
  if (!ts_def_as(a.memref, TS_OP_ALLOC) || ts_is_private(m->v, a.memref)) return;
  sharing s = find_sharing(m->all, a.memref);
  if (s.first && s.loads && s.stores) ts_ptrmap_put(&m->v->unchecked, a.memref, m);
  if (s.first && s.loads && is_padded(&s, a.memref)) ts_ptrmap_put(&m->v->padded, a.memref, m);
}

static void find_unchecked(const jobs *all, ts_vector_plan *v) {
  marker m = {all, v};
  if (v->masked && v->constant) ts_walk(v->iv->block, note_unchecked, &m);
}

/* ---- rewriting ---- */

static void rewrite(ts_vector_plan *v) {
  ts_vector_writer w = {.plan = v};
  ts_ptrmap_init(&w.vectors, v->s.pass->scratch);
  ts_ptrmap_init(&w.splats, v->s.pass->scratch);
  ts_ptrmap_init(&w.privates, v->s.pass->scratch);
  set_extent(v);
  ts_vectorize_body(&w);
  ts_schedule_passed(
      &v->s, v->loop, "%%%s runs %lld iterations at once, %u loads and stores as vectors%s%s",
      ts_loop_name(v->loop), (long long)v->lanes, w.num_vectors, w.tail ? ", under a mask" : "",
      v->reductions.n ? ", reductions lane by lane" : "");
  if (w.in_lanes)
    ts_schedule_missed(
        &v->s, v->loop,
        "%u loads and stores of %%%s go lane by lane: their elements do not lie side by side, "
        "or only some lanes may read them",
        w.in_lanes, ts_loop_name(v->loop));
  ts_count(v->s.pass, "loops vectorized", 1);
  v->s.pass->changed = true;
  ts_loop_keep_marks_inside(&v->s, v->loop);
}

ts_result ts_pass_vectorize(ts_pass_ctx *pass, ts_module *m, const void *options) {
  const ts_vectorize_options *o = options;
  jobs all = {.options = o};
  if (strcmp(o->tail, "mask") && strcmp(o->tail, "peel") && strcmp(o->tail, "none")) {
    ts_error_plain(m->ctx, "-vectorize knows tail = mask, peel and none, not '%s'", o->tail);
    return TS_USAGE;
  }
  ts_ptrmap_init(&all.by_loop, pass->scratch);
  ts_result result = ts_each_loop(pass, m, o->func, &o->loops, &all, collect);
  for (size_t i = 0; i < all.list.n && !result; i++)
    result = prepare(&all, &all.list.at[i], i ? &all.list.at[i - 1] : NULL);
  if (result) return result;
  for (size_t i = 0; i < all.list.n; i++)
    find_unchecked(&all, &all.list.at[i]);
  for (size_t i = 0; i < all.list.n; i++)
    rewrite(&all.list.at[i]);
  return TS_OK;
}
