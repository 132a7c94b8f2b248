/* From the IR to the model: when does a body run, and what does it touch? See poly_impl.h. */
#include "analysis/index/range.h"
#include "analysis/poly/poly_impl.h"
#include "analysis/poly/update.h"

/* ---- loops ---- */

/* Records `value`, the form of `v`, which is the variable of this scope's loop or of a loop around
 * the stretch. */
static void bind_value(ts_poly *p, ts_poly_scope *s, ts_value *v, ts_linear value) {
  ts_linear *form = ts_new(p->arena, ts_linear);
  *form = value;
  ts_ptrmap_put(&p->values, v, form);
  if (s == &p->outside)
    ts_push(p->arena, &p->fixed, (ts_poly_fixed){.value = v, .form = value});
  else
    s->iv = v, s->value = value, s->num_loops++;
}

static ts_linear new_form(ts_poly *p, ts_poly_scope *s) {
  return ts_linear_atom(p->arena, ts_poly_new_var(p, s));
}

/* Adds  a - b + plus >= 0 (== 0). What passes int64 is left out. */
static void add_difference(ts_poly *p, ts_poly_scope *s, const ts_linear *a, const ts_linear *b,
                           int64_t plus, bool eq) {
  ts_linear f = {.constant = plus};
  if (ts_linear_add(p->arena, &f, a, 1) && ts_linear_add(p->arena, &f, b, -1))
    ts_poly_row_add(p, s, f, eq);
  else
    s->inexact = true;
}

/* The value a loop starts from: its bound, or a new variable that is the largest of its bounds. */
static bool start_of(ts_poly *p, ts_poly_scope *s, const ts_op *op, const ts_for *loop,
                     ts_linear *start) {
  if (loop->num_lo == 1) return ts_poly_aff(p, s, op, loop->lo[0], start);
  ts_poly_clause one_of = {0};
  *start = new_form(p, s);
  for (unsigned i = 0; i < loop->num_lo; i++) {
    ts_linear lo;
    if (!ts_poly_aff(p, s, op, loop->lo[i], &lo)) return false;
    add_difference(p, s, start, &lo, 0, false);
    if (!ts_poly_relation(p, start, TS_EQ, &lo, &one_of)) return false;
  }
  ts_push(p->arena, &s->clauses, one_of);
  return true;
}

/* Of a loop with step 1: its variable and its lower bounds. */
static ts_linear start_plain(ts_poly *p, ts_poly_scope *s, const ts_op *op, const ts_for *loop) {
  ts_linear lo, v = new_form(p, s);
  for (unsigned i = 0; i < loop->num_lo; i++)
    if (ts_poly_aff(p, s, op, loop->lo[i], &lo))
      add_difference(p, s, &v, &lo, 0, false);
    else
      s->inexact = true;
  return v;
}

/* Of a loop with steps, or whose iterations are to be numbered: start + step * count with count >=
 * 0. */
static ts_linear start_counted(ts_poly *p, ts_poly_scope *s, const ts_op *op, const ts_for *loop) {
  ts_linear v;
  s->count = new_form(p, s);
  ts_poly_row_add(p, s, s->count, false);
  s->counted = start_of(p, s, op, loop, &v) && ts_linear_add(p->arena, &v, &s->count, loop->step);
  if (s->counted) return v;
  s->inexact = true;
  return new_form(p, s);
}

static void enter_for(ts_poly *p, ts_poly_scope *s, const ts_op *op) {
  ts_for loop = ts_for_parts(op);
  bool counted = loop.step != 1 || op == p->count_a || op == p->count_b;
  ts_linear hi, v = counted ? start_counted(p, s, op, &loop) : start_plain(p, s, op, &loop);
  bind_value(p, s, loop.iv, v);
  for (unsigned i = 0; i < loop.num_hi; i++)
    if (ts_poly_aff(p, s, op, loop.hi[i], &hi))
      add_difference(p, s, &hi, &v, -1, false);
    else
      s->inexact = true;
}

static void enter_index(ts_poly *p, ts_poly_scope *s, const ts_op *op, unsigned i) {
  ts_launch launch = ts_launch_parts(op);
  ts_linear extent, v = new_form(p, s);
  bind_value(p, s, launch.body->args[i], v);
  ts_poly_row_add(p, s, v, false);
  if (ts_poly_aff(p, s, op, launch.extents[i], &extent))
    add_difference(p, s, &extent, &v, -1, false);
  else
    s->inexact = true;
}

/* ---- conditions ---- */

/* A clause of one alternative is as good as plain rows. */
static void add_clause(ts_poly *p, ts_poly_scope *s, ts_poly_clause clause) {
  if (clause.alts.n != 1) {
    ts_push(p->arena, &s->clauses, clause);
    return;
  }
  for (unsigned i = 0; i < clause.alts.at[0].n; i++)
    ts_poly_row_add(p, s, clause.alts.at[0].rows[i].form, clause.alts.at[0].rows[i].eq);
}

/* All conditions hold in the then region; in the else region one of their negations does. */
static void enter_if(ts_poly *p, ts_poly_scope *s, const ts_op *op, const ts_block *block) {
  ts_if test = ts_if_parts(op);
  bool negate = block == test.else_block;
  ts_poly_clause clause = {0};
  if (test.n == 0) s->inexact = true;
  for (unsigned i = 0; i < test.n; i++) {
    ts_linear lhs, rhs;
    ts_pred pred = (ts_pred)test.preds[i];
    if (!ts_poly_aff(p, s, op, test.sides[2 * i], &lhs) ||
        !ts_poly_aff(p, s, op, test.sides[2 * i + 1], &rhs) ||
        !ts_poly_relation(p, &lhs, negate ? ts_poly_negated(pred) : pred, &rhs, &clause)) {
      s->inexact = true;
      if (negate) return;
      clause = (ts_poly_clause){0};
      continue;
    }
    if (!negate) add_clause(p, s, clause), clause = (ts_poly_clause){0};
  }
  if (negate && test.n) add_clause(p, s, clause);
}

/* ---- scopes ---- */

static ts_poly_scope *new_scope(ts_poly *p, ts_poly_scope *parent, const ts_op *op,
                                const ts_block *block) {
  ts_poly_scope *s = ts_new(p->arena, ts_poly_scope);
  *s = (ts_poly_scope){.parent = parent, .op = op, .block = block};
  if (!parent) return s;
  s->depth = parent->depth + 1;
  s->num_loops = parent->num_loops;
  s->num_locals = parent->num_locals;
  s->inexact = parent->inexact;
  return s;
}

/* The blocks of a launch run one after another, the first index fastest: it is the innermost. */
static ts_poly_scope *enter_launch(ts_poly *p, ts_poly_scope *parent, const ts_op *op,
                                   const ts_block *block) {
  for (unsigned i = ts_launch_parts(op).n; i-- > 0;) {
    parent = new_scope(p, parent, op, block);
    enter_index(p, parent, op, i);
  }
  return parent;
}

ts_poly_scope *ts_poly_enter(ts_poly *p, ts_poly_scope *parent, const ts_op *op,
                             const ts_block *block) {
  if (op->opcode == TS_OP_LAUNCH) return enter_launch(p, parent, op, block);
  ts_poly_scope *s = new_scope(p, parent, op, block);
  p->saw_unknown = false;
  if (op->opcode == TS_OP_FOR) enter_for(p, s, op);
  if (op->opcode == TS_OP_IF) enter_if(p, s, op, block);
  s->inexact |= p->saw_unknown;
  return s;
}

/* What holds around the stretch, from the outside in. */
static void enter_outside(ts_poly *p, const ts_block *block) {
  TS_VEC(const ts_block *) around = {0};
  for (const ts_block *b = block; b && b->parent; b = b->parent->block)
    ts_push(p->arena, &around, b);
  while (around.n) {
    const ts_block *b = around.at[--around.n];
    const ts_op *op = b->parent;
    if (op->opcode == TS_OP_FOR) enter_for(p, &p->outside, op);
    if (op->opcode == TS_OP_IF) enter_if(p, &p->outside, op, b);
    for (unsigned i = 0; op->opcode == TS_OP_LAUNCH && i < b->num_args; i++)
      enter_index(p, &p->outside, op, i);
  }
  p->outside.inexact = false; /* a fixed surrounding is as good as a parameter */
}

void ts_poly_init(ts_poly *p, ts_context *ctx, ts_arena *arena, const ts_block *block) {
  *p = (ts_poly){.ctx = ctx, .arena = arena, .module = block->func->module};
  ts_ptrmap_init(&p->values, arena);
  ts_ptrmap_init(&p->symbols, arena);
  enter_outside(p, block);
  p->root = new_scope(p, NULL, NULL, NULL);
}

/* ---- accesses ---- */

static ts_poly_access *new_access(ts_poly *p, ts_poly_scope *s, const ts_op *op, ts_value *memref) {
  ts_poly_access a = {.op = op,
                      .memref = memref,
                      .position = p->position,
                      .piece = p->piece,
                      .update = TS_NUM_OPCODES};
  a.leaf = new_scope(p, s, op, NULL);
  a.n = memref ? memref->type->rank : 0;
  a.at = ts_new_array(p->arena, ts_linear, a.n + 1);
  a.widths = ts_new_array(p->arena, int64_t, a.n + 1);
  ts_push(p->arena, &p->accesses, a);
  return &p->accesses.at[p->accesses.n - 1];
}

/* Any element: a free variable within the extent for each dimension. */
static ts_poly_access *add_whole(ts_poly *p, ts_poly_scope *s, const ts_op *op, ts_value *memref,
                                 bool exact) {
  ts_poly_access *a = new_access(p, s, op, memref);
  a->whole = true;
  a->leaf->inexact |= !exact;
  for (unsigned d = 0; d < a->n; d++) {
    ts_extent extent = memref->type->dims[d];
    ts_linear end = {.constant = extent};
    a->widths[d] = 1;
    a->at[d] = new_form(p, a->leaf);
    ts_poly_row_add(p, a->leaf, a->at[d], false);
    if (ts_is_symbolic(extent))
      ts_poly_aff(p, a->leaf, op, ts_aff_sym(p->module, ts_extent_name(extent)), &end);
    add_difference(p, a->leaf, &end, &a->at[d], -1, false);
  }
  return a;
}

static void add_subscripted(ts_poly *p, ts_poly_scope *s, const ts_op *op, const ts_access *parts) {
  ts_poly_access *a = new_access(p, s, op, parts->memref);
  a->reads = parts->reads;
  a->writes = parts->writes;
  p->saw_unknown = false;
  for (unsigned d = 0; d < a->n; d++) {
    a->widths[d] = ts_access_width(op, parts, d);
    if (!ts_poly_aff(p, a->leaf, op, parts->subscripts[d], &a->at[d])) {
      a->at[d] = new_form(p, a->leaf);
      a->leaf->inexact = true;
    }
  }
  a->leaf->inexact |= p->saw_unknown || op->has_mask;
}

/* Tells the accesses of an update, the last of which has just been added. */
static void note_update(ts_poly *p, const ts_op *op) {
  ts_update u;
  if (!ts_update_of(op, &u) || ts_combination_of(u.update)->rounds) return;
  for (size_t i = p->accesses.n; i-- > 0;) {
    ts_poly_access *a = &p->accesses.at[i];
    if (a->op == op || a->op == u.load) a->update = (ts_opcode)u.update->opcode;
    if (a->op == u.load) return;
  }
}

/* Of a copy, whose buffers have no subscripts. */
static void add_unsubscripted(ts_poly *p, ts_poly_scope *s, const ts_op *op) {
  for (unsigned i = 0; i < op->num_plain; i++) {
    ts_effect e = ts_op_effect(op, i);
    if (!e.reads && !e.writes) continue;
    ts_poly_access *a = add_whole(p, s, op, ts_operand(op, i), true);
    a->reads = e.reads;
    a->writes = e.writes;
  }
}

static void add_call(ts_poly *p, ts_poly_scope *s, const ts_op *op) {
  const ts_func *callee = ts_func_find(p->module, ts_attr_find(op, TS_ATTR_CALLEE)->word);
  for (unsigned i = 0; i < op->num_plain; i++) {
    if (!ts_is_kind(ts_operand(op, i)->type, TS_TYPE_MEMREF)) continue;
    ts_role role = callee ? (ts_role)callee->roles[i] : TS_ROLE_INOUT;
    ts_poly_access *a = add_whole(p, s, op, ts_operand(op, i), false);
    a->reads = role != TS_ROLE_OUT;
    a->writes = role != TS_ROLE_IN;
  }
}

/* What orders the threads of a block stands still with regard to everything. */
static void add_fence(ts_poly *p, ts_poly_scope *s, const ts_op *op) {
  ts_poly_access *a = add_whole(p, s, op, NULL, false);
  a->reads = a->writes = true;
}

static void add_block(ts_poly *p, ts_poly_scope *s, const ts_block *block);

static void add_op(ts_poly *p, ts_poly_scope *s, const ts_op *op) {
  ts_access parts;
  p->position++;
  for (unsigned i = 0; op->subscripted && ts_access_parts(op, i, &parts); i++)
    add_subscripted(p, s, op, &parts);
  if (op->opcode == TS_OP_STORE) note_update(p, op);
  switch (ts_info(op)->class) {
  case TS_OC_MEMORY:
    if (!op->subscripted) add_unsubscripted(p, s, op);
    break;
  case TS_OC_CALL: add_call(p, s, op); break;
  case TS_OC_SYNC: add_fence(p, s, op); break;
  case TS_OC_CONTROL:
    for (unsigned i = 0; i < op->num_regions; i++) {
      const ts_block *block = ts_op_regions(op)[i];
      if (block->first) add_block(p, ts_poly_enter(p, s, op, block), block);
    }
    break;
  default: break;
  }
}

static void add_block(ts_poly *p, ts_poly_scope *s, const ts_block *block) {
  for (const ts_op *op = block->first; op; op = op->next)
    add_op(p, s, op);
}

void ts_poly_add(ts_poly *p, const ts_op *op) { add_op(p, p->root, op); }
