/* fuse: matmul, bias and activation become one fused_mlp; other elementwise ops become fused groups.
 *
 * requires:  tensor functions.
 * preserves: groups keep every bit, since each op of a region rounds as it did outside. fused_mlp
 *            rounds once at its end instead of after the product, the sum and the activation.
 * rewrite:   %p = matmul %X, %W … %s = add %p, %b … %y = gelu %s
 *              → %y = fused_mlp %X, %W, %b {act = gelu}           where %b has one element a column
 *            %s = add %a, %b … %y = exp %s        → %y = fused %a, %b { … }
 *            %p = matmul %X, %W … %y = mul %p, %c → %y = fused %X, %W, %c {root = matmul} { … }
 *
 * The ops may stand anywhere in the function, with others between them; the result stands where the
 * last of them stood, which everything they read comes before. An op joins those that use it only
 * if no one else does (a return counts), so nothing is computed twice, and only if it has the shape
 * of the group's result, for the same reason. What stays apart is told in missed remarks.
 *
 * Groups grow from the last op of the function to the first: the users of an op then know their
 * group, and one look at them decides. */
#include "ir/scalar.h"
#include "transforms/rewrite/rewrite.h"

enum { MAX_MEMBERS = 4096 }; /* each brings at most one operand of its own */

typedef struct group {
  ts_op *last;             /* computes the group's result */
  ts_op *matmul;           /* its root, or NULL */
  uint32_t tag;            /* of its members; counts from 1 */
  TS_VEC(ts_op *) members; /* elementwise ops, the last one first */
} group;

typedef struct fuser {
  ts_pass_ctx *pass;
  ts_module *m;
  TS_VEC(group *) groups; /* the one with tag i is groups.at[i - 1] */
} fuser;

static ts_value *result(const ts_op *op) { return ts_op_result(op, 0); }

/* `op` stays apart from what uses it; the place of `because` (may be NULL) is shown. */
static void missed(fuser *f, const ts_op *op, const char *why, const ts_op *because,
                   const char *what) {
  ts_remark(f->m->ctx, op->loc, f->pass->name, "missed", "%s is not fused with what uses it: %s",
            ts_info(op)->name, why);
  if (because) ts_note(f->m->ctx, because->loc, "%s", what);
}

/* ---- matmul, bias, activation ---- */

typedef struct mlp {
  ts_op *matmul, *add, *act;
  ts_value *bias;
  ts_opcode activation; /* what `act` computes */
} mlp;

/* The value that `op` activates, and the activation; max(x, 0) is relu. NULL: not an activation. */
static ts_value *activated(const ts_op *op, ts_opcode *code) {
  *code = op->opcode;
  if (op->opcode == TS_OP_MAX)
    for (unsigned i = 0; i < 2; i++)
      if (ts_value_is(ts_operand(op, i), 0)) {
        *code = TS_OP_RELU;
        return ts_operand(op, 1 - i);
      }
  return ts_is_activation(*code) ? ts_operand(op, 0) : NULL;
}

/* The bias behind `v`, which may be broadcast to the product's shape. NULL: a full matrix or the
 * like. */
static ts_value *bias_of(ts_value *v, const ts_type *product) {
  if (ts_is_bias(v->type, product)) return v;
  ts_op *broadcast = ts_def_as(v, TS_OP_BROADCAST);
  return broadcast && ts_is_bias(ts_operand(broadcast, 0)->type, product) ? ts_operand(broadcast, 0)
                                                                          : NULL;
}

/* Whether bias and activation in the accumulator type differ from those in the product's by rounding
 * only: an integer accumulator that is wider would not have wrapped yet. */
static bool only_rounds(const ts_op *matmul) {
  ts_dtype dtype = result(matmul)->type->dtype;
  return ts_is_float(dtype) || ts_acc_dtype(matmul) == dtype;
}

/* The matmul and its bias among the operands of `add`, on either side. */
static bool find_matmul(mlp *p) {
  for (unsigned i = 0; i < 2; i++) {
    ts_op *matmul = ts_def_as(ts_operand(p->add, i), TS_OP_MATMUL);
    if (!matmul || !only_rounds(matmul)) continue;
    if (result(matmul)->type != result(p->add)->type) continue;
    p->matmul = matmul;
    p->bias = bias_of(ts_operand(p->add, 1 - i), result(matmul)->type);
    if (p->bias) return true;
  }
  return false;
}

static bool find_mlp(ts_op *act, mlp *p) {
  *p = (mlp){.act = act};
  if (act->num_results != 1 || !ts_is_kind(result(act)->type, TS_TYPE_TENSOR)) return false;
  ts_value *x = activated(act, &p->activation);
  p->add = x ? ts_def_as(x, TS_OP_ADD) : NULL;
  if (!p->add || result(p->add)->type != result(act)->type || !find_matmul(p)) return false;
  return ts_has_one_use(result(p->add)) && ts_has_one_use(result(p->matmul));
}

static void build_mlp(fuser *f, const mlp *p) {
  ts_builder b = ts_builder_before(f->m, p->act);
  ts_value *operands[] = {ts_operand(p->matmul, 0), ts_operand(p->matmul, 1), p->bias};
  ts_value *old_bias =
      ts_operand(p->add, 0) == result(p->matmul) ? ts_operand(p->add, 1) : ts_operand(p->add, 0);
  ts_value *v = ts_build(&b, TS_OP_FUSED_MLP, result(p->act)->type, 3, operands);
  ts_attr_set_int(f->m, ts_def(v), TS_ATTR_ACT, p->activation);
  ts_attr_copy(f->m, ts_def(v), p->act, TS_ATTR_APPROX);
  ts_attr_copy(f->m, ts_def(v), p->matmul, TS_ATTR_ACC);
  ts_remark(f->m->ctx, p->act->loc, f->pass->name, "passed", "matmul, bias and %s become fused_mlp",
            ts_op_infos[p->activation].name);
  ts_note(f->m->ctx, p->matmul->loc, "the product");
  ts_note(f->m->ctx, p->add->loc, "the bias is added here");
  ts_replace_op(&b, p->act, v, true);
  ts_op_erase(p->add);
  ts_op_erase(p->matmul);
  if (ts_def(old_bias)) ts_erase_if_dead(f->pass->scratch, ts_def(old_bias));
  f->pass->changed = true;
  ts_count(f->pass, "matmul, bias and activation fused", 1);
}

static void fuse_mlps(fuser *f, ts_func *func) {
  for (ts_op *op = func->body->first, *next; op; op = next) {
    mlp p;
    next = op->next;
    if (find_mlp(op, &p)) build_mlp(f, &p);
  }
}

/* ---- finding groups ---- */

static group *group_of(const fuser *f, const ts_op *op) {
  return op->tag ? f->groups.at[op->tag - 1] : NULL;
}

/* The group that every user of `op` is in; NULL when there is none. */
static group *users_group(fuser *f, const ts_op *op) {
  const ts_op *in = NULL, *out = NULL;
  for (const ts_use *u = result(op)->uses; u; u = u->next) {
    if (u->owner->tag && (!in || in->tag == u->owner->tag))
      in = u->owner;
    else
      out = u->owner;
  }
  if (in && out) missed(f, op, "it has another use", out, "used here as well");
  return in && !out ? group_of(f, in) : NULL;
}

/* Whether `op`, whose users are all in `g`, can join it; says why not. */
static bool may_join(fuser *f, const group *g, const ts_op *op) {
  bool second = op->opcode == TS_OP_MATMUL && g->matmul;
  if (!ts_same_shape(result(op)->type, result(g->last)->type))
    missed(f, op, "the group's result is larger, so it would be computed again", g->last,
           "the group ends here");
  else if (g->members.n >= MAX_MEMBERS)
    missed(f, op, "the group has as many ops as it may", g->last, "the group ends here");
  else if (second)
    missed(f, op, "the group has a matmul already", g->matmul, "this one");
  else
    return true;
  return false;
}

static group *new_group(fuser *f, ts_op *last) {
  group *g = ts_new(f->pass->scratch, group);
  ts_push(f->pass->scratch, &f->groups, g);
  g->last = last;
  g->tag = (uint32_t)f->groups.n;
  return g;
}

/* A matmul keeps the tag 0: what it reads is no elementwise operand of the group. */
static void join(fuser *f, group *g, ts_op *op) {
  if (op->opcode == TS_OP_MATMUL) {
    g->matmul = op;
    return;
  }
  op->tag = g->tag;
  ts_push(f->pass->scratch, &g->members, op);
}

/* Whether a region can compute `op`: integer division, which can fail, is not pure. */
static bool fits_region(const ts_op *op) {
  if (!ts_has_scalar_form(op)) return false;
  ts_opcode scalar = ts_scalar_form(op->opcode, result(op)->type->dtype);
  return scalar == TS_NUM_OPCODES || ts_op_infos[scalar].flags & TS_FLAG_PURE;
}

static void find_groups(fuser *f, ts_func *func) {
  f->groups.n = 0;
  for (ts_op *op = func->body->first; op; op = op->next)
    op->tag = 0;
  for (ts_op *op = func->body->last; op; op = op->prev) {
    bool matmul = op->opcode == TS_OP_MATMUL;
    if (op->num_results != 1 || !ts_is_kind(result(op)->type, TS_TYPE_TENSOR)) continue;
    if (!matmul && !fits_region(op)) continue;
    group *g = users_group(f, op);
    if (g && may_join(f, g, op))
      join(f, g, op);
    else if (!matmul)
      join(f, new_group(f, op), op);
  }
}

/* ---- building a group ---- */

/* The operands of a fused op and what stands for each value in its region. */
typedef struct region {
  fuser *f;
  const group *g;
  bool absorb; /* literals for splats, and the operands of broadcasts instead of them */
  ts_op *op;
  TS_VEC(ts_value *) operands;
  ts_ptrmap args; /* value → region value */
} region;

static bool is_splat(const ts_value *v) {
  ts_constant n;
  return !ts_is_literal(v) && ts_as_constant(v, &n);
}

/* What the group reads when one of its ops reads `v`. */
static ts_value *read_as(const region *r, ts_value *v) {
  ts_op *broadcast = r->absorb ? ts_def_as(v, TS_OP_BROADCAST) : NULL;
  return broadcast ? ts_operand(broadcast, 0) : v;
}

/* Whether `v` is computed inside the region, or written there as a literal. */
static bool is_inside(const region *r, const ts_value *v) {
  const ts_op *def = ts_def(v);
  if (ts_is_literal(v) || (r->absorb && is_splat(v))) return true;
  return def && (def == r->g->matmul || def->tag == r->g->tag);
}

static void add_operand(region *r, ts_value *v) {
  if (ts_ptrmap_get(&r->args, v)) return;
  ts_push(r->f->pass->scratch, &r->operands, v);
  ts_ptrmap_put(&r->args, v, v);
}

/* Collects the operands; false when there are none or they are too small together for the
 * result. */
static bool collect(fuser *f, const group *g, bool absorb, region *r) {
  *r = (region){.f = f, .g = g, .absorb = absorb};
  ts_ptrmap_init(&r->args, f->pass->scratch);
  for (unsigned i = 0; g->matmul && i < 2; i++)
    ts_push(f->pass->scratch, &r->operands, ts_operand(g->matmul, i));
  for (size_t m = g->members.n; m > 0; m--)
    for (unsigned i = 0; i < g->members.at[m - 1]->num_plain; i++) {
      ts_value *v = read_as(r, ts_operand(g->members.at[m - 1], i));
      if (!is_inside(r, v)) add_operand(r, v);
    }
  unsigned n = (unsigned)r->operands.n;
  return g->matmul || (n && ts_shapes_give(n, r->operands.at, result(g->last)->type));
}

static void add_args(region *r) {
  ts_module *m = r->f->m;
  ts_block *body = ts_op_regions(r->op)[0];
  unsigned first = 0;
  if (r->g->matmul) {
    ts_value *product = result(r->g->matmul);
    const ts_type *type = ts_type_scalar(m, product->type->dtype);
    ts_ptrmap_put(&r->args, product, ts_block_add_arg(m, body, type, 0));
    first = 2;
  }
  for (size_t i = first; i < r->operands.n; i++) {
    const ts_type *type = ts_type_scalar(m, r->operands.at[i]->type->dtype);
    ts_ptrmap_put(&r->args, r->operands.at[i], ts_block_add_arg(m, body, type, 0));
  }
}

static ts_value *scalar_of(region *r, ts_value *v) {
  ts_constant n;
  ts_value *inside = ts_ptrmap_get(&r->args, v);
  if (inside) return inside;
  if (ts_is_literal(v)) return v;
  if (!ts_as_constant(v, &n)) ts_unreachable("a value that is not in the fused region");
  ts_builder none = {.module = r->f->m};
  return ts_build_constant(&none, ts_type_scalar(r->f->m, v->type->dtype), n);
}

static void emit_members(region *r) {
  ts_builder b = ts_builder_at_end(r->f->m, ts_op_regions(r->op)[0], r->op->loc);
  ts_value *y = NULL;
  for (size_t m = r->g->members.n; m > 0; m--) {
    ts_op *op = r->g->members.at[m - 1];
    ts_value *operands[2] = {NULL, NULL};
    for (unsigned i = 0; i < op->num_plain; i++)
      operands[i] = scalar_of(r, read_as(r, ts_operand(op, i)));
    b.loc = op->loc;
    y = ts_emit_scalar(&b, op, operands);
    if (op != r->g->last && ts_def(y)) ts_take_name(y, result(op));
    ts_ptrmap_put(&r->args, result(op), y);
  }
  (void)ts_build_terminator(&b, TS_OP_YIELD, 1, &y);
}

/* The fused op takes the place of the members, which go with what only they read: splats and
 * broadcasts. */
static void replace_members(region *r, ts_builder *b) {
  ts_arena *scratch = r->f->pass->scratch;
  const group *g = r->g;
  TS_VEC(ts_op *) read = {0};
  for (size_t m = 0; m < g->members.n; m++)
    for (unsigned i = 0; i < g->members.at[m]->num_plain; i++) {
      ts_op *def = ts_def(ts_operand(g->members.at[m], i));
      if (def && def->tag != g->tag && def != g->matmul) ts_push(scratch, &read, def);
    }
  ts_replace_op(b, g->last, ts_op_result(r->op, 0), true);
  for (size_t m = 1; m < g->members.n; m++)
    ts_op_erase(g->members.at[m]);
  if (g->matmul) ts_op_erase(g->matmul);
  for (size_t i = 0; i < read.n; i++)
    ts_erase_if_dead(scratch, read.at[i]);
}

static void remark_group(fuser *f, const group *g) {
  ts_sink names;
  ts_sink_buffer(&names, &f->m->ctx->memory);
  for (size_t m = g->members.n; m > 0; m--) {
    if (m < g->members.n) ts_sink_puts(&names, ", ");
    if (g->members.n - m == 8) {
      ts_sink_puts(&names, "...");
      break;
    }
    ts_sink_puts(&names, ts_info(g->members.at[m - 1])->name);
  }
  if (g->matmul)
    ts_remark(f->m->ctx, g->last->loc, f->pass->name, "passed",
              "matmul and its epilogue (%.*s) become fused", (int)names.n, names.buf);
  else
    ts_remark(f->m->ctx, g->last->loc, f->pass->name, "passed", "%zu ops (%.*s) become fused",
              g->members.n, (int)names.n, names.buf);
  ts_sink_drop(&names);
}

static void build_group(fuser *f, const group *g) {
  region r;
  if (g->members.n + (g->matmul != NULL) < 2) return;
  if (!collect(f, g, true, &r) && !collect(f, g, false, &r)) return;
  remark_group(f, g);
  ts_builder b = ts_builder_before(f->m, g->last);
  ts_value *v =
      ts_build(&b, TS_OP_FUSED, result(g->last)->type, (unsigned)r.operands.n, r.operands.at);
  r.op = ts_def(v);
  if (g->matmul) {
    ts_attr_set_int(f->m, r.op, TS_ATTR_ROOT, TS_OP_MATMUL);
    ts_attr_copy(f->m, r.op, g->matmul, TS_ATTR_ACC);
  }
  add_args(&r);
  emit_members(&r);
  replace_members(&r, &b);
  f->pass->changed = true;
  ts_count(f->pass, g->matmul ? "matmul epilogues fused" : "elementwise groups fused", 1);
  ts_count(f->pass, "ops fused", g->members.n + (g->matmul != NULL));
}

ts_result ts_pass_fuse(ts_pass_ctx *pass, ts_module *m, const void *options) {
  (void)options;
  for (ts_func *func = m->first_func; func; func = func->next) {
    fuser f = {.pass = pass, .m = m};
    fuse_mlps(&f, func);
    find_groups(&f, func);
    for (size_t i = f.groups.n; i > 0; i--)
      build_group(&f, f.groups.at[i - 1]);
  }
  return TS_OK;
}
