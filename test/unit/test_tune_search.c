/* Searches: what is asked is legal and new, repeats by the seed, ends when nothing is left, and finds what is good. */
#include <math.h>

#include "tune/search/search.h"
#include "tune/space/domain_impl.h"
#include "unit.h"

/* ---- domains ---- */

static ts_domain new_domain(ts_arena *arena, unsigned n, const unsigned *sizes) {
  ts_domain d = {.n = n, .parameters = ts_new_array(arena, ts_parameter, n)};
  for (unsigned i = 0; i < n; i++) {
    ts_parameter *p = &d.parameters[i];
    *p = (ts_parameter){.name = ts_sprintf(arena, "p%u", i), .n = sizes[i]};
    p->texts = ts_new_array(arena, const char *, p->n);
    p->numbers = i % 4 == 3 ? NULL : ts_new_array(arena, double, p->n); /* every fourth has words */
    for (unsigned k = 0; k < p->n; k++) {
      p->texts[k] = ts_sprintf(arena, "v%u", k);
      if (p->numbers) p->numbers[k] = i % 2 ? k : 1u << (k % 16);
    }
  }
  return d;
}

/* All rows of the box that `is_legal` lets through. */
static ts_domain box(ts_context *ctx, ts_arena *arena, unsigned n, const unsigned *sizes,
                     bool (*is_legal)(const ts_choice *)) {
  ts_domain d = new_domain(arena, n, sizes);
  TS_VEC(ts_choice) rows = {0};
  ts_choice point[TS_MAX_PARAMETERS] = {0};
  size_t num_rows = 0;
  for (unsigned at = 0; at < n;) {
    if (!is_legal || is_legal(point)) {
      for (unsigned i = 0; i < n; i++)
        ts_push(arena, &rows, point[i]);
      num_rows++;
    }
    for (at = 0; at < n && ++point[at] == sizes[at]; at++)
      point[at] = 0;
  }
  ck_assert_int_eq(ts_domain_of_rows(ctx, arena, &d, num_rows, rows.at), TS_OK);
  return d;
}

/* The whole box, however large: a node for each parameter. */
static ts_domain whole_box(ts_arena *arena, unsigned n, const unsigned *sizes) {
  ts_domain d = new_domain(arena, n, sizes);
  struct ts_domain_graph *g = ts_domain_graph_new(arena, n);
  uint32_t to = 0;
  for (unsigned i = n; i-- > 0;) {
    ts_domain_edge edge = {.first = 0, .last = (ts_choice)(sizes[i] - 1), .to = to};
    to = ts_domain_add_node(arena, g, 1, &edge, false);
  }
  ts_domain_set_graph(&d, g);
  return d;
}

/* p0 in 3 values, p1 in 4 unless p0 is 0, where it is absent, p2 in 3: 27 points. */
static ts_domain conditional(ts_arena *arena) {
  static const unsigned sizes[] = {3, 4, 3};
  ts_domain d = new_domain(arena, 3, sizes);
  struct ts_domain_graph *g = ts_domain_graph_new(arena, 3);
  ts_domain_edge last = {.first = 0, .last = 2}, none = {0}, any = {.first = 0, .last = 3};
  none.to = any.to = ts_domain_add_node(arena, g, 1, &last, false);
  ts_domain_edge of_first[2] = {{.first = 0, .last = 0}, {.first = 1, .last = 2}};
  of_first[0].to = ts_domain_add_node(arena, g, 1, &none, true);
  of_first[1].to = ts_domain_add_node(arena, g, 1, &any, false);
  (void)ts_domain_add_node(arena, g, 2, of_first, false);
  ts_domain_set_graph(&d, g);
  return d;
}

static const unsigned small[] = {4, 3, 5, 4};
static bool small_rule(const ts_choice *p) { return (p[0] + p[1] * p[2]) % 3 != 1; }

/* ---- running ---- */

typedef double (*cost_fn)(const ts_domain *, const ts_choice *);

/* The least is 1, in one place; convex along each parameter. */
static double bowl(const ts_domain *d, const ts_choice *p) {
  double cost = 1;
  for (unsigned i = 0; i < d->n; i++) {
    double away = p[i] - (double)((d->parameters[i].n * (i + 1) / (i + 2)) % d->parameters[i].n);
    cost += 0.1 * away * away;
  }
  return cost;
}
static double hopeless(const ts_domain *d, const ts_choice *p) {
  (void)d;
  (void)p;
  return INFINITY;
}
static double same(const ts_domain *d, const ts_choice *p) {
  (void)d;
  (void)p;
  return 0;
}

typedef struct trace {
  uint64_t *numbers; /* of the points, in the order asked */
  size_t n;
  double best;
} trace;

/* Asks until the end or `most`; every point is legal and new. */
static trace run(ts_context *ctx, ts_arena *arena, const ts_domain *d, const char *name,
                 const ts_search_setup *setup, unsigned batch, size_t most, cost_fn cost) {
  ts_search *s;
  ck_assert_int_eq(ts_search_open(ctx, arena, d, name, setup, &s), TS_OK);
  trace t = {ts_new_array(arena, uint64_t, most + batch), 0, INFINITY};
  ts_choice *points = ts_new_array(arena, ts_choice, (size_t)batch * d->n);
  ts_ptrmap seen;
  ts_ptrmap_init(&seen, arena);
  unsigned n;
  while (t.n < most && (n = ts_search_ask(s, batch, points)) > 0) {
    ck_assert_uint_le(n, batch);
    for (unsigned i = 0; i < n; i++) {
      const ts_choice *point = points + (size_t)i * d->n;
      unit_check(ts_domain_number(d, point, &t.numbers[t.n]), "%s: not legal", name);
      const void *key = (const void *)(uintptr_t)(t.numbers[t.n++] + 1);
      unit_check(!ts_ptrmap_get(&seen, key), "%s: asked twice", name);
      ts_ptrmap_put(&seen, key, &seen);
    }
    for (unsigned i = 0; i < n; i++) {
      double is = cost(d, points + (size_t)i * d->n);
      t.best = fmin(t.best, is);
      ts_search_tell(s, points + (size_t)i * d->n, is);
    }
  }
  return t;
}

/* The same where points have no numbers of their own. */
static void run_freely(ts_context *ctx, ts_arena *arena, const ts_domain *d, const char *name,
                       size_t most) {
  ts_search *s;
  ts_choice point[TS_MAX_PARAMETERS];
  ck_assert_int_eq(ts_search_open(ctx, arena, d, name, &(ts_search_setup){0}, &s), TS_OK);
  while (most-- && ts_search_ask(s, 1, point))
    ts_search_tell(s, point, bowl(d, point));
}

typedef void (*test_fn)(ts_context *, ts_arena *, const char *name);

typedef struct job {
  ts_context *ctx;
  test_fn test;
} job;

static ts_result each_body(void *arg) {
  job *j = arg;
  ts_search_name name;
  for (unsigned i = 0; ts_search_list(i, &name); i++) {
    ts_arena arena;
    ts_arena_init(&arena, &j->ctx->memory);
    j->test(j->ctx, &arena, name.name);
    ts_arena_drop(&arena);
  }
  return TS_OK;
}

/* The test for every search of the table. */
static void for_each_search(test_fn test) {
  job j = {ts_context_create(), test};
  ck_assert_int_eq(ts_protect(j.ctx, each_body, &j), TS_OK);
  ts_context_destroy(j.ctx);
}

/* ---- moves ---- */

static ts_result move(void *arg) {
  job *j = arg;
  ts_domain d = conditional(&j->ctx->arena);
  const ts_choice without[] = {0, 0, 2}, with[] = {2, 3, 1};
  ts_choice to[3];
  uint64_t number;
  unsigned drawn = 0;
  ck_assert_uint_eq(d.count, 27);
  /* what vanishes holds 0 */
  ck_assert(ts_domain_change(&d, with, 0, 0, 1, to));
  ck_assert(to[0] == 0 && to[1] == 0 && to[2] == 1);
  ck_assert_uint_eq(ts_domain_absences(&d, to), 2);
  /* what is absent cannot change */
  ck_assert(!ts_domain_change(&d, without, 1, 1, 1, to));
  /* what appears is drawn: each of four values, of 64 draws */
  for (uint64_t random = 0; random < 64; random++) {
    ck_assert(ts_domain_change(&d, without, 0, 1, random * 77777, to));
    ck_assert(ts_domain_number(&d, to, &number) && to[0] == 1 && to[2] == 2);
    drawn |= 1u << to[1];
  }
  ck_assert_uint_eq(drawn, 15);
  /* any choices become legal: past the end the last is the nearest, and what is absent holds 0 */
  ts_choice far[] = {9, 9, 9}, absent[] = {0, 3, 1};
  ts_domain_mend(&d, far, 0);
  ck_assert(far[0] == 2 && far[1] == 3 && far[2] == 2);
  ts_domain_mend(&d, absent, 0);
  ck_assert(absent[0] == 0 && absent[1] == 0 && absent[2] == 1);
  return TS_OK;
}
START_TEST(moves_follow_conditions) {
  job j = {ts_context_create(), NULL};
  ck_assert_int_eq(ts_protect(j.ctx, move, &j), TS_OK);
  ts_context_destroy(j.ctx);
}
END_TEST

/* ---- what every search does ---- */

static void ask_all(ts_context *ctx, ts_arena *arena, const char *name) {
  const cost_fn costs[] = {bowl, hopeless, same};
  ts_domain d = box(ctx, arena, 4, small, small_rule), some = conditional(arena);
  for (unsigned i = 0; i < ts_countof(costs); i++) {
    ts_search_setup setup = {.seed = i};
    ck_assert_uint_eq(run(ctx, arena, &d, name, &setup, 1 + 5 * i, 1000, costs[i]).n, d.count);
    ck_assert_uint_eq(run(ctx, arena, &some, name, &setup, 1 + i, 1000, costs[i]).n, 27);
  }
}
START_TEST(each_point_is_asked_once) { for_each_search(ask_all); }
END_TEST

static void ask_one(ts_context *ctx, ts_arena *arena, const char *name) {
  const unsigned sizes[] = {1, 1};
  ts_domain d = box(ctx, arena, 2, sizes, NULL);
  ck_assert_uint_eq(run(ctx, arena, &d, name, &(ts_search_setup){0}, 4, 10, bowl).n, 1);
}
START_TEST(one_point_is_enough) { for_each_search(ask_one); }
END_TEST

static void ask_again(ts_context *ctx, ts_arena *arena, const char *name) {
  ts_domain d = box(ctx, arena, 4, small, small_rule);
  for (unsigned batch = 1; batch <= 4; batch += 3) {
    trace first = run(ctx, arena, &d, name, &(ts_search_setup){.seed = 5}, batch, 30, bowl);
    trace again = run(ctx, arena, &d, name, &(ts_search_setup){.seed = 5}, batch, 30, bowl);
    trace other = run(ctx, arena, &d, name, &(ts_search_setup){.seed = 6}, batch, 30, bowl);
    ck_assert_uint_eq(first.n, again.n);
    ck_assert_mem_eq(first.numbers, again.numbers, first.n * sizeof *first.numbers);
    bool differs = memcmp(first.numbers, other.numbers, first.n * sizeof *first.numbers) != 0;
    ck_assert(differs == (strcmp(name, "exhaustive") != 0));
  }
}
START_TEST(a_seed_gives_one_sequence) { for_each_search(ask_again); }
END_TEST

/* 6 · 10⁹ points: nothing is of the size of the space. Past 2^64 points numbers are not unique, and it does not matter. */
static void ask_huge(ts_context *ctx, ts_arena *arena, const char *name) {
  static const unsigned sizes[] = {60, 60, 60, 60, 60, 8}, past[] = {65535, 65535, 65535, 65535, 9};
  ts_domain d = whole_box(arena, 6, sizes), more = whole_box(arena, 5, past);
  ck_assert_uint_eq(d.count, UINT64_C(6220800000));
  ck_assert_uint_eq(more.count, UINT64_MAX);
  size_t before = ctx->memory.used;
  ck_assert_uint_ge(run(ctx, arena, &d, name, &(ts_search_setup){.seed = 1}, 2, 30, bowl).n, 30);
  if (strcmp(name, "beam") != 0) /* it looks at each value */
    run_freely(ctx, arena, &more, name, 16);
  ck_assert_uint_le(ctx->memory.used - before, 64 << 20);
}
START_TEST(a_huge_space_is_no_trouble) { for_each_search(ask_huge); }
END_TEST

/* ---- how good they are ---- */

typedef struct want {
  const char *name;
  double within; /* of the least cost, 1 */
} want;

/* A bowl of 14,400 points, 120 trials: all that learn from costs come to the bottom or beside it; of the bowl's costs about
 * one in a thousand is below 1.5. */
static void find_bottom(ts_context *ctx, ts_arena *arena, const char *name) {
  static const want wants[] = {{"model", 1.1},  {"trees", 1.1},   {"gp", 1.1},     {"local", 1.5},
                               {"bandit", 1.5}, {"genetic", 2.5}, {"anneal", 2.5}, {"beam", 2.5}};
  static const unsigned sizes[] = {12, 10, 15, 8};
  ts_domain d = whole_box(arena, 4, sizes);
  for (unsigned i = 0; i < ts_countof(wants); i++)
    for (uint64_t seed = 0; seed < 2 && strcmp(name, wants[i].name) == 0; seed++) {
      ts_search_setup setup = {.seed = seed, .budget = 120};
      double best = run(ctx, arena, &d, name, &setup, 1, 120, bowl).best;
      ck_assert_msg(best <= wants[i].within, "%s: %g", name, best);
    }
}
START_TEST(the_bottom_of_a_bowl_is_found) { for_each_search(find_bottom); }
END_TEST

/* ---- hints and text ---- */

static void take_hints(ts_context *ctx, ts_arena *arena, const char *name) {
  ts_domain d = whole_box(arena, 4, small);
  const ts_choice a[] = {3, 2, 4, 1}, b[] = {0, 0, 0, 0};
  const ts_hint hints[] = {{a, NAN, NULL}, {b, 7, NULL}, {a, NAN, NULL}, {b, NAN, NULL}};
  ts_search_setup setup = {.num_hints = 4, .hints = hints};
  trace t = run(ctx, arena, &d, name, &setup, 1, 20, bowl);
  uint64_t of_a, of_b;
  ck_assert(ts_domain_number(&d, a, &of_a) && ts_domain_number(&d, b, &of_b));
  ck_assert_uint_eq(t.numbers[0], of_a);
  ck_assert_uint_eq(t.numbers[1], of_b);
}
START_TEST(hints_without_costs_come_first) { for_each_search(take_hints); }
END_TEST

/* A bowl that was searched for another shape, its costs another unit: a few trials do for what took many. Costs say by
 * what factor points differ, so a hundredfold of all of them is the same knowledge. */
static void be_taught(ts_context *ctx, ts_arena *arena, const char *name) {
  static const unsigned sizes[] = {12, 10, 15, 8};
  static const double there = 3, here = 5;
  if (strcmp(name, "model") != 0 && strcmp(name, "trees") != 0) return;
  ts_domain d = whole_box(arena, 4, sizes);
  trace t = run(ctx, arena, &d, "random", &(ts_search_setup){.seed = 3}, 1, 300, bowl);
  ts_hint *hints = ts_new_array(arena, ts_hint, t.n);
  for (size_t i = 0; i < t.n; i++) {
    ts_choice *point = ts_new_array(arena, ts_choice, d.n);
    ts_domain_point(&d, t.numbers[i], point);
    hints[i] = (ts_hint){point, i % 50 ? 100 * bowl(&d, point) : INFINITY, &there};
  }
  ts_search_setup cold = {.seed = 4, .num_traits = 1, .traits = &here}, warm = cold;
  warm.num_hints = (unsigned)t.n;
  warm.hints = hints;
  double without = run(ctx, arena, &d, name, &cold, 1, 12, bowl).best;
  double with = run(ctx, arena, &d, name, &warm, 1, 12, bowl).best;
  ck_assert_msg(with <= 1.5 && with < without, "%s: %g, without %g", name, with, without);
}
START_TEST(costs_of_another_shape_teach) { for_each_search(be_taught); }
END_TEST

static ts_result open_bad(void *arg) {
  job *j = arg;
  static const char *const texts[] = {"", "nonsense", "genetic{population=1}", "local{x=1}",
                                      "model local"};
  ts_domain d = whole_box(&j->ctx->arena, 4, small);
  ts_search *s;
  for (size_t i = 0; i < ts_countof(texts); i++)
    ck_assert_int_eq(
        ts_search_open(j->ctx, &j->ctx->arena, &d, texts[i], &(ts_search_setup){0}, &s), TS_USAGE);
  ck_assert_int_eq(ts_search_open(j->ctx, &j->ctx->arena, &d, "genetic{population=7}",
                                  &(ts_search_setup){0}, &s),
                   TS_OK);
  return TS_OK;
}
START_TEST(wrong_names_and_options_are_refused) {
  job j = {ts_context_create(), NULL};
  ck_assert_int_eq(ts_protect(j.ctx, open_bad, &j), TS_OK);
  ts_context_destroy(j.ctx);
}
END_TEST

UNIT_MAIN("tune_search", moves_follow_conditions, each_point_is_asked_once, one_point_is_enough,
          a_seed_gives_one_sequence, a_huge_space_is_no_trouble, the_bottom_of_a_bowl_is_found,
          hints_without_costs_come_first, costs_of_another_shape_teach,
          wrong_names_and_options_are_refused)
