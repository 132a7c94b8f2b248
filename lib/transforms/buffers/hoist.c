/* hoist: what does the same in every iteration of a loop is done once, in front of it.
 *
 * requires:  nothing: what cannot be moved stays, and a remark says why.
 * preserves: every bit; errors of a run may be found earlier, or not where an allocation is reused.
 * rewrite:   for %i … { %s = alloc; for %s0 … { A → %s }; S(%i, %s) }
 *              → %s = alloc; for %s0 … { A → %s }; for %i … { S(%i, %s) }
 *
 * The ops of the loop's body move as they stand, nests as a whole. They are first all thought to
 * move; then those that cannot, given the others, are taken out until nothing changes:
 *   - an op needs values from outside or of ops that move;
 *   - a load needs memory that only ops before it write, which move too;
 *   - what writes memory needs: everything else in the loop that writes the same buffer moves too,
 *     what stays reads it afterwards only, and what moves reads nothing of it that it has not
 * written;
 *   - what reads or writes memory needs a loop that is sure to run, unless it cannot fail and
 * writes only buffers that are allocated in the loop and move;
 *   - a buffer that moves out of a parallel loop must not be written by what stays, and a local one
 *     moves only with what fills it. */
#include "ir/scalar.h"
#include "analysis/poly/flow.h"
#include "transforms/loops/loops.h"
#include "transforms/rewrite/rewrite.h"

typedef struct effect {
  ts_value *memref;
  bool reads, writes;
} effect;

/* One op of the loop's body with all that is inside it. */
typedef struct unit {
  ts_op *op;
  const char *stays; /* why; NULL: it moves */
  TS_VEC(effect) effects;
  ts_op *opaque;   /* an op inside that does more than read and write buffers */
  ts_op *may_fail; /* an op inside that a run may stop at */
} unit;

typedef struct hoist {
  ts_schedule *s;
  ts_arena *arena;
  ts_forms forms;
  ts_op *loop;
  ts_for parts;
  ts_ptrmap units; /* op of the body → index + 1 */
  TS_VEC(unit) list;
  bool runs;      /* at least one iteration, always */
  bool in_launch; /* other threads may write what is read here */
} hoist;

/* ---- what the ops do ---- */

static void add_effect(hoist *h, unit *u, ts_value *memref, bool reads, bool writes) {
  for (size_t i = 0; i < u->effects.n; i++)
    if (u->effects.at[i].memref == memref) {
      u->effects.at[i].reads |= reads;
      u->effects.at[i].writes |= writes;
      return;
    }
  ts_push(h->arena, &u->effects, (effect){memref, reads, writes});
}

typedef struct walk {
  hoist *h;
  unit *u;
} walk;

static void note_effects(void *ctx, ts_op *op) {
  walk *w = ctx;
  unit *u = w->u;
  bool known = false;
  switch ((ts_opcode)op->opcode) {
  case TS_OP_LOAD:
  case TS_OP_STORE:
  case TS_OP_COPY: known = true; break;
  case TS_OP_FOR:
  case TS_OP_IF:
  case TS_OP_ALLOC: return;
  default: break;
  }
  if (ts_has_flag(op, TS_FLAG_PURE)) return;
  if (ts_divides(op)) {
    u->may_fail = op;
    return;
  }
  if (!known) u->opaque = op;
  for (unsigned i = 0; i < op->num_plain; i++) {
    ts_effect e = known ? ts_op_effect(op, i) : (ts_effect){.reads = true, .writes = true};
    if (ts_is_kind(ts_operand(op, i)->type, TS_TYPE_MEMREF))
      add_effect(w->h, u, ts_operand(op, i), e.reads, e.writes);
  }
}

static void add_unit(hoist *h, ts_op *op) {
  unit u = {.op = op};
  walk w = {h, &u};
  note_effects(&w, op);
  for (unsigned i = 0; i < op->num_regions; i++)
    ts_walk(ts_op_regions(op)[i], note_effects, &w);
  ts_push(h->arena, &h->list, u);
  ts_ptrmap_put(&h->units, op, (void *)(uintptr_t)h->list.n);
}

/* The unit that holds the op; NULL when the op is outside of the loop. */
static unit *unit_of(hoist *h, const ts_op *op) {
  for (; op; op = op->block->parent)
    if (op->block == h->parts.body) return &h->list.at[(uintptr_t)ts_ptrmap_get(&h->units, op) - 1];
  return NULL;
}

static const effect *effect_on(const unit *u, const ts_value *memref) {
  for (size_t i = 0; i < u->effects.n; i++)
    if (u->effects.at[i].memref == memref) return &u->effects.at[i];
  return NULL;
}

static bool writes(const unit *u, const ts_value *memref) {
  const effect *e = effect_on(u, memref);
  return e && e->writes;
}

/* Its own name: what a printed module calls it costs a walk over the function. */
static const char *name_of(hoist *h, const ts_value *v) {
  if (v->name) return ts_sprintf(h->arena, "%%%s", ts_str_text(h->s->m, v->name));
  return v->kind == TS_VALUE_RESULT ? ts_sprintf(h->arena, "this %s", ts_info(v->def)->name) : "it";
}

/* ---- what must stay ---- */

typedef struct operand_check {
  hoist *h;
  const unit *u;
  const char *why;
} operand_check;

static void check_operands(void *ctx, ts_op *op) {
  operand_check *c = ctx;
  hoist *h = c->h;
  for (unsigned i = 0; i < op->num_operands && !c->why; i++) {
    ts_value *v = ts_operand(op, i);
    if (ts_is_literal(v)) continue;
    if (v == h->parts.iv) {
      c->why = ts_sprintf(h->arena, "it depends on %%%s", ts_loop_name(h->loop));
      continue;
    }
    const ts_op *def = v->kind == TS_VALUE_RESULT ? v->def : v->block->parent;
    unit *from = def ? unit_of(h, def) : NULL;
    if (from && from != c->u && from->stays)
      c->why = ts_sprintf(h->arena, "it needs %s, which stays", name_of(h, v));
  }
}

static const char *needs_what_stays(hoist *h, const unit *u) {
  operand_check c = {h, u, NULL};
  check_operands(&c, u->op);
  for (unsigned i = 0; i < u->op->num_regions; i++)
    ts_walk(ts_op_regions(u->op)[i], check_operands, &c);
  return c.why;
}

/* Reads of the buffer in unit u: each writer in the loop moves and comes before. */
static const char *cannot_read(hoist *h, const unit *u, ts_value *memref) {
  for (size_t i = 0; i < h->list.n; i++) {
    const unit *w = &h->list.at[i];
    if (w == u || !writes(w, memref)) continue;
    if (w->stays) return ts_sprintf(h->arena, "%s is written in the loop", name_of(h, memref));
    if (w > u) return ts_sprintf(h->arena, "%s is written after it", name_of(h, memref));
  }
  return NULL;
}

static bool is_allocated_in(hoist *h, const ts_value *memref) {
  return memref->kind == TS_VALUE_RESULT && memref->def->block == h->parts.body;
}

static const char *cannot_write(hoist *h, const unit *u, ts_value *memref) {
  for (size_t i = 0; i < h->list.n; i++) {
    const unit *o = &h->list.at[i];
    const effect *e = o == u ? NULL : effect_on(o, memref);
    if (!e || !o->stays) continue;
    if (e->writes)
      return ts_sprintf(h->arena, "%s is also written by what stays", name_of(h, memref));
    if (o < u) return ts_sprintf(h->arena, "%s is read before it", name_of(h, memref));
  }
  return NULL;
}

/* May what moves read an element of the buffer that it has not written in the same iteration? Then
 * the second iteration would see what the first one wrote. */
static bool sees_older(hoist *h, ts_value *memref) {
  ts_touches all, moving = {0};
  bool reads = false;
  for (size_t i = 0; i < h->list.n; i++) {
    const effect *e = effect_on(&h->list.at[i], memref);
    reads = reads || (e && e->reads && !h->list.at[i].stays);
  }
  if (!reads) return false;
  if (!ts_touches_in(&h->forms, h->parts.body, memref, &all)) return true;
  for (size_t i = 0; i < all.list.n; i++) {
    if (unit_of(h, all.list.at[i].op)->stays) continue;
    ts_push(h->arena, &moving.list, all.list.at[i]);
  }
  return ts_flow_of(&h->forms, &moving, h->parts.body, NULL).comes_in;
}

static bool is_initialised(hoist *h, const ts_value *memref) {
  if (memref->kind == TS_VALUE_ARG) return h->s->func->roles[memref->index] != TS_ROLE_OUT;
  return memref->def->opcode == TS_OP_GLOBAL;
}

static bool is_in_bounds(hoist *h, const ts_touch *t, const ts_value *memref) {
  for (unsigned d = 0; d < t->n; d++) {
    const ts_linear *end =
        ts_form_add(&h->forms, t->at[d], ts_form_const(&h->forms, t->widths[d]), 1);
    int64_t least;
    if (!ts_form_least(&h->forms, t->at[d], &least) || least < 0) return false;
    if (!ts_form_le(&h->forms, end, ts_form_extent(&h->forms, memref->type->dims[d]))) return false;
  }
  return true;
}

/* Can it be run where the loop may not run at all? */
static bool is_harmless(hoist *h, const unit *u) {
  if (u->may_fail) return false;
  for (size_t i = 0; i < u->effects.n; i++) {
    const effect *e = &u->effects.at[i];
    ts_touches all;
    bool own = is_allocated_in(h, e->memref);
    if (own ? e->reads : e->writes || !is_initialised(h, e->memref)) return false;
    if (!ts_touches_in(&h->forms, h->parts.body, e->memref, &all)) return false;
    for (size_t k = 0; k < all.list.n; k++)
      if (unit_of(h, all.list.at[k].op) == u && !is_in_bounds(h, &all.list.at[k], e->memref))
        return false;
  }
  return true;
}

/* Does something inside the launch write the buffer? */
static bool is_written_in_function(const ts_value *memref) {
  for (const ts_use *u = memref->uses; u; u = u->next)
    if (u->owner->opcode != TS_OP_LOAD && u->owner->opcode != TS_OP_PREFETCH) return true;
  return false;
}

static const char *why_memory_stays(hoist *h, const unit *u) {
  for (size_t i = 0; i < u->effects.n; i++) {
    const effect *e = &u->effects.at[i];
    const char *why = e->writes ? cannot_write(h, u, e->memref) : NULL;
    if (!why && e->reads) why = cannot_read(h, u, e->memref);
    if (!why && e->writes && !is_allocated_in(h, e->memref) && sees_older(h, e->memref))
      why = ts_sprintf(h->arena, "it reads what it has written to %s in an earlier iteration",
                       name_of(h, e->memref));
    if (!why && h->in_launch && !is_allocated_in(h, e->memref) && is_written_in_function(e->memref))
      why = ts_sprintf(h->arena, "other threads may write %s", name_of(h, e->memref));
    if (why) return why;
  }
  bool moves_alone = u->effects.n == 0 && !u->may_fail;
  if (!moves_alone && !h->runs && !is_harmless(h, u))
    return ts_sprintf(h->arena, "%%%s may have no iteration", ts_loop_name(h->loop));
  return NULL;
}

static bool is_filled_by_what_moves(hoist *h, const ts_value *memref) {
  for (size_t i = 0; i < h->list.n; i++)
    if (!h->list.at[i].stays && writes(&h->list.at[i], memref)) return true;
  return false;
}

/* Local memory costs nothing to have, and what promotes it to registers wants it near. */
static const char *why_alloc_stays(hoist *h, const unit *u) {
  ts_value *memref = ts_op_result(u->op, 0);
  if (memref->type->space == TS_SPACE_LOCAL && !is_filled_by_what_moves(h, memref))
    return "it is local, and nothing that fills it moves";
  if (!ts_attr_find(h->loop, TS_ATTR_PARALLEL)) return NULL;
  for (size_t i = 0; i < h->list.n; i++)
    if (h->list.at[i].stays && writes(&h->list.at[i], memref))
      return ts_sprintf(h->arena, "the iterations of %%%s run at once and write it",
                        ts_loop_name(h->loop));
  return NULL;
}

static const char *why_stays(hoist *h, const unit *u) {
  if (u->opaque)
    return ts_sprintf(h->arena, "it holds %s, whose effects are not known",
                      ts_info(u->opaque)->name);
  const char *why = needs_what_stays(h, u);
  if (why) return why;
  return u->op->opcode == TS_OP_ALLOC ? why_alloc_stays(h, u) : why_memory_stays(h, u);
}

static void decide(hoist *h) {
  for (bool changed = true; changed;) {
    changed = false;
    for (size_t i = 0; i < h->list.n; i++) {
      unit *u = &h->list.at[i];
      if (u->stays) continue;
      u->stays = why_stays(h, u);
      changed = changed || u->stays;
    }
  }
}

/* ---- doing it ---- */

static bool is_sure_to_run(hoist *h) {
  for (unsigned i = 0; i < h->parts.num_lo; i++) {
    const ts_linear *lo = ts_form_of(&h->forms, h->loop, h->parts.lo[i]);
    const ts_linear *first = lo ? ts_form_add(&h->forms, lo, ts_form_const(&h->forms, 1), 1) : NULL;
    for (unsigned k = 0; k < h->parts.num_hi; k++)
      if (!ts_form_le(&h->forms, first, ts_form_of(&h->forms, h->loop, h->parts.hi[k])))
        return false;
  }
  return true;
}

static const char *what(hoist *h, const ts_op *op) {
  if (ts_is_loop(op)) return ts_sprintf(h->arena, "the nest %%%s", ts_loop_name(op));
  if (op->num_results == 1) return name_of(h, ts_op_result(op, 0));
  return ts_sprintf(h->arena, "this %s", ts_info(op)->name);
}

static ts_result hoist_loop(ts_schedule *s, ts_op *loop, const ts_loop_item *item) {
  (void)item;
  hoist h = {.s = s, .arena = s->pass->scratch, .loop = loop, .parts = ts_for_parts(loop)};
  h.forms = ts_forms_in(h.arena);
  ts_ptrmap_init(&h.units, h.arena);
  h.in_launch = ts_launch_around(loop->block) != NULL;
  for (ts_op *op = h.parts.body->first; op; op = op->next)
    add_unit(&h, op);
  h.runs = is_sure_to_run(&h);
  decide(&h);
  for (size_t i = 0; i < h.list.n; i++) {
    const unit *u = &h.list.at[i];
    if (u->stays) {
      ts_schedule_missed(s, u->op, "%s stays in %%%s: %s", what(&h, u->op), ts_loop_name(loop),
                         u->stays);
      continue;
    }
    ts_schedule_passed(s, u->op, "%s moves out of %%%s", what(&h, u->op), ts_loop_name(loop));
    ts_op_move_before(u->op, loop);
    s->pass->changed = true;
    ts_count(s->pass, "ops hoisted", 1);
  }
  return TS_OK;
}

ts_result ts_pass_hoist(ts_pass_ctx *pass, ts_module *m, const void *options) {
  const ts_hoist_options *o = options;
  return ts_each_loop(pass, m, o->func, &o->loops, o, hoist_loop);
}
