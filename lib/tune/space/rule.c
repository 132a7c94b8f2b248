/* Terms as rules: which choices of the last parameter that is left in one satisfy it. */
#include "tune/space/term_impl.h"

/* ---- sets ---- */

bool ts_term_has_choice(const ts_terms *t, ts_term set, unsigned choice) {
  const ts_term_info *info = ts_term_at(t, set);
  const uint32_t *ends = t->operands.at + info->first;
  unsigned low = 0, high = info->n; /* ends[low - 1] <= choice < ends[high] */
  while (low < high) {
    unsigned middle = (low + high) / 2;
    if (ends[middle] <= choice)
      low = middle + 1;
    else
      high = middle;
  }
  return low % 2;
}

ts_term ts_term_set(ts_terms *t, unsigned parameter, unsigned n, const uint32_t *ends) {
  if (!n) return TS_TERM_FALSE;
  if (n == 2 && ends[0] == 0 && ends[1] == t->parameters[parameter].n) return TS_TERM_TRUE;
  ts_term_info info = {.op = TS_SPACE_ONE_OF,
                       .n = n,
                       .parameter = parameter,
                       .mask = UINT64_C(1) << parameter,
                       .range = {.type = TS_SPACE_TRUTH, .lo = 0, .hi = 1}};
  return ts_term_intern(t, info, ends);
}

typedef struct runs {
  ts_arena *arena;
  TS_VEC(uint32_t) ends;
} runs;

static void add_run(runs *r, uint32_t begin, uint32_t end) {
  if (begin >= end) return;
  if (r->ends.n && r->ends.at[r->ends.n - 1] == begin) {
    r->ends.at[r->ends.n - 1] = end;
    return;
  }
  ts_push(r->arena, &r->ends, begin);
  ts_push(r->arena, &r->ends, end);
}

ts_term ts_term_intersect(ts_terms *t, ts_term a, ts_term b) {
  if (a == b || b == TS_TERM_TRUE) return a;
  if (a == TS_TERM_TRUE) return b;
  const ts_term_info *x = ts_term_at(t, a), *y = ts_term_at(t, b);
  runs both = {.arena = t->arena};
  for (uint32_t i = 0, j = 0; i < x->n && j < y->n;) {
    const uint32_t *p = t->operands.at + x->first + i, *q = t->operands.at + y->first + j;
    add_run(&both, ts_max(p[0], q[0]), ts_min(p[1], q[1]));
    if (p[1] < q[1])
      i += 2;
    else
      j += 2;
  }
  t->steps += both.ends.n;
  return ts_term_set(t, x->parameter, (unsigned)both.ends.n, both.ends.at);
}

/* ---- bounds ---- */

/* The range of a term with that of one parameter. */
static ts_space_range bound_term(ts_terms *t, ts_term term, uint64_t mask,
                                 const ts_space_range *parameter) {
  const ts_term_info *info = ts_term_at(t, term);
  ts_space_range pair[3];
  t->steps++;
  if (!(info->mask & mask)) return info->range;
  if (info->op == TS_SPACE_PARAMETER) return *parameter;
  if (info->op == TS_SPACE_GONE) return ts_space_truth(!ts_space_has_value(parameter));
  const uint32_t *operands = t->operands.at + info->first;
  unsigned n = info->op == TS_SPACE_IF ? 3 : ts_min(info->n, 2u);
  for (unsigned i = 0; i < n; i++)
    pair[i] = bound_term(t, operands[i], mask, parameter);
  pair[0] = ts_space_apply(info->op, n, pair);
  for (unsigned i = n; i < info->n; i++) {
    pair[1] = bound_term(t, operands[i], mask, parameter);
    pair[0] = ts_space_apply(info->op, 2, pair);
  }
  return pair[0];
}

ts_space_range ts_term_bound(ts_terms *t, ts_term rule, unsigned parameter, unsigned begin,
                             unsigned end) {
  const ts_space_parameter *p = t->parameters[parameter].from;
  ts_space_range at = ts_space_hull(p->values[begin], p->values[end - 1]);
  if (end - begin > 1) at.integer = p->bounds.integer;
  return bound_term(t, rule, UINT64_C(1) << parameter, &at);
}

/* Adds those of the choices [begin, end), which have values, that satisfy the rule: halves where bounds do not tell. */
static void solve_values(ts_terms *t, ts_term rule, unsigned parameter, unsigned begin,
                         unsigned end, runs *out) {
  if (t->parameters[parameter].from->rising || end - begin == 1) {
    ts_space_range r = ts_term_bound(t, rule, parameter, begin, end);
    if (!ts_space_may_hold(&r)) return;
    if (!ts_space_may_fail(&r)) {
      add_run(out, begin, end);
      return;
    }
  }
  unsigned middle = begin + (end - begin) / 2;
  solve_values(t, rule, parameter, begin, middle, out);
  solve_values(t, rule, parameter, middle, end, out);
}

static ts_term solve(ts_terms *t, ts_term rule, unsigned parameter) {
  const ts_term_parameter *p = &t->parameters[parameter];
  runs out = {.arena = t->arena};
  solve_values(t, rule, parameter, 0, p->from->known.n, &out);
  if (p->from->condition) {
    ts_space_range absent = {.type = p->from->type, .lo = 1, .hi = 0, .absent = true};
    ts_space_range r = bound_term(t, rule, UINT64_C(1) << parameter, &absent);
    if (!ts_space_may_fail(&r)) add_run(&out, p->from->known.n, p->n);
  }
  return ts_term_set(t, parameter, (unsigned)out.ends.n, out.ends.at);
}

ts_term ts_term_as_rule(ts_terms *t, ts_term term) {
  const ts_term_info *info = ts_term_at(t, term);
  if (info->op == TS_SPACE_ONE_OF) return term;
  if (!ts_space_may_fail(&info->range)) return TS_TERM_TRUE;
  if (!ts_space_may_hold(&info->range)) return TS_TERM_FALSE;
  if (info->mask & (info->mask - 1)) return term;
  uint64_t key = (uint64_t)term + 1;
  uint32_t known = ts_term_map_get(&t->solved, key);
  if (known) return known - 1;
  ts_term set = solve(t, term, (unsigned)__builtin_ctzll(info->mask));
  ts_term_map_put(t->arena, &t->solved, key, set + 1);
  return set;
}

ts_term ts_term_rule_after(ts_terms *t, ts_term rule, unsigned parameter, unsigned choice) {
  ts_term_info *info = &t->at.at[rule];
  if (!(info->mask >> parameter & 1)) return rule;
  if (!info->become) {
    info->become = (uint32_t)t->became.n + 1;
    for (unsigned i = 0; i < t->parameters[parameter].n; i++)
      ts_push(t->arena, &t->became, 0);
  }
  size_t at = info->become - 1 + choice;
  if (!t->became.at[at]) {
    ts_term after = ts_term_as_rule(t, ts_term_replace(t, rule, parameter, choice));
    t->became.at[at] = after + 1;
  }
  return t->became.at[at] - 1;
}
