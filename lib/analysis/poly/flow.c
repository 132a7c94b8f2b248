/* The flow of values through a buffer, as a question to isl; see flow.h.
 *
 * Every access becomes a relation in isl's notation, from iterations to elements, and its place in
 * time a tuple of positions and iterations. The text is made first, in the arena; isl's objects
 * then live in one function that allocates nothing of ours. */
#include "analysis/poly/flow.h"

#include <isl/flow.h>
#include <isl/map.h>
#include <isl/options.h>
#include <isl/point.h>
#include <isl/set.h>
#include <isl/union_map.h>
#include <isl/union_set.h>
#include <isl/val.h>

enum { MAX_OPERATIONS = 2000000, MAX_PATH = 64 };

typedef struct text {
  ts_arena *arena;
  TS_VEC(char) chars;
} text;

static void TS_PRINTF(2, 3) put(text *t, const char *fmt, ...) {
  va_list args;
  va_start(args, fmt);
  for (const char *s = ts_vsprintf(t->arena, fmt, args); *s; s++)
    ts_push(t->arena, &t->chars, *s);
  va_end(args);
}

static const char *finish(text *t) {
  ts_push(t->arena, &t->chars, '\0');
  return t->chars.at;
}

typedef struct model {
  ts_forms *F;
  const ts_block *block;
  ts_ptrmap names; /* of values inside the block, and of parameters; symbols under odd keys */
  unsigned num_names;
  TS_VEC(const char *) params;
  TS_VEC(const char *) shown;  /* what a message calls them; "" for a value without a name */
  TS_VEC(ts_op *) around;      /* loops around the block whose variables are parameters */
  TS_VEC(ts_op *) inside;      /* loops inside it whose variables have a name */
  TS_VEC(const char *) locals; /* these names */
  unsigned levels;             /* of the longest path */
  text reads, sure_reads, writes, schedule, context;
  unsigned num_statements;
  bool failed; /* what cannot be put: a launch inside, numbers that get too large */
} model;

/* ---- names ---- */

static const char *new_name(model *m, const void *key, char kind) {
  const char *name = ts_sprintf(m->F->arena, "%c%u", kind, m->num_names++);
  ts_ptrmap_put(&m->names, key, (void *)(uintptr_t)name);
  return name;
}

static const ts_module *module_of(const model *m) { return m->block->func->module; }

static const char *param(model *m, const void *key, const char *sigil, ts_str shown) {
  const char *name = ts_ptrmap_get(&m->names, key);
  if (name) return name;
  name = new_name(m, key, 'p');
  ts_push(m->F->arena, &m->params, name);
  ts_push(m->F->arena, &m->shown,
          shown ? ts_sprintf(m->F->arena, "%s%s", sigil, ts_str_text(module_of(m), shown)) : "");
  return name;
}

static const char *symbol_name(model *m, ts_str s) {
  const void *key = (const void *)((uintptr_t)s * 2 + 1);
  bool known = ts_ptrmap_get(&m->names, key) != NULL;
  const char *name = param(m, key, "", s);
  if (!known) put(&m->context, " and %s >= 1", name);
  return name;
}

/* The name of an index value; NULL: it varies, and is no loop variable. */
static const char *value_name(model *m, ts_value *v) {
  const char *name = ts_ptrmap_get(&m->names, v);
  if (name) return name;
  if (ts_form_varies(m->block, v)) {
    bool is_iv = v->kind == TS_VALUE_ARG && v->block->parent->opcode == TS_OP_FOR;
    if (!is_iv) return NULL;
    name = new_name(m, v, 'i');
    ts_push(m->F->arena, &m->inside, v->block->parent);
    ts_push(m->F->arena, &m->locals, name);
    return name;
  }
  if (v->kind == TS_VALUE_ARG && v->block->parent && v->block->parent->opcode == TS_OP_FOR)
    ts_push(m->F->arena, &m->around, v->block->parent);
  return param(m, v, "%", v->name);
}

/* ---- forms ---- */

/* False when it holds a value that is not affine; what was put is then of no use. */
static bool put_form(model *m, text *t, const ts_linear *l) {
  if (!l) return false;
  put(t, "(%lld", (long long)l->constant);
  for (unsigned i = 0; i < l->n; i++) {
    const ts_linear_term *term = &l->terms[i];
    const ts_form_atom *a = ts_form_atom_of(term);
    put(t, term->coef < 0 ? " - " : " + ");
    uint64_t size = term->coef < 0 ? -(uint64_t)term->coef : (uint64_t)term->coef;
    put(t, "%llu*", (unsigned long long)size);
    if (a->kind == TS_FORM_SYM) {
      put(t, "%s", symbol_name(m, a->sym));
    } else if (a->kind == TS_FORM_VALUE) {
      const char *name = value_name(m, a->value);
      if (!name) return false;
      put(t, "%s", name);
    } else {
      long long d = a->divisor;
      const ts_linear *inner = a->inner;
      if (a->kind == TS_FORM_MOD) {
        put(t, "(");
        if (!put_form(m, t, inner)) return false;
        put(t, " - %lld*floor(", d);
      } else {
        put(t, "floor(");
      }
      if (a->kind == TS_FORM_CEILDIV)
        inner = ts_form_add(m->F, inner, ts_form_const(m->F, d - 1), 1);
      if (!put_form(m, t, inner)) return false;
      put(t, a->kind == TS_FORM_MOD ? "/%lld))" : "/%lld)", d);
    }
  }
  put(t, ")");
  return true;
}

/* Adds " and LHS PRED RHS" when all of it is affine. */
static bool put_condition(model *m, text *t, const ts_linear *lhs, const char *pred,
                          const ts_linear *rhs) {
  text own = {.arena = t->arena};
  if (!put_form(m, &own, lhs)) return false;
  put(&own, " %s ", pred);
  if (!put_form(m, &own, rhs)) return false;
  put(t, " and %s", finish(&own));
  return true;
}

/* ---- domains ---- */

/* The iterations of a for; false: fewer may run than was put. */
static bool put_loop(model *m, text *t, const ts_op *op) {
  ts_for f = ts_for_parts(op);
  const ts_linear *iv = ts_form_value(m->F, f.iv);
  bool exact = true;
  for (unsigned i = 0; i < f.num_lo; i++)
    exact = put_condition(m, t, ts_form_of(m->F, op, f.lo[i]), "<=", iv) && exact;
  for (unsigned i = 0; i < f.num_hi; i++)
    exact = put_condition(m, t, iv, "<", ts_form_of(m->F, op, f.hi[i])) && exact;
  if (f.step == 1) return exact;
  const ts_linear *lo = ts_form_of(m->F, op, f.lo[0]);
  const ts_linear *past = lo ? ts_form_add(m->F, iv, lo, -1) : NULL;
  if (f.num_lo != 1 || !past) return false;
  const ts_form_atom multiple = {.kind = TS_FORM_MOD, .inner = past, .divisor = f.step};
  const ts_linear_term term = {(intptr_t)&multiple, 1};
  const ts_linear rest = {.n = 1, .terms = &term};
  return put_condition(m, t, &rest, "=", ts_form_const(m->F, 0)) && exact;
}

/* The condition of the region that is run. */
static bool put_if(model *m, text *t, const ts_op *op, bool otherwise) {
  ts_if test = ts_if_parts(op);
  text all = {.arena = t->arena};
  bool exact = test.n > 0;
  for (unsigned i = 0; i < test.n; i++) {
    const char *pred = ts_pred_symbol((ts_pred)test.preds[i]);
    if (!strcmp(pred, "==")) pred = "=";
    exact = put_condition(m, &all, ts_form_of(m->F, op, test.sides[2 * i]), pred,
                          ts_form_of(m->F, op, test.sides[2 * i + 1])) &&
            exact;
  }
  if (!exact) return false;
  put(t, " and %s(0 = 0%s)", otherwise ? "not " : "", finish(&all));
  return true;
}

static unsigned position_of(const ts_op *op) {
  unsigned n = 0;
  while ((op = op->prev))
    n++;
  return n;
}

typedef struct path {
  unsigned n;
  const ts_op *ops[MAX_PATH]; /* from the outside in */
  const ts_block *regions[MAX_PATH];
} path;

static bool path_to(const model *m, const ts_op *op, path *p) {
  *p = (path){0};
  for (const ts_block *b = op->block; b != m->block; b = b->parent->block) {
    if (p->n == MAX_PATH || b->parent->opcode == TS_OP_LAUNCH) return false;
    memmove(p->ops + 1, p->ops, p->n * sizeof *p->ops);
    memmove(p->regions + 1, p->regions, p->n * sizeof *p->regions);
    p->ops[0] = b->parent;
    p->regions[0] = b;
    p->n++;
  }
  return true;
}

/* S3[i0, i1], and its place in time. */
static const char *put_statement(model *m, const path *p, const ts_op *op) {
  text name = {.arena = m->F->arena}, time = {.arena = m->F->arena};
  unsigned ivs = 0;
  put(&name, "S%u[", m->num_statements++);
  for (unsigned i = 0; i < p->n; i++) {
    put(&time, "%u, ", position_of(p->ops[i]));
    if (p->ops[i]->opcode != TS_OP_FOR) {
      put(&time, "%d, ", p->regions[i] == ts_if_parts(p->ops[i]).else_block);
      continue;
    }
    const char *iv = value_name(m, ts_for_parts(p->ops[i]).iv);
    put(&name, ivs++ ? ", %s" : "%s", iv);
    put(&time, "%s, ", iv);
  }
  put(&name, "]");
  const char *statement = finish(&name);
  put(&time, "%u", position_of(op));
  for (unsigned i = p->n; i < m->levels; i++)
    put(&time, ", 0, 0");
  put(&m->schedule, "%s -> [%s]; ", statement, finish(&time));
  return statement;
}

static bool put_domain(model *m, text *t, const path *p) {
  bool exact = true;
  for (unsigned i = 0; i < p->n; i++)
    exact = (p->ops[i]->opcode == TS_OP_FOR
                 ? put_loop(m, t, p->ops[i])
                 : put_if(m, t, p->ops[i], p->regions[i] == ts_if_parts(p->ops[i]).else_block)) &&
            exact;
  return exact;
}

static void put_touch(model *m, const ts_touch *t) {
  path p;
  if (!path_to(m, t->op, &p)) {
    m->failed = true;
    return;
  }
  text r = {.arena = m->F->arena};
  put(&r, "%s -> A[", put_statement(m, &p, t->op));
  for (unsigned d = 0; d < t->n; d++)
    put(&r, d ? ", x%u" : "x%u", d);
  put(&r, "] : 0 = 0");
  bool exact = !t->op->has_mask;
  for (unsigned d = 0; d < t->n; d++) {
    text own = {.arena = m->F->arena};
    if (!put_form(m, &own, t->at[d])) m->failed = true;
    const char *at = finish(&own);
    put(&r, " and %s <= x%u < %s + %lld", at, d, at, (long long)t->widths[d]);
  }
  exact = put_domain(m, &r, &p) && exact;
  const char *relation = finish(&r);
  if (t->reads) put(&m->reads, "%s; ", relation);
  if (t->reads && exact) put(&m->sure_reads, "%s; ", relation);
  if (t->writes && exact) put(&m->writes, "%s; ", relation);
}

static const char *box_text(model *m, const ts_box *box) {
  text t = {.arena = m->F->arena};
  put(&t, "A[");
  for (unsigned d = 0; d < box->rank; d++)
    put(&t, d ? ", x%u" : "x%u", d);
  put(&t, "] : 0 = 0");
  for (unsigned d = 0; d < box->rank; d++) {
    const ts_box_dim *dim = &box->dims[d];
    put(&t, " and ");
    if (!put_form(m, &t, dim->lower)) m->failed = true;
    put(&t, " <= x%u and 0 <= x%u and x%u < ", d, d, d);
    const ts_linear *end = ts_form_add(m->F, dim->lower, ts_form_extent(m->F, dim->extent), 1);
    if (!put_form(m, &t, end)) m->failed = true;
    for (unsigned i = 0; i < dim->num_ends; i++) {
      put(&t, " and x%u < ", d);
      if (!put_form(m, &t, dim->ends[i])) m->failed = true;
    }
  }
  return finish(&t);
}

/* ---- isl ---- */

/* A context for one question; NULL: no memory. */
static isl_ctx *open_isl(void) {
  isl_ctx *isl = isl_ctx_alloc();
  if (!isl) return NULL;
  isl_options_set_on_error(isl, ISL_ON_ERROR_CONTINUE);
  isl_ctx_set_max_operations(isl, MAX_OPERATIONS);
  return isl;
}

/* The first n coordinates of the least point of a set, in the order of its dimensions. The set goes. */
static bool least_point(isl_set *set, unsigned n, int64_t *out) {
  isl_point *point = isl_set_sample_point(isl_set_lexmin(set));
  bool found = point && isl_point_is_void(point) == isl_bool_false;
  for (unsigned i = 0; found && i < n; i++) {
    isl_val *v = isl_point_get_coordinate_val(point, isl_dim_set, (int)i);
    found = v && isl_val_is_int(v) == isl_bool_true;
    out[i] = found ? isl_val_get_num_si(v) : 0;
    isl_val_free(v);
  }
  isl_point_free(point);
  return found;
}

typedef struct questions {
  const char *reads, *sure_reads, *writes, *schedule, *box, *context;
} questions;

static isl_union_set *range_in(isl_union_map *map, isl_set *context) {
  return isl_union_map_range(isl_union_map_intersect_params(map, isl_set_copy(context)));
}

static bool holds(isl_union_set *box, isl_union_set *in) {
  bool yes = isl_union_set_is_subset(box, in) == isl_bool_true;
  isl_union_set_free(in);
  return yes;
}

/* Reads without a write before them. */
static isl_union_map *unwritten(isl_ctx *isl, const questions *q, const char *reads,
                                isl_set *context) {
  isl_union_map *sink = isl_union_map_read_from_str(isl, reads);
  isl_union_access_info *info =
      isl_union_access_info_from_sink(isl_union_map_intersect_params(sink, isl_set_copy(context)));
  info = isl_union_access_info_set_must_source(info, isl_union_map_read_from_str(isl, q->writes));
  info =
      isl_union_access_info_set_schedule_map(info, isl_union_map_read_from_str(isl, q->schedule));
  isl_union_flow *flow = isl_union_access_info_compute_flow(info);
  isl_union_map *none = isl_union_flow_get_may_no_source(flow);
  isl_union_flow_free(flow);
  return none;
}

static ts_flow answer(const questions *q) {
  ts_flow f = {.comes_in = true};
  isl_ctx *isl = open_isl();
  if (!isl) return f;
  isl_set *context = isl_set_read_from_str(isl, q->context);
  isl_union_map *coming = unwritten(isl, q, q->reads, context);
  f.comes_in = isl_union_map_is_empty(coming) != isl_bool_true;
  isl_union_map_free(coming);
  if (q->box) {
    isl_union_set *box = isl_union_set_read_from_str(isl, q->box);
    box = isl_union_set_intersect_params(box, isl_set_copy(context));
    f.writes_all = holds(box, range_in(isl_union_map_read_from_str(isl, q->writes), context));
    f.reads_all = holds(box, isl_union_map_range(unwritten(isl, q, q->sure_reads, context)));
    isl_union_set_free(box);
  }
  isl_set_free(context);
  isl_ctx_free(isl);
  return f;
}

/* The least of the params, then of the elements of the box that are not read first. */
static bool least_unread(const questions *q, unsigned n, int64_t *out) {
  isl_ctx *isl = open_isl();
  if (!isl) return false;
  isl_set *context = isl_set_read_from_str(isl, q->context);
  isl_union_set *box = isl_union_set_read_from_str(isl, q->box);
  isl_union_set *read = isl_union_map_range(unwritten(isl, q, q->sure_reads, context));
  box = isl_union_set_subtract(isl_union_set_intersect_params(box, context), read);
  isl_set *set = isl_set_from_union_set(box);
  isl_size params = isl_set_dim(set, isl_dim_param);
  if (params > 0) set = isl_set_move_dims(set, isl_dim_set, 0, isl_dim_param, 0, (unsigned)params);
  bool found = least_point(set, n, out);
  isl_ctx_free(isl);
  return found;
}

static const char *with_params(model *m, const char *body) {
  text t = {.arena = m->F->arena};
  put(&t, "[");
  for (size_t i = 0; i < m->params.n; i++)
    put(&t, i ? ", %s" : "%s", m->params.at[i]);
  put(&t, "] -> { %s }", body);
  return finish(&t);
}

/* ---- what needs no isl ---- */

static bool is_sure_to_run(ts_forms *F, const ts_op *op, const ts_for *f) {
  for (unsigned i = 0; i < f->num_lo; i++)
    for (unsigned k = 0; k < f->num_hi; k++) {
      const ts_linear *first = ts_form_of(F, op, f->lo[i]);
      if (first) first = ts_form_add(F, first, ts_form_const(F, 1), 1);
      if (!ts_form_le(F, first, ts_form_of(F, op, f->hi[k]))) return false;
    }
  return true;
}

/* Does the loop, which starts at 0, go at least to where the dimension's part in use ends? */
static bool goes_to_end(ts_forms *F, const ts_op *op, const ts_for *f, const ts_box_dim *dim) {
  for (unsigned k = 0; k < f->num_hi; k++) {
    const ts_linear *hi = ts_form_of(F, op, f->hi[k]);
    bool far = ts_form_le(F, ts_form_extent(F, dim->extent), hi);
    for (unsigned e = 0; !far && e < dim->num_ends; e++)
      far = ts_form_le(F, ts_form_add(F, dim->ends[e], dim->lower, -1), hi);
    if (!far) return false;
  }
  return true;
}

/* Does the access run over the whole of the dimension as its loop does? *loop is that loop, or NULL
 * when one element is all there is. */
static bool sweeps(ts_forms *F, const ts_touch *t, unsigned d, const ts_box_dim *dim,
                   const ts_op **loop) {
  const ts_linear *at = ts_form_add(F, t->at[d], dim->lower, -1);
  int64_t lo;
  *loop = NULL;
  if (at && at->n == 0) return at->constant == 0 && dim->extent == t->widths[d];
  if (!at || at->n != 1 || at->constant || at->terms[0].coef != 1) return false;
  const ts_form_atom *a = ts_form_atom_of(&at->terms[0]);
  const ts_value *v = a->value;
  if (a->kind != TS_FORM_VALUE || v->kind != TS_VALUE_ARG || !v->block->parent) return false;
  *loop = v->block->parent;
  if ((*loop)->opcode != TS_OP_FOR) return false;
  ts_for f = ts_for_parts(*loop);
  return f.num_lo == 1 && ts_aff_is_const(f.lo[0], &lo) && lo == 0 && f.step <= t->widths[d] &&
         goes_to_end(F, *loop, &f, dim);
}

/* Does the access touch every element of the box in use, whenever the block runs? True only where
 * it is plain: one loop for each dimension. */
static bool sweeps_box(model *m, const ts_touch *t, const ts_box *box) {
  const ts_op *loops[TS_MAX_RANK];
  path p;
  if (t->op->has_mask || !path_to(m, t->op, &p)) return false;
  for (unsigned d = 0; d < box->rank; d++) {
    if (!sweeps(m->F, t, d, &box->dims[d], &loops[d])) return false;
    for (unsigned e = 0; e < d; e++)
      if (loops[d] && loops[e] == loops[d]) return false;
  }
  unsigned num_own = 0;
  for (unsigned d = 0; d < box->rank; d++)
    num_own += loops[d] != NULL;
  for (unsigned i = 0; i < p.n; i++) {
    bool own = false;
    for (unsigned d = 0; d < box->rank; d++)
      own = own || loops[d] == p.ops[i];
    num_own -= own;
    if (p.ops[i]->opcode != TS_OP_FOR) return false;
    ts_for f = ts_for_parts(p.ops[i]);
    if (!own && !is_sure_to_run(m->F, p.ops[i], &f)) return false;
  }
  return num_own == 0; /* else one of the loops is around the block */
}

static const ts_op *top_level(const ts_block *block, const ts_op *op) {
  while (op->block != block)
    op = op->block->parent;
  return op;
}

/* Does `first`, the first access in the text, come to each element before `t` does? */
static bool comes_before(const ts_block *block, const ts_touch *first, const ts_touch *t) {
  if (top_level(block, first->op) != top_level(block, t->op)) return true;
  if (first->op->block != t->op->block) return false;
  for (unsigned d = 0; d < t->n; d++)
    if (first->widths[d] != t->widths[d] || !ts_linear_same(first->at[d], t->at[d])) return false;
  return true;
}

/* The first access goes over all of the box before any other comes to it. */
static bool plain_flow(model *m, const ts_touches *touches, const ts_box *box, ts_flow *out) {
  const ts_touch *first = &touches->list.at[0];
  if (!box || !touches->list.n || !sweeps_box(m, first, box)) return false;
  for (size_t i = 1; i < touches->list.n; i++)
    if (!comes_before(m->block, first, &touches->list.at[i])) return false;
  *out =
      (ts_flow){.comes_in = first->reads, .writes_all = first->writes, .reads_all = first->reads};
  return true;
}

static model model_of(ts_forms *F, const ts_block *block) {
  ts_arena *a = F->arena;
  model m = {.F = F,
             .block = block,
             .reads = {.arena = a},
             .sure_reads = {.arena = a},
             .writes = {.arena = a},
             .schedule = {.arena = a},
             .context = {.arena = a}};
  ts_ptrmap_init(&m.names, a);
  put(&m.context, ": 0 = 0");
  return m;
}

/* False: they cannot be put. `box` may be NULL. */
static bool put_questions(model *m, const ts_touches *touches, const ts_box *box, questions *q) {
  for (size_t i = 0; i < touches->list.n; i++) {
    path p;
    if (path_to(m, touches->list.at[i].op, &p)) m->levels = ts_max(m->levels, p.n);
  }
  for (size_t i = 0; i < touches->list.n; i++)
    put_touch(m, &touches->list.at[i]);
  const char *box_body = box ? box_text(m, box) : NULL;
  for (size_t i = 0; i < m->around.n; i++) /* grows while bounds bring in more loops */
    put_loop(m, &m->context, m->around.at[i]);
  if (m->failed) return false;
  q->context = with_params(m, finish(&m->context));
  q->reads = with_params(m, finish(&m->reads));
  q->sure_reads = with_params(m, finish(&m->sure_reads));
  q->writes = with_params(m, finish(&m->writes));
  q->schedule = with_params(m, finish(&m->schedule));
  q->box = box_body ? with_params(m, box_body) : NULL;
  return true;
}

ts_flow ts_flow_of(ts_forms *F, const ts_touches *touches, const ts_block *block,
                   const ts_box *box) {
  model m = model_of(F, block);
  questions q = {0};
  ts_flow plain;
  if (plain_flow(&m, touches, box, &plain)) return plain;
  return put_questions(&m, touches, box, &q) ? answer(&q) : (ts_flow){.comes_in = true};
}

const char *ts_flow_unread(ts_forms *F, const ts_touches *touches, const ts_block *block,
                           const ts_box *box, const char *buffer) {
  model m = model_of(F, block);
  questions q = {0};
  if (!put_questions(&m, touches, box, &q)) return NULL;
  unsigned n = (unsigned)m.params.n;
  int64_t *at = ts_new_array(F->arena, int64_t, n + box->rank);
  if (!least_unread(&q, n + box->rank, at)) return NULL;
  text t = {.arena = F->arena};
  put(&t, "%%%s[", buffer);
  for (unsigned d = 0; d < box->rank; d++)
    put(&t, d ? ", %lld" : "%lld", (long long)at[n + d]);
  put(&t, "]");
  const char *before = " at ";
  for (unsigned i = 0; i < n; i++) {
    if (!*m.shown.at[i]) continue;
    put(&t, "%s%s = %lld", before, m.shown.at[i], (long long)at[i]);
    before = ", ";
  }
  return finish(&t);
}

/* ---- an example ---- */

/* The same text about another iteration: i3 becomes j3. */
static const char *renamed(ts_arena *arena, const char *from) {
  char *copy = ts_strdup(arena, from);
  for (char *c = copy; *c; c++)
    if (*c == 'i' && c[1] >= '0' && c[1] <= '9' &&
        (c == copy || !strchr("abcdefghijklmnopqrstuvwxyz", c[-1])))
      *c = 'j';
  return copy;
}

/* { [i0, j0, x0, …, everything else] : both boxes hold x, i0 < j0 } as isl reads it, where i0 and
 * j0 are iterations of the loop. */
static const char *shared_elements(model *m, const ts_box *box, const ts_op *loop) {
  ts_value *iv = ts_for_parts(loop).iv;
  const char *name = new_name(m, iv, 'i');
  text own = {.arena = m->F->arena}, t = {.arena = m->F->arena};
  const char *body = strstr(box_text(m, box), ": ") + 2;
  put(&own, "%s", body);
  bool known = put_loop(m, &own, loop);
  for (size_t i = 0; i < m->inside.n; i++)
    known = put_loop(m, &own, m->inside.at[i]) && known;
  for (size_t i = 0; i < m->around.n; i++)
    known = put_loop(m, &m->context, m->around.at[i]) && known;
  if (m->failed || !known) return NULL;
  const char *one = finish(&own), *other = renamed(m->F->arena, one);
  put(&t, "{ [%s, %s", name, renamed(m->F->arena, name));
  for (unsigned d = 0; d < box->rank; d++)
    put(&t, ", x%u", d);
  for (size_t i = 0; i < m->locals.n; i++)
    put(&t, ", %s, %s", m->locals.at[i], renamed(m->F->arena, m->locals.at[i]));
  for (size_t i = 0; i < m->params.n; i++)
    put(&t, ", %s", m->params.at[i]);
  put(&t, "] %s and %s and %s and %s < %s }", finish(&m->context), one, other, name,
      renamed(m->F->arena, name));
  return finish(&t);
}

const char *ts_box_example(ts_forms *F, const ts_box *box, const ts_op *loop, const char *iv_name,
                           const char *buffer) {
  model m = model_of(F, ts_for_parts(loop).body);
  int64_t at[TS_MAX_RANK + 2];
  const char *set = shared_elements(&m, box, loop);
  isl_ctx *isl = set ? open_isl() : NULL;
  if (!isl) return NULL;
  bool found = least_point(isl_set_read_from_str(isl, set), box->rank + 2, at);
  isl_ctx_free(isl);
  if (!found) return NULL;
  text t = {.arena = F->arena};
  put(&t, "%%%s = %lld and %%%s = %lld share %%%s[", iv_name, (long long)at[0], iv_name,
      (long long)at[1], buffer);
  for (unsigned d = 0; d < box->rank; d++)
    put(&t, d ? ", %lld" : "%lld", (long long)at[d + 2]);
  put(&t, "]");
  return finish(&t);
}

/* The second coordinate minus the first: is it one number for all of the set? */
static bool is_only_difference(isl_ctx *isl, const char *set_text) {
  isl_set *set = isl_set_read_from_str(isl, set_text);
  isl_size n = isl_set_dim(set, isl_dim_set);
  if (n > 2) set = isl_set_project_out(set, isl_dim_set, 2, (unsigned)n - 2);
  isl_map *minus = isl_map_read_from_str(isl, "{ [i, j] -> [j - i] }");
  set = isl_set_apply(set, minus);
  bool only = isl_set_is_singleton(set) == isl_bool_true;
  isl_set_free(set);
  return only;
}

const char *ts_box_distance(ts_forms *F, const ts_box *box, const ts_op *loop,
                            const char *loop_name) {
  model m = model_of(F, ts_for_parts(loop).body);
  int64_t pair[2];
  const char *set = shared_elements(&m, box, loop);
  isl_ctx *isl = set ? open_isl() : NULL;
  bool found = isl && least_point(isl_set_read_from_str(isl, set), 2, pair);
  bool only = found && is_only_difference(isl, set);
  if (isl) isl_ctx_free(isl);
  long long here = found ? (long long)(pair[1] - pair[0]) : 0;
  if (only) return ts_sprintf(F->arena, "(%lld) over (%%%s)", here, loop_name);
  return ts_sprintf(F->arena, found ? "(*) over (%%%s), here (%lld)" : "(*) over (%%%s)", loop_name,
                    here);
}
