/* What ranges know of values and expressions: atoms, intervals, and linear forms for proofs. */
#include "ir/constant.h"
#include "analysis/index/range_impl.h"

/* MAX_APPLIES: that are looked through, one inside another. MAX_TERMS: of a form; longer ones are not looked
 * at. */
enum { MAX_APPLIES = 8, MAX_TERMS = 12, EVAL_STEPS = 256, FORM_STEPS = 128 };

/* ---- atoms ---- */

static ts_range_atom *atom_at(ts_ranges *r, const void *key, ts_range_atom make) {
  ts_range_atom *a = ts_ptrmap_get(&r->atoms, key);
  if (a) return a;
  a = ts_new(r->arena, ts_range_atom);
  *a = make;
  ts_ptrmap_put(&r->atoms, key, a);
  return a;
}

ts_range_atom *ts_range_atom_of_value(ts_ranges *r, const ts_value *v) {
  return atom_at(r, v, (ts_range_atom){.kind = TS_RANGE_VALUE, .range = TS_RANGE_ALL});
}

ts_range_atom *ts_range_atom_of_symbol(ts_ranges *r, ts_str name) {
  const void *key = (const void *)((uintptr_t)name * 2 + 1);
  return atom_at(r, key,
                 (ts_range_atom){.kind = TS_RANGE_SYM, .order = -1, .range = {1, INT64_MAX}});
}

ts_range ts_range_of_form(const ts_linear *l) {
  ts_range sum = {l->constant, l->constant};
  for (unsigned i = 0; i < l->n; i++)
    sum =
        ts_range_add(sum, ts_range_scale(ts_range_atom_of(&l->terms[i])->range, l->terms[i].coef));
  return sum;
}

/* ---- intervals ---- */

static ts_range eval(ts_ranges *, const ts_op *, const ts_aff *, int depth);

static ts_range eval_value(ts_ranges *r, const ts_value *v, int depth) {
  int64_t c;
  if (v->kind == TS_VALUE_RESULT && v->def->opcode == TS_OP_APPLY && v->def->map)
    return depth > 0 ? eval(r, v->def, v->def->map->exprs[0], depth - 1) : TS_RANGE_ALL;
  if (ts_index_constant(v, &c)) return (ts_range){c, c};
  const ts_range_atom *a = ts_ptrmap_get(&r->atoms, v);
  return a ? a->range : TS_RANGE_ALL;
}

/* `depth` bounds how many applies are seen through; r->steps bounds the work. */
static ts_range eval(ts_ranges *r, const ts_op *op, const ts_aff *e, int depth) {
  if (--r->steps < 0) return TS_RANGE_ALL;
  switch (e->kind) {
  case TS_AFF_CONST: return (ts_range){e->value, e->value};
  case TS_AFF_DIM: return eval_value(r, ts_dim(op, (unsigned)e->value), depth);
  case TS_AFF_SYM: return (ts_range){1, INT64_MAX};
  default: break;
  }
  ts_range a = eval(r, op, e->lhs, depth);
  if (e->kind == TS_AFF_ADD) return ts_range_add(a, eval(r, op, e->rhs, depth));
  int64_t c = e->rhs->value;
  switch (e->kind) {
  case TS_AFF_MUL: return ts_range_scale(a, c);
  case TS_AFF_FLOORDIV: return ts_range_floordiv(a, c);
  case TS_AFF_CEILDIV: return ts_range_ceildiv(a, c);
  case TS_AFF_MOD: return ts_range_mod(a, c);
  default: ts_unreachable("an affine expression of unknown kind");
  }
}

ts_range ts_range_of(ts_ranges *r, const ts_op *op, const ts_aff *e) {
  r->steps = EVAL_STEPS;
  return eval(r, op, e, MAX_APPLIES);
}

ts_range ts_range_of_value(ts_ranges *r, const ts_value *v) {
  r->steps = EVAL_STEPS;
  return eval_value(r, v, MAX_APPLIES);
}

/* ---- forms ---- */

void ts_range_ask(ts_range_question *q, ts_ranges *r) {
  q->ranges = r;
  q->num_divisions = 0;
  ts_arena_over(&q->arena, r->arena->memory, q->room, sizeof q->room);
}

void ts_range_answered(ts_range_question *q) { ts_arena_drop(&q->arena); }

bool ts_range_form_add(ts_range_question *q, ts_linear *a, const ts_linear *b, int64_t times) {
  return ts_linear_add(&q->arena, a, b, times) && a->n <= MAX_TERMS;
}

static bool is_division(const ts_range_atom *a, ts_range_kind kind, const ts_linear *inner,
                        int64_t divisor) {
  return a->kind == kind && a->divisor == divisor && ts_linear_same(&a->inner, inner);
}

/* The atom of the division where there is one by now, in a fact or in this question. */
static ts_range_atom *known_division(const ts_range_question *q, ts_range_kind kind,
                                     const ts_linear *inner, int64_t divisor) {
  const ts_ranges *r = q->ranges;
  for (size_t i = 0; i < r->facts.n; i++)
    for (unsigned j = 0; j < r->facts.at[i].n; j++) {
      ts_range_atom *a = ts_range_atom_of(&r->facts.at[i].terms[j]);
      if (is_division(a, kind, inner, divisor)) return a;
    }
  for (unsigned i = 0; i < q->num_divisions; i++)
    if (is_division(q->divisions[i], kind, inner, divisor)) return q->divisions[i];
  return NULL;
}

static ts_range range_of_division(ts_range_kind kind, ts_range inner, int64_t divisor) {
  return kind == TS_RANGE_MOD        ? ts_range_mod(inner, divisor)
         : kind == TS_RANGE_FLOORDIV ? ts_range_floordiv(inner, divisor)
                                     : ts_range_ceildiv(inner, divisor);
}

static ts_range_atom *new_division(ts_range_question *q, ts_range_kind kind, const ts_linear *inner,
                                   int64_t divisor) {
  ts_range_atom *a = ts_new(&q->arena, ts_range_atom);
  *a = (ts_range_atom){.kind = kind, .inner = *inner, .divisor = divisor};
  a->range = range_of_division(kind, ts_range_of_form(inner), divisor);
  for (unsigned i = 0; i < inner->n; i++)
    a->order = ts_max(a->order, ts_range_atom_of(&inner->terms[i])->order + 1);
  q->divisions[q->num_divisions++] = a;
  return a;
}

typedef struct reader {
  ts_linear_reader base;
  ts_range_question *q;
} reader;

static ts_linear leaf(ts_linear_reader *r, const ts_op *op, const ts_aff *e) {
  ts_ranges *ranges = ((reader *)r)->q->ranges;
  ts_linear known;
  if (e->kind == TS_AFF_SYM)
    return ts_linear_atom(r->arena, (intptr_t)ts_range_atom_of_symbol(ranges, (ts_str)e->value));
  const ts_value *v = ts_dim(op, (unsigned)e->value);
  if (ts_linear_of_definition(r, v, &known)) return known;
  return ts_linear_atom(r->arena, (intptr_t)ts_range_atom_of_value(ranges, v));
}

static ts_linear sum(ts_linear_reader *r, const ts_linear *a, const ts_linear *b, int64_t times) {
  ts_linear sum = *a;
  if (!ts_range_form_add(((reader *)r)->q, &sum, b, times)) r->failed = true;
  return sum;
}

static ts_linear division(ts_linear_reader *r, ts_aff_kind aff, const ts_linear *inner,
                          int64_t divisor) {
  static const ts_range_kind kinds[] = {[TS_AFF_FLOORDIV] = TS_RANGE_FLOORDIV,
                                        [TS_AFF_CEILDIV] = TS_RANGE_CEILDIV,
                                        [TS_AFF_MOD] = TS_RANGE_MOD};
  ts_range_question *q = ((reader *)r)->q;
  ts_range_atom *a = known_division(q, kinds[aff], inner, divisor);
  if (!a && q->num_divisions == TS_RANGE_MAX_DIVISIONS) {
    r->failed = true;
    return (ts_linear){0};
  }
  if (!a) a = new_division(q, kinds[aff], inner, divisor);
  return ts_linear_atom(r->arena, (intptr_t)a);
}

bool ts_range_form(ts_range_question *q, const ts_op *op, const ts_aff *e, ts_linear *out) {
  int steps = FORM_STEPS;
  reader r = {.base = {.arena = &q->arena,
                       .applies = MAX_APPLIES,
                       .steps = &steps,
                       .leaf = leaf,
                       .sum = sum,
                       .division = division},
              .q = q};
  *out = ts_linear_of(&r.base, op, e);
  return !r.base.failed;
}

static bool goes_with(const ts_range_question *q, const ts_range_atom *a) {
  for (unsigned i = 0; i < q->num_divisions; i++)
    if (q->divisions[i] == a) return true;
  return false;
}

ts_linear ts_range_form_keep(ts_range_question *q, const ts_linear *l) {
  ts_linear_term *terms = ts_new_array(q->ranges->arena, ts_linear_term, l->n + 1);
  for (unsigned i = 0; i < l->n; i++) {
    ts_range_atom *a = ts_range_atom_of(&l->terms[i]);
    terms[i] = l->terms[i];
    if (!goes_with(q, a)) continue;
    ts_range_atom *own = ts_new(q->ranges->arena, ts_range_atom);
    *own = *a;
    own->inner = ts_range_form_keep(q, &a->inner);
    terms[i].atom = (intptr_t)own;
  }
  return (ts_linear){l->constant, l->n, terms};
}
