/* The legal points of a space, and what is to be said where something is wrong with them. */
#include "tune/space/compile_impl.h"

typedef struct legal_call {
  ts_context *ctx;
  ts_arena *arena;
  const ts_tune_space *space;
  ts_domain *domain;
  TS_VEC(ts_space_use_of) uses; /* of expressions that may have no value */
} legal_call;

static ts_result compile(const legal_call *c, size_t num_rules, size_t num_uses,
                         ts_domain *domain) {
  ts_space_question q = {c->space, num_rules, num_uses, c->uses.at};
  return ts_space_compile(c->ctx, c->arena, &q, domain);
}

static ts_result too_large(const legal_call *c) {
  ts_error(c->ctx, (ts_loc){0},
           "the rules of the space hang together too much to list what they allow: give parameters "
           "fewer values, or rules that hold between fewer parameters");
  return TS_LIMIT;
}

/* ---- spaces without points ---- */

/* The first rule with which, and those before it, no point is legal. */
static ts_result find_emptying(const legal_call *c, size_t *out) {
  size_t low = 0, high = c->space->rules.n; /* some with `low` rules, none with `high` */
  while (high - low > 1) {
    size_t middle = low + (high - low) / 2;
    ts_domain domain;
    ts_result r = compile(c, middle, 0, &domain);
    if (r) return r;
    if (domain.count)
      low = middle;
    else
      high = middle;
  }
  *out = high - 1;
  return TS_OK;
}

static ts_result report_empty(const legal_call *c) {
  size_t at;
  ts_result r = find_emptying(c, &at);
  if (r) return ts_error(c->ctx, (ts_loc){0}, "no point of the space satisfies its rules");
  const ts_space_rule *rule = &c->space->rules.at[at];
  const char *why = rule->why ? ts_sprintf(c->arena, ": %s", rule->why) : "";
  const char *left = at ? "no point that the rules before it leave is legal" : "no point is legal";
  return ts_error(c->ctx, rule->loc, "the space is empty: by this rule %s%s", left, why);
}

/* ---- what has no value ---- */

static void gather_uses(legal_call *c, const ts_space_template *t, const ts_space_use_of *within);

static void gather_case(legal_call *c, const ts_space_piece *p, const ts_space_use_of *within) {
  ts_space_use_of *sides = ts_new_array(c->arena, ts_space_use_of, 2);
  sides[0] = (ts_space_use_of){TS_SPACE_TO_HOLD, p->expr, within};
  sides[1] = (ts_space_use_of){TS_SPACE_NOT_TO_HOLD, p->expr, within};
  gather_uses(c, p->then, &sides[0]);
  gather_uses(c, p->otherwise, &sides[1]);
}

static void gather_use(legal_call *c, const ts_space_expr *e, const ts_space_use_of *within) {
  ts_space_use_of use = {TS_SPACE_TO_LACK_A_VALUE, e, within};
  if (ts_space_may_lack(c->space, e)) ts_push(c->arena, &c->uses, use);
}

static void gather_uses(legal_call *c, const ts_space_template *t, const ts_space_use_of *within) {
  for (size_t i = 0; t && i < t->at.n; i++) {
    if (t->at.at[i].kind == TS_SPACE_HOLE) gather_use(c, t->at.at[i].expr, within);
    if (t->at.at[i].kind == TS_SPACE_CASE) gather_case(c, &t->at.at[i], within);
  }
}

/* The first of the uses that has no value at a point, of which there is one. */
static ts_result find_lacking(const legal_call *c, size_t *out, ts_domain *domain) {
  size_t low = 0, high = c->uses.n;
  while (high - low > 1) {
    size_t middle = low + (high - low) / 2;
    ts_result r = compile(c, c->space->rules.n, middle, domain);
    if (r) return r;
    if (domain->count)
      high = middle;
    else
      low = middle;
  }
  *out = low;
  return compile(c, c->space->rules.n, high, domain);
}

/* Every hole has a value wherever it is used. */
static ts_result check_uses(legal_call *c) {
  ts_domain domain;
  ts_choice point[TS_MAX_PARAMETERS];
  size_t at;
  gather_uses(c, c->space->pipeline, NULL);
  if (c->space->power) gather_use(c, c->space->power, NULL);
  if (!c->uses.n) return TS_OK;
  ts_result r = compile(c, c->space->rules.n, c->uses.n, &domain);
  if (r || !domain.count) return r ? too_large(c) : TS_OK;
  if (find_lacking(c, &at, &domain)) return too_large(c);
  ts_domain_point(&domain, 0, point);
  return ts_error(c->ctx, c->uses.at[at].expr->loc, "this is used where it has no value, at %s",
                  ts_domain_point_text(&domain, c->arena, point));
}

static ts_result legal_body(void *arg) {
  legal_call *c = arg;
  ts_result r = compile(c, c->space->rules.n, 0, c->domain);
  if (r) return too_large(c);
  return c->domain->count ? check_uses(c) : report_empty(c);
}

ts_result ts_tune_space_domain(ts_context *ctx, ts_arena *arena, const ts_tune_space *space,
                               ts_domain *domain) {
  legal_call c = {.ctx = ctx, .arena = arena, .space = space, .domain = domain};
  return ts_protect_about(ctx, space->source, legal_body, &c);
}
