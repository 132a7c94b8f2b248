/* dot: sums of products of narrow numbers by groups, as processors have instructions for.
 *
 * requires:  a loop of at most as many iterations as a `dot` adds products to one lane (4 of i8, 2 of
 *            bf16), whose body is acc += extend(a) * extend(b); a and b lie side by side along it.
 *            Floats are added in another order, which reassociate=true has to allow.
 * preserves: every bit of integers.
 * rewrite:   for %k.i = 0 to 4 {
 *              %x = load %X[%k.o * 4 + %k.i] : i8
 *              %w = load %W.s[%k.o, %j, %k.i] : i8
 *              %p = muli (extsi %x), (extsi %w)
 *              %s = load %acc[%j]
 *              store (addi %s, %p), %acc[%j]
 *            }
 *              →
 *            %x = load %X[%k.o * 4] : vector<4xi8>
 *            %w = load %W.s[%k.o, %j * 4] : vector<4xi8>
 *            %s = load %acc[%j] : vector<1xi32>
 *            %t = dot %x, %w, %s : vector<1xi32>
 *            store %t, %acc[%j]
 *
 * `vectorize` of %j then makes sixteen of them one. A buffer that the function allocates and whose
 * last dimension is the group, as a panel staged with layout=[0/4][1][0%4] has it, loses that
 * dimension to the one before, so that groups lie side by side in it. A loop that may end within a
 * group reads its factors under a mask, unless both hold zeros from there on (stage with
 * pad=true). */
#include "analysis/poly/facts.h"
#include "analysis/poly/flow.h"
#include "transforms/vectors/dot_impl.h"

/* ---- what the body is ---- */

/* The load behind the conversion of a factor. */
static ts_op *factor_load(ts_value *v) {
  ts_op *ext = ts_def(v);
  if (!ext || (ext->opcode != TS_OP_EXTSI && ext->opcode != TS_OP_EXTF)) return NULL;
  return ts_def_as(ts_operand(ext, 0), TS_OP_LOAD);
}

/* The product and the sum so far of acc += a * b; false: another form. */
static bool find_operands(const ts_op *update, ts_op **product, ts_value **sum) {
  *product = (ts_op *)update;
  *sum = ts_operand(update, update->opcode == TS_OP_FMA ? 2 : 0);
  if (update->opcode == TS_OP_FMA) return true;
  if (update->opcode != TS_OP_ADDI) return false;
  *product = ts_def_as(ts_operand(update, 1), TS_OP_MULI);
  if (*product) return true;
  *product = ts_def_as(ts_operand(update, 0), TS_OP_MULI);
  *sum = ts_operand(update, 1);
  return *product != NULL;
}

static bool find_parts(ts_dot_loop *g, ts_op **product) {
  ts_value *sum;
  for (ts_op *op = ts_for_parts(g->loop).body->first; op; op = op->next)
    if (op->opcode == TS_OP_STORE && !g->store) g->store = op;
  g->update = g->store && !g->store->has_mask ? ts_def(ts_operand(g->store, 0)) : NULL;
  if (!g->update || !find_operands(g->update, product, &sum)) return false;
  g->a = factor_load(ts_operand(*product, 0));
  g->b = factor_load(ts_operand(*product, 1));
  g->c = ts_def_as(sum, TS_OP_LOAD);
  return g->a && g->b && g->c && !g->a->has_mask && !g->b->has_mask && !g->c->has_mask &&
         ts_operand(g->c, 0) == ts_operand(g->store, 1) && ts_same_subscripts(g->c, g->store);
}

static bool belongs(const ts_dot_loop *g, const ts_op *product, const ts_op *op) {
  return op == g->a || op == g->b || op == g->c || op == g->update || op == g->store ||
         op == product || op == ts_operand(product, 0)->def || op == ts_operand(product, 1)->def;
}

static ts_result refuse_form(ts_dot_loop *g, const ts_op *at) {
  ts_schedule_refuse(&g->s, g->loop,
                     "cannot make a dot product of %%%s: its body is not acc += a * b, of factors "
                     "that are loaded and extended",
                     ts_loop_name(g->loop));
  if (at) ts_note(g->s.m->ctx, at->loc, "this %s is no part of that", ts_info(at)->name);
  return TS_ERR;
}

static ts_result check_body(ts_dot_loop *g) {
  ts_op *product;
  const ts_block *body = ts_for_parts(g->loop).body;
  if (!find_parts(g, &product)) return refuse_form(g, NULL);
  for (const ts_op *op = body->first; op; op = op->next)
    if (!belongs(g, product, op)) return refuse_form(g, op);
  if (g->a->block != body || g->b->block != body || g->c->block != body ||
      g->update->block != body || product->block != body)
    return refuse_form(g, NULL);
  const ts_type *data = ts_op_result(g->a, 0)->type, *other = ts_op_result(g->b, 0)->type;
  const ts_type *sum = ts_op_result(g->c, 0)->type;
  g->data = (ts_dtype)data->dtype;
  g->sum = (ts_dtype)sum->dtype;
  g->lanes = ts_dot_group(g->data, g->sum);
  if (!g->lanes || data != other || !ts_is_kind(data, TS_TYPE_SCALAR))
    return ts_schedule_refuse(&g->s, g->update,
                              "cannot make a dot product of %%%s: there is one of i8 in i32 and of "
                              "bf16 in f32, not of %s and %s in %s",
                              ts_loop_name(g->loop), data->text, other->text, sum->text);
  return TS_OK;
}

/* ---- how often it runs ---- */

static ts_result check_extent(ts_dot_loop *g) {
  ts_for f = ts_for_parts(g->loop);
  ts_extent trips;
  bool known = f.num_lo == 1 && f.step == 1 &&
               ts_poly_trip_limit(g->s.m->ctx, g->s.pass->scratch, g->loop, &trips);
  if (!known || ts_is_symbolic(trips) || trips > g->lanes)
    return ts_schedule_refuse(
        &g->s, g->loop,
        "cannot make a dot product of %%%s: it must have at most %lld "
        "iterations for %s; %s gives a loop that has",
        ts_loop_name(g->loop), (long long)g->lanes, ts_dtype_name(g->data),
        ts_schedule_step(&g->s, "split", "%s=%lld", ts_loop_name(g->loop), (long long)g->lanes));
  const ts_aff *end = ts_aff_binary(g->s.m, TS_AFF_ADD, f.lo[0], ts_aff_const(g->s.m, g->lanes));
  g->ragged = ts_new_array(g->s.pass->scratch, const ts_aff *, f.num_hi);
  for (unsigned i = 0; i < f.num_hi; i++)
    if (!end || !ts_poly_holds(g->s.m->ctx, g->s.pass->scratch, g->loop, end, TS_LE, f.hi[i]))
      g->ragged[g->num_ragged++] = f.hi[i];
  return TS_OK;
}

/* ---- how the factors lie ---- */

/* How much the expression grows from one iteration to the next; false: not by a constant. */
static bool growth(const ts_op *op, const ts_aff *a, const ts_value *iv, int64_t *out) {
  int64_t x, y;
  *out = 0;
  switch ((ts_aff_kind)a->kind) {
  case TS_AFF_CONST:
  case TS_AFF_SYM: return true;
  case TS_AFF_DIM: *out = ts_dim(op, (unsigned)a->value) == iv; return true;
  case TS_AFF_ADD:
    return growth(op, a->lhs, iv, &x) && growth(op, a->rhs, iv, &y) &&
           !__builtin_add_overflow(x, y, out);
  case TS_AFF_MUL:
    return growth(op, a->lhs, iv, &x) && !__builtin_mul_overflow(x, a->rhs->value, out);
  default: return growth(op, a->lhs, iv, &x) && x == 0;
  }
}

/* The layout for `stage` that puts the group last: "[0/4][1][0%4]". */
static const char *layout_for(const ts_dot_loop *g, const ts_op *load) {
  ts_arena *a = g->s.pass->scratch;
  const char *text = "", *group = "";
  const ts_value *iv = ts_for_parts(g->loop).iv;
  for (unsigned i = 0; i < load->map->n; i++) {
    int64_t by;
    bool along = growth(load, load->map->exprs[i], iv, &by) && by && !*group;
    text = along ? ts_sprintf(a, "%s[%u/%lld]", text, i, (long long)g->lanes)
                 : ts_sprintf(a, "%s[%u]", text, i);
    if (along) group = ts_sprintf(a, "[%u%%%lld]", i, (long long)g->lanes);
  }
  return ts_sprintf(a, "%s%s", text, group);
}

static ts_result check_factor(ts_dot_loop *g, const ts_op *load) {
  const ts_type *t = ts_operand(load, 0)->type;
  bool row =
      load->map->n > 0 && (t->layout != TS_LAYOUT_STRIDES || t->layout_args[t->rank - 1] == 1);
  for (unsigned i = 0; i < load->map->n; i++) {
    int64_t by;
    bool known = growth(load, load->map->exprs[i], ts_for_parts(g->loop).iv, &by);
    row = row && known && by == (i + 1 == load->map->n);
  }
  if (row) return TS_OK;
  const char *name = ts_str_text(g->s.m, ts_operand(load, 0)->name);
  ts_schedule_refuse(&g->s, load,
                     "cannot make a dot product of %%%s: the %lld elements of %%%s do not lie side "
                     "by side",
                     ts_loop_name(g->loop), (long long)g->lanes, name);
  if (load->map->n)
    ts_note_plain(g->s.m->ctx, "-stage=\"%s at=… layout=%s\" makes a copy in which they do", name,
                  layout_for(g, load));
  return TS_ERR;
}

static ts_result check_sum(ts_dot_loop *g) {
  const ts_dot_options *o = g->s.options;
  if (ts_has_dim(g->c, ts_for_parts(g->loop).iv))
    return ts_schedule_refuse(&g->s, g->store,
                              "cannot make a dot product of %%%s: each of its iterations adds to "
                              "another element",
                              ts_loop_name(g->loop));
  if (!ts_is_float(g->sum) || o->reassociate) return TS_OK;
  return ts_schedule_refuse(
      &g->s, g->update,
      "cannot make a dot product of %%%s: it adds floats from the last to the "
      "first, which rounds differently; reassociate=true allows that",
      ts_loop_name(g->loop));
}

/* The factor that is the same for the loop around goes first: it will be the one that all lanes
 * share. */
static void order_factors(ts_dot_loop *g) {
  const ts_op *around = ts_loop_around(g->loop);
  if (!around) return;
  const ts_value *iv = ts_for_parts(around).iv;
  if (!ts_has_dim(g->a, iv) || ts_has_dim(g->b, iv)) return;
  ts_op *a = g->a;
  g->a = g->b;
  g->b = a;
}

/* ---- buffers of groups ---- */

/* A buffer that only this function sees, element by element, and whose last dimension is a
 * group. */
static bool is_grouped(const ts_value *memref, int64_t lanes) {
  const ts_type *t = memref->type;
  if (!ts_def_as(memref, TS_OP_ALLOC) || t->elem || t->layout != TS_LAYOUT_ROWMAJOR ||
      t->rank < 2 || t->dims[t->rank - 1] != lanes)
    return false;
  if (ts_is_symbolic(t->dims[t->rank - 2])) return false;
  for (const ts_use *u = memref->uses; u; u = u->next) {
    const ts_op *op = u->owner;
    bool load = op->opcode == TS_OP_LOAD && ts_is_kind(ts_op_result(op, 0)->type, TS_TYPE_SCALAR);
    bool store = op->opcode == TS_OP_STORE && u == &op->operands[1] &&
                 ts_is_kind(ts_operand(op, 0)->type, TS_TYPE_SCALAR);
    if (!load && !store && op->opcode != TS_OP_PREFETCH) return false;
  }
  return true;
}

/* The loop's upper bound as it would be where the store stands, going by the subscripts of both:
 * over the store's dims, or NULL. */
static const ts_aff *bound_at(const ts_dot_loop *g, const ts_op *load, const ts_op *store,
                              const ts_aff *hi) {
  const ts_aff *with[TS_MAX_DIMS];
  for (unsigned i = 0; i < ts_num_dims(g->loop); i++) {
    with[i] = NULL;
    for (unsigned s = 0; s < load->map->n && !with[i]; s++) {
      const ts_aff *at = load->map->exprs[s];
      if (at->kind == TS_AFF_DIM && ts_dim(load, (unsigned)at->value) == ts_dim(g->loop, i))
        with[i] = store->map->exprs[s];
    }
    if (!with[i]) return NULL;
  }
  return ts_aff_substitute(g->s.m, hi, with, NULL, NULL);
}

/* Is what the whole group would read written before, wherever the loop reads some of it? */
static bool is_written(const ts_dot_loop *g, const ts_op *load, ts_value *memref) {
  ts_forms forms = ts_forms_in(g->s.pass->scratch);
  ts_block *home = memref->def->block;
  ts_touches all;
  if (!ts_touches_in(&forms, home, memref, &all)) return false;
  for (size_t i = 0; i < all.list.n; i++) {
    ts_touch *t = &all.list.at[i];
    if (t->op != load) continue;
    t->at[t->n - 1] = ts_form_const(&forms, 0);
    t->widths[t->n - 1] = g->lanes;
  }
  return !ts_flow_of(&forms, &all, home, NULL).comes_in;
}

/* Do groups of the factor hold zeros past the loop's end? All of them are written, and whatever else
 * than 0 is stored is stored before the end. */
static bool is_zero_past_end(const ts_dot_loop *g, const ts_op *load) {
  ts_value *memref = ts_operand(load, 0);
  const ts_aff *last = load->map->n ? load->map->exprs[load->map->n - 1] : NULL;
  if (!is_grouped(memref, g->lanes) || last->kind != TS_AFF_DIM ||
      ts_dim(load, (unsigned)last->value) != ts_for_parts(g->loop).iv)
    return false;
  for (const ts_use *u = memref->uses; u; u = u->next) {
    const ts_op *op = u->owner;
    if (op->opcode != TS_OP_STORE || ts_value_is(ts_operand(op, 0), 0)) continue;
    for (unsigned i = 0; i < g->num_ragged; i++) {
      const ts_aff *hi = bound_at(g, load, op, g->ragged[i]);
      if (!hi || !ts_poly_holds(g->s.m->ctx, g->s.pass->scratch, op, op->map->exprs[op->map->n - 1],
                                TS_LT, hi))
        return false;
    }
  }
  return is_written(g, load, memref);
}

/* Zeros add nothing, so where both factors hold them the group may run to its end. */
static void drop_padded_end(ts_dot_loop *g) {
  ts_for f = ts_for_parts(g->loop);
  int64_t lo;
  if (g->num_ragged && ts_aff_is_const(f.lo[0], &lo) && lo == 0 && is_zero_past_end(g, g->a) &&
      is_zero_past_end(g, g->b))
    g->num_ragged = 0;
}

typedef struct jobs {
  const ts_dot_options *options;
  ts_dot_loops groups;
} jobs;

static ts_result collect(ts_schedule *s, ts_op *loop, const ts_loop_item *item) {
  jobs *all = (jobs *)s->options;
  (void)item;
  ts_dot_loop g = {.s = *s, .loop = loop};
  g.s.options = all->options;
  ts_result result = check_body(&g);
  if (!result) result = check_extent(&g);
  if (!result) result = check_sum(&g);
  if (!result) result = check_factor(&g, g.a);
  if (!result) result = check_factor(&g, g.b);
  if (result) return result;
  drop_padded_end(&g);
  order_factors(&g);
  ts_push(s->pass->scratch, &all->groups, g);
  return TS_OK;
}

static bool flatten_access(ts_module *m, ts_op *op, int64_t lanes) {
  ts_dims d = ts_dims_none(m);
  const ts_aff *at[TS_MAX_RANK];
  unsigned n = op->map->n;
  for (unsigned i = 0; i < n; i++)
    at[i] = ts_dims_import(&d, op, op->map->exprs[i]);
  at[n - 2] = ts_dims_add(&d, ts_dims_scale(&d, at[n - 2], lanes), at[n - 1]);
  return !d.overflow && ts_dims_set_map(&d, op, n - 1, at);
}

/* memref<33x64x4xi8> → memref<33x256xi8> */
static ts_result flatten(ts_dot_loop *g, ts_value *memref) {
  const ts_type *t = memref->type;
  ts_extent dims[TS_MAX_RANK];
  if (!is_grouped(memref, g->lanes)) return TS_OK;
  memcpy(dims, t->dims, t->rank * sizeof *dims);
  bool fits = !__builtin_mul_overflow(dims[t->rank - 2], g->lanes, &dims[t->rank - 2]);
  TS_VEC(ts_op *) users = {0};
  for (ts_use *u = memref->uses; u; u = u->next)
    ts_push(g->s.pass->scratch, &users, u->owner);
  for (size_t i = 0; i < users.n && fits; i++)
    fits = flatten_access(g->s.m, users.at[i], g->lanes);
  if (!fits)
    return ts_schedule_refuse(&g->s, memref->def, "subscripts of %%%s get too large",
                              ts_str_text(g->s.m, memref->name));
  ts_set_type(memref,
              ts_type_buffer(g->s.m, t->rank - 1, dims, (ts_dtype)t->dtype, (ts_space)t->space));
  return TS_OK;
}

/* ---- rewriting ---- */

/* The expression over the op's dims as the first iteration has it. */
static const ts_aff *at_first(const ts_dot_loop *g, const ts_op *op, const ts_aff *a, ts_dims *d) {
  ts_for f = ts_for_parts(g->loop);
  const ts_aff *with[TS_MAX_DIMS];
  for (unsigned i = 0; i < ts_num_dims(op); i++)
    with[i] = ts_dim(op, i) == f.iv ? ts_dims_import(d, g->loop, f.lo[0])
                                    : ts_dims_value(d, ts_dim(op, i));
  const ts_aff *at = ts_aff_substitute(g->s.m, a, with, NULL, NULL);
  if (at) return at;
  d->overflow = true;
  return ts_aff_const(g->s.m, 0);
}

/* The lanes that some iteration stands for. */
static ts_value *build_mask(const ts_dot_loop *g, ts_builder *b) {
  const ts_type *t = ts_type_vector(g->s.m, g->lanes, TS_I1);
  ts_value *mask = NULL;
  for (unsigned i = 0; i < g->num_ragged; i++) {
    ts_dims d = ts_dims_none(g->s.m);
    const ts_aff *left = ts_dims_sub(&d, ts_dims_import(&d, g->loop, g->ragged[i]),
                                     ts_dims_import(&d, g->loop, ts_for_parts(g->loop).lo[0]));
    ts_op *op = ts_op_create(g->s.m, TS_OP_LANES_BELOW, b->loc, 0, NULL, 0, NULL, 1, &t, 0);
    ts_op_insert(b, op);
    if (!ts_dims_set_map(&d, op, 1, &left)) ts_unreachable("bounds that fitted no longer do");
    ts_value *below = ts_op_result(op, 0);
    mask = mask ? ts_build2(b, TS_OP_ANDI, t, mask, below) : below;
  }
  return mask;
}

static ts_value *load_group(const ts_dot_loop *g, ts_builder *b, const ts_op *load, int64_t lanes,
                            ts_value *mask) {
  ts_dims d = ts_dims_none(g->s.m);
  const ts_aff *at[TS_MAX_RANK];
  for (unsigned i = 0; i < load->map->n; i++)
    at[i] = at_first(g, load, load->map->exprs[i], &d);
  const ts_type *t = ts_type_vector(g->s.m, lanes, (ts_dtype)ts_op_result(load, 0)->type->dtype);
  ts_value *x = ts_build_load(b, t, ts_operand(load, 0), load->map->n, at, d.n, d.at, mask);
  ts_take_name(x, ts_op_result(load, 0));
  return x;
}

/* Do the first iteration's subscripts fit? */
static bool fits(const ts_dot_loop *g) {
  ts_dims d = ts_dims_none(g->s.m);
  const ts_op *loads[] = {g->a, g->b};
  for (unsigned k = 0; k < 2; k++)
    for (unsigned i = 0; i < loads[k]->map->n; i++)
      at_first(g, loads[k], loads[k]->map->exprs[i], &d);
  return !d.overflow;
}

static void rewrite(ts_dot_loop *g) {
  ts_builder b = ts_builder_before(g->s.m, g->loop);
  ts_value *mask = build_mask(g, &b);
  ts_value *in[3] = {load_group(g, &b, g->a, g->lanes, mask)};
  in[1] = g->b == g->a ? in[0] : load_group(g, &b, g->b, g->lanes, mask);
  in[2] = load_group(g, &b, g->c, 1, NULL);
  ts_value *sum = ts_build(&b, TS_OP_DOT, in[2]->type, 3, in);
  ts_take_name(sum, ts_op_result(g->update, 0));
  sum->def->loc = g->update->loc;
  ts_value *dims[TS_MAX_DIMS];
  for (unsigned i = 0; i < ts_num_dims(g->store); i++)
    dims[i] = ts_dim(g->store, i);
  ts_build_store(&b, sum, ts_operand(g->store, 1), g->store->map->n, g->store->map->exprs,
                 ts_num_dims(g->store), dims, NULL);
  ts_schedule_passed(&g->s, g->loop, "the iterations of %%%s are one dot product of %lld %s%s",
                     ts_loop_name(g->loop), (long long)g->lanes, ts_dtype_name(g->data),
                     mask ? ", under a mask" : "");
  ts_count(g->s.pass, "dot products made", 1);
  g->s.pass->changed = true;
  g->mask = mask ? mask->def : NULL;
  g->dot = sum->def;
  ts_op_erase(g->loop);
}

static ts_result prepare(ts_dot_loop *g) {
  ts_result result = flatten(g, ts_operand(g->a, 0));
  if (!result) result = flatten(g, ts_operand(g->b, 0));
  if (result || fits(g)) return result;
  return ts_schedule_refuse(&g->s, g->loop,
                            "cannot make a dot product of %%%s: its subscripts get too large",
                            ts_loop_name(g->loop));
}

ts_result ts_pass_dot(ts_pass_ctx *pass, ts_module *m, const void *options) {
  const ts_dot_options *o = options;
  jobs all = {.options = o};
  ts_dot_loops *groups = &all.groups;
  ts_result result = ts_each_loop(pass, m, o->func, &o->loops, &all, collect);
  if (!result && o->offset) result = ts_dot_check_offset(groups);
  for (size_t i = 0; i < groups->n && !result; i++)
    result = prepare(&groups->at[i]);
  if (result) return result;
  for (size_t i = 0; i < groups->n; i++)
    rewrite(&groups->at[i]);
  if (o->offset) ts_dot_make_offset(groups);
  return TS_OK;
}
