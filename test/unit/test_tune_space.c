/* Spaces from text: counts by closed forms and by brute force over random spaces, pipelines, printing, messages. */
#include <math.h>
#include <stdlib.h>

#include "tune/space/space.h"
#include "unit.h"

static ts_context *ctx;
static ts_arena arena;
static ts_tune_space *space;
static ts_domain domain;

static const ts_target machine = {.name = "test",
                                  .vector_bits = 256,
                                  .vector_registers = 16,
                                  .l1_bytes = 32768,
                                  .l2_bytes = 262144,
                                  .threads = 4};
static const ts_extent_value extents[] = {{"M", 100}, {"K", 36}, {"N", 512}};
static ts_tune_space_setting setting;

static void open(void) {
  ctx = ts_context_create();
  ts_arena_init(&arena, &ctx->memory);
  setting = (ts_tune_space_setting){.target = &machine, .num_extents = 3, .extents = extents};
  space = NULL;
}
static void close(void) {
  ts_arena_drop(&arena);
  ts_context_destroy(ctx);
}

static const ts_source *source_of(const char *text) {
  ts_source *s = ts_new(&arena, ts_source);
  *s = (ts_source){"s.space", ts_strdup(&arena, text), strlen(text), 1};
  return s;
}

static ts_result parse_body(void *text) {
  return ts_tune_space_parse(ctx, &arena, source_of(text), &setting, &space);
}
static ts_result domain_body(void *text) {
  ts_result r = parse_body(text);
  return r ? r : ts_tune_space_domain(ctx, &arena, space, &domain);
}
/* Reads the items and counts; the pipeline is added. */
static ts_result read_space(const char *items, const char *pipeline) {
  char text[8192];
  snprintf(text, sizeof text, "%s\npipeline {%s}\n", items, pipeline);
  return ts_protect(ctx, domain_body, text);
}

/* ---- counts ---- */

static const struct {
  uint64_t count;
  const char *items;
} counts[] = {
    {1, ""},
    {12, "param a in [1, 2, 4]\nparam b in 1 .. 4"},
    {4, "param a in 16 .. 128 by *2"},
    {3, "param a in 1 .. 8 by 3"},
    {5, "param a in 0 .. 1 by 0.25"},
    {9, "param t in 1 .. K\nrequire K % t == 0"}, /* divisors of 36 */
    /* of 720 = 2^4 3^2 5 as an ordered product of three: C(6,2) C(4,2) C(3,2) */
    {270,
     "param a in 1 .. 1000\nparam b in 1 .. 1000\nparam c in 1 .. 1000\nrequire a * b * c == 720"},
    /* multisets of 3 out of 1000, C(1002, 3), of 10^9 raw points */
    {167167000,
     "param a in 1 .. 1000\nparam b in 1 .. 1000\nparam c in 1 .. 1000\nrequire a <= b and b <= c"},
    /* a + b + c = 300: C(299, 2) less 3 C(99, 2) with one past 200 */
    {44551 - 3 * 4851,
     "param a in 1 .. 200\nparam b in 1 .. 200\nparam c in 1 .. 200\nrequire a + b + c == 300"},
    /* permutations of 8 */
    {40320,
     "param a in 1 .. 8\nparam b in 1 .. 8\nparam c in 1 .. 8\nparam d in 1 .. 8\nparam e in 1 .. 8\n"
     "param f in 1 .. 8\nparam g in 1 .. 8\nparam h in 1 .. 8\n"
     "require not a in [b, c, d, e, f, g, h]\nrequire not b in [c, d, e, f, g, h]\n"
     "require not c in [d, e, f, g, h]\nrequire not d in [e, f, g, h]\nrequire not e in [f, g, h]\n"
     "require not f in [g, h]\nrequire g != h"},
    /* queens on a board of 6: two reflections of two */
    {4,
     "param a in 1 .. 6\nparam b in 1 .. 6\nparam c in 1 .. 6\nparam d in 1 .. 6\nparam e in 1 .. 6\nparam f in 1 .. 6\n"
     "require not a in [b, b - 1, b + 1, c, c - 2, c + 2, d, d - 3, d + 3, e, e - 4, e + 4, f, f - 5, f + 5]\n"
     "require not b in [c, c - 1, c + 1, d, d - 2, d + 2, e, e - 3, e + 3, f, f - 4, f + 4]\n"
     "require not c in [d, d - 1, d + 1, e, e - 2, e + 2, f, f - 3, f + 3]\n"
     "require not d in [e, e - 1, e + 1, f, f - 2, f + 2]\nrequire not e in [f, f - 1, f + 1]"},
    /* rules between parameters that stand far apart: 10^18 raw points */
    {1000000000,
     "param a1 in 1 .. 10\nparam a2 in 1 .. 10\nparam a3 in 1 .. 10\nparam a4 in 1 .. 10\nparam a5 in 1 .. 10\n"
     "param a6 in 1 .. 10\nparam a7 in 1 .. 10\nparam a8 in 1 .. 10\nparam a9 in 1 .. 10\n"
     "param b1 in 1 .. 10\nparam b2 in 1 .. 10\nparam b3 in 1 .. 10\nparam b4 in 1 .. 10\nparam b5 in 1 .. 10\n"
     "param b6 in 1 .. 10\nparam b7 in 1 .. 10\nparam b8 in 1 .. 10\nparam b9 in 1 .. 10\n"
     "require a1 == b1 and a2 == b2 and a3 == b3 and a4 == b4 and a5 == b5 and a6 == b6 and a7 == b7\n"
     "require a8 == b8 and a9 == b9"},
    /* more than 64 bits can count */
    {UINT64_MAX,
     "param a in 1 .. 65535\nparam b in 1 .. 65535\nparam c in 1 .. 65535\nparam d in 1 .. 65535\n"
     "param e in 1 .. 65535"},
    /* a parameter that is absent counts once, and rules about it hold then */
    {4, "param p in [true, false]\nparam a in 1 .. 5 if p\nrequire a <= 3"},
    {7,
     "param p in [x, y, \"z z\"]\nparam a in 1 .. 5 if p != x\nparam b in [1, 2] if a > 4\nrequire a >= 4"},
    /* what divides by zero is no reason for a point */
    {2, "param a in 0 .. 2\nrequire 4 % a == 0"},
    {3, "param a in 0 .. 2\nrequire a == 0 or 4 % a == 0"},
    {1, "param a in 0 .. 2\nrequire log2(a) == 1"},
    /* // and % round down as in Python: -7 // 2 is -4, -7 % 3 is 2, 7 % -3 is -2 */
    {1,
     "param a in [-7]\nrequire a // 2 == -4 and a % 3 == 2 and -a % -3 == -2 and ceildiv(a, 2) == -3"},
    {1,
     "param a in [7]\nrequire a / 2 == 3.5 and min(a, 3, 5) == 3 and max(a, 9) == 9 and abs(2 - a) == 5"},
    {1,
     "param a in [6]\nrequire 2 + a * 2 - 1 == 13 and (if a > 5 then 1 else 2) == 1 and -a + 7 == 1"},
    /* sums past 2^53 are rounded as they are written: 1e16 + 1 is 1e16 */
    {2, "param a in [1e16, 2e16]\nparam b in [1, 3]\nrequire a + b - a == 0"},
    /* figures of the machine and extents */
    {1,
     "param a in [1]\nrequire M == 100 and K == 36 and N == 512 and l1_bytes == 32768 and l2_bytes == 262144\n"
     "require vector_bits == 256 and vector_registers == 16 and threads == 4 and gpu_block_threads == 1024\n"
     "require gpu_shared_bytes == 49152"},
    {3, "param a in [8, vector_bits // 32, 4, M]"}, /* 256 / 32 is 8 again */
};

START_TEST(spaces_have_as_many_points_as_formulas_say) {
  ck_assert_int_eq(read_space(counts[_i].items, "fuse"), TS_OK);
  ck_assert_uint_eq(domain.count, counts[_i].count);
}
END_TEST

/* ---- random spaces ---- */

/* An expression of the test's own, evaluated by its own rules: NaN for what has no value since it divides by zero, and
 * ABSENT for what names an absent parameter. */
enum { PARAMETERS = 5, VALUES = 4, DEPTH = 3 };
static const double ABSENT = 1e300;

typedef struct node {
  char op; /* 'n' a number, 'p' a parameter */
  int value;
  struct node *a, *b;
} node;

static uint64_t seed;
static unsigned draw(unsigned below) {
  seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (unsigned)(seed >> 33) % below;
}

static node *random_number(unsigned depth, unsigned known) {
  node *n = ts_new(&arena, node);
  *n = (node){.op = 'n', .value = (int)draw(9) - 2};
  if (known && draw(3)) *n = (node){.op = 'p', .value = (int)draw(known)};
  if (!depth || !draw(4)) return n;
  *n =
      (node){"+-*/%"[draw(5)], 0, random_number(depth - 1, known), random_number(depth - 1, known)};
  return n;
}

static node *random_truth(unsigned depth, unsigned known) {
  node *n = ts_new(&arena, node);
  if (depth && draw(2))
    *n = (node){"&|!"[draw(3)], 0, random_truth(depth - 1, known), random_truth(depth - 1, known)};
  else
    *n = (node){"<=l"[draw(3)], 0, random_number(depth, known), random_number(depth, known)};
  return n;
}

static const char *text_of(const node *n) {
  const char *a = n->a ? text_of(n->a) : "", *b = n->b ? text_of(n->b) : "";
  switch (n->op) {
  case 'n': return ts_sprintf(&arena, "(%d)", n->value);
  case 'p': return ts_sprintf(&arena, "p%d", n->value);
  case '&': return ts_sprintf(&arena, "(%s and %s)", a, b);
  case '|': return ts_sprintf(&arena, "(%s or %s)", a, b);
  case '!': return ts_sprintf(&arena, "(not %s)", a);
  case '=': return ts_sprintf(&arena, "(%s == %s)", a, b);
  case 'l': return ts_sprintf(&arena, "(%s <= %s)", a, b);
  case '/': return ts_sprintf(&arena, "(%s // %s)", a, b);
  default: return ts_sprintf(&arena, "(%s %c %s)", a, n->op, b);
  }
}

static long floor_divide(long a, long b) { return a / b - (a % b != 0 && (a < 0) != (b < 0)); }

static double arithmetic(char op, double a, double b) {
  switch (op) {
  case '+': return a + b;
  case '-': return a - b;
  case '*': return a * b;
  case '/': return b == 0 ? NAN : (double)floor_divide((long)a, (long)b);
  case '%': return b == 0 ? NAN : a - b * (double)floor_divide((long)a, (long)b);
  case '<': return a < b;
  case '=': return a == b;
  default: return a <= b;
  }
}

/* One operand decides `and` where it is false, `or` where it is true; then what has no value counts, undefined first. */
static double connective(double absorbing, double a, double b) {
  if (a == absorbing || b == absorbing) return absorbing;
  if (isnan(a) || isnan(b)) return NAN;
  return a == ABSENT || b == ABSENT ? ABSENT : 1 - absorbing;
}

static double value_of(const node *n, const double *point) {
  if (n->op == 'n') return n->value;
  if (n->op == 'p') return point[n->value];
  double a = value_of(n->a, point), b = n->op == '!' ? 0 : value_of(n->b, point);
  if (n->op == '&') return connective(0, a, b);
  if (n->op == '|') return connective(1, a, b);
  if (isnan(a) || isnan(b)) return NAN;
  if (a == ABSENT || b == ABSENT) return ABSENT;
  return n->op == '!' ? 1 - a : arithmetic(n->op, a, b);
}

typedef struct random_space {
  unsigned n, num_rules;
  int values[PARAMETERS][VALUES];
  node *conditions[PARAMETERS], *rules[3];
  const char *text;
} random_space;

static void make_random(random_space *s) {
  s->n = 1 + draw(PARAMETERS);
  s->text = "";
  for (unsigned i = 0; i < s->n; i++) {
    const char *list = "";
    for (unsigned k = 0; k < VALUES; k++) {
      s->values[i][k] = (int)(k * (1 + draw(3))) + (draw(5) ? 1 : -5);
      for (unsigned j = 0; j < k; j++)
        if (s->values[i][j] == s->values[i][k]) s->values[i][k] = 100 + (int)k;
      list = ts_sprintf(&arena, "%s%s%d", list, k ? ", " : "", s->values[i][k]);
    }
    s->text = ts_sprintf(&arena, "%sparam p%u in [%s]", s->text, i, list);
    s->conditions[i] = i && !draw(3) ? random_truth(1, i) : NULL;
    if (s->conditions[i])
      s->text = ts_sprintf(&arena, "%s if %s", s->text, text_of(s->conditions[i]));
    s->text = ts_sprintf(&arena, "%s\n", s->text);
  }
  s->num_rules = draw(4);
  for (unsigned i = 0; i < s->num_rules; i++) {
    s->rules[i] = random_truth(DEPTH, s->n);
    s->text = ts_sprintf(&arena, "%srequire %s\n", s->text, text_of(s->rules[i]));
  }
}

/* Whether the choices are a legal point. */
static bool is_legal(const random_space *s, const ts_choice *choices) {
  double point[PARAMETERS] = {0};
  for (unsigned i = 0; i < s->n; i++) {
    bool there = !s->conditions[i] || value_of(s->conditions[i], point) == 1;
    if (!there && choices[i]) return false;
    point[i] = there ? s->values[i][choices[i]] : ABSENT;
  }
  for (unsigned i = 0; i < s->num_rules; i++) {
    double v = value_of(s->rules[i], point);
    if (isnan(v) || v == 0) return false;
  }
  return true;
}

/* All choices in order: each legal one has the next number, and the others none. */
static uint64_t check_all(const random_space *s) {
  uint64_t legal = 0, number = 0;
  ts_choice choices[PARAMETERS] = {0}, point[PARAMETERS];
  for (unsigned all = 0; all < 1u << (2 * s->n); all++) {
    for (unsigned i = 0; i < s->n; i++)
      choices[i] = (ts_choice)(all >> (2 * (s->n - 1 - i)) & 3);
    bool known = ts_domain_number(&domain, choices, &number);
    unit_check(known == is_legal(s, choices), "legal or not: %s", s->text);
    if (!known) continue;
    ts_domain_point(&domain, number, point);
    unit_check(number == legal++ && !memcmp(point, choices, s->n * sizeof *point), "number: %s",
               s->text);
  }
  return legal;
}

static ts_result count_body(void *any) {
  random_space *s = any;
  make_random(s);
  ts_result r = domain_body((void *)ts_sprintf(&arena, "%spipeline {}\n", s->text));
  if (r == TS_OK) {
    uint64_t legal = check_all(s);
    unit_check(legal == domain.count, "%d of %d: %s", (int)domain.count, (int)legal, s->text);
    return r;
  }
  unit_check(strstr(ctx->first->message, "the space is empty"), "%s", ctx->first->message);
  domain.n = s->n;
  ts_choice choices[PARAMETERS];
  for (unsigned all = 0; all < 1u << (2 * s->n); all++) {
    for (unsigned i = 0; i < s->n; i++)
      choices[i] = (ts_choice)(all >> (2 * i) & 3);
    unit_check(!is_legal(s, choices), "not empty: %s", s->text);
  }
  return TS_OK;
}

START_TEST(random_spaces_hold_what_brute_force_finds) {
  enum { ROUNDS = 600 };
  for (unsigned round = 0; round < ROUNDS; round++) {
    random_space s = {0};
    seed = round;
    ck_assert_int_eq(ts_protect(ctx, count_body, &s), TS_OK);
    ts_context_clear_diagnostics(ctx);
    close();
    open();
  }
}
END_TEST

/* ---- pipelines ---- */

static const struct {
  const char *items, *pipeline, *point, *text;
} pipelines[] = {
    {"param a in [8, 16]\nparam w.v in [x, \"i j\"]", "fuse, tile{i=$a j=${w.v} k=$(2 * a)}",
     "a=16 w.v=x", "fuse, tile{i=16 j=x k=32}"},
    /* white space and comments */
    {"param a in [1]", "\n  fuse, # one, two\n\n  lower{acc=f32  n=$a},\n", "a=1",
     "fuse, lower{acc=f32 n=1}"},
    /* in quotes all stays, and holes are filled */
    {"param a in [4]", "stage{W layout='[0/$a]  # $(a)$$'}", "a=4",
     "stage{W layout='[0/4]  # 4$'}"},
    /* steps that a condition leaves out go with their comma */
    {"param p in [true, false]", "a, $if(p){b, c} $else { $if(p){} }, d", "p=false", "a, d"},
    {"param p in [true, false]", "a, $if(p){b, c} $else { $if(p){} }, d", "p=true", "a, b, c, d"},
    {"param p in [true, false]", "$if(p){a}, b{$if(not p){x=1, } y}, $if(p){c}", "p=false",
     "b{x=1, y}"},
    /* of an absent parameter where it is there */
    {"param p in [true, false]\nparam n in 1 .. 3 if p", "a{$if(p){n=$n}}", "p=true n=2", "a{n=2}"},
    {"param p in [true, false]\nparam n in 1 .. 3 if p", "a{$if(p){n=$n}}", "p=false", "a{}"},
    {"param n in [0.5, 1e30, -3, 2.0]", "a{$n}", "n=5e-1", "a{0.5}"},
    {"param n in [0.5, 1e30, -3, 2.0]", "a{$n}", "n=1e30", "a{1e+30}"},
    {"param n in [0.5, 1e30, -3, 2.0]", "a{$(if n < 0 then -n else n)}", "n=-3", "a{3}"},
};

START_TEST(a_point_fills_the_holes_of_the_pipeline) {
  ts_choice point[8];
  ck_assert_int_eq(read_space(pipelines[_i].items, pipelines[_i].pipeline), TS_OK);
  ck_assert_int_eq(ts_domain_read_point(ctx, &domain, pipelines[_i].point, point), TS_OK);
  ck_assert_str_eq(ts_tune_space_pipeline(space, &arena, point), pipelines[_i].text);
}
END_TEST

START_TEST(terms_and_power_are_told) {
  ts_choice point[1] = {1};
  const struct ts_tune_space_constant constants[] = {{"base", 0.25}};
  setting.num_constants = 1;
  setting.constants = constants;
  ck_assert_int_eq(
      read_space("const base = 1e-3\nparam rows in [8, 16]\npower base + ceildiv(M, rows) * 2e-6\n"
                 "tolerance 1e-5\nwarmup 1\ntake least\nspace tiles",
                 "fuse"),
      TS_OK);
  ts_tune_space_terms terms = ts_tune_space_terms_of(space);
  ck_assert(terms.tolerance == 1e-5 && terms.warmups == 1 && terms.take == TS_TAKE_LEAST &&
            terms.has_power);
  ck_assert(ts_tune_space_power(space, point) == 0.25 + 7 * 2e-6);
  ck_assert_str_eq(ts_tune_space_name(space), "tiles");
}
END_TEST

START_TEST(what_is_not_said_is_told_so) {
  ck_assert_int_eq(read_space("param rows in [8, 16]", "fuse"), TS_OK);
  ts_tune_space_terms terms = ts_tune_space_terms_of(space);
  ck_assert(terms.tolerance < 0 && terms.warmups == -1 && terms.take == TS_TAKE_MEDIAN &&
            !terms.has_power);
}
END_TEST

/* ---- printing ---- */

static const char *printed(void) {
  ts_sink out;
  ts_sink_buffer(&out, NULL);
  ts_tune_space_print(&out, space);
  ck_assert_int_eq(ts_sink_finish(&out), TS_OK);
  const char *text = ts_strdup(&arena, out.buf);
  ts_sink_drop(&out);
  return text;
}

START_TEST(what_is_printed_reads_and_prints_the_same) {
  const char *text =
      ts_sprintf(&arena, "%s\npipeline { a, $if(true){ b } # c\n}\n", counts[_i].items);
  ck_assert_int_eq(ts_protect(ctx, parse_body, (void *)text), TS_OK);
  const char *first = printed();
  ck_assert_int_eq(ts_protect(ctx, parse_body, (void *)first), TS_OK);
  ck_assert_str_eq(printed(), first);
}
END_TEST

START_TEST(parentheses_stay_where_they_decide) {
  static const char text[] =
      "param a in [1, 2] if true\n"
      "require (a + 1) * 2 - (3 - a) >= -(a - 1) // 2 \"why\"\n"
      "require not (a == 1 or a == 2 and true) == (a in [1, min(2, K)])\n"
      "require (if a == 1 then 2 else (if true then 3 else 4)) - 1 > 0 or (a < 3) == true\n"
      "pipeline {}\n";
  ck_assert_int_eq(ts_protect(ctx, parse_body, (void *)text), TS_OK);
  ck_assert_str_eq(
      printed(),
      "param a in [1, 2] if true\n"
      "require (a + 1) * 2 - (3 - a) >= -(a - 1) // 2 \"why\"\n"
      "require not (a == 1 or a == 2 and true) == (a in [1, min(2, K)])\n"
      "require (if a == 1 then 2 else if true then 3 else 4) - 1 > 0 or (a < 3) == true\n"
      "pipeline {}\n");
}
END_TEST

/* ---- messages ---- */

static const struct {
  const char *text, *place, *message;
} wrong[] = {
    {"param rows in [1, 2]\npipeline {x=$rwos}", "2:13",
     "there is no 'rwos' here; did you mean 'rows'?"},
    {"pipeline {$rows}", "1:11",
     "there is no parameter, constant or extent 'rows'; the extents of the program are M, K, N"},
    {"param a in [1, 2] if a == 1\npipeline {}", "1:22",
     "cyclic condition: 'a' is there if 'a' says so"},
    {"param a in [1, 2] if b == 1\nparam b in [1] if a == 1\npipeline {}", "1:22",
     "cyclic condition: 'a' hangs on 'b', which is declared behind it; a condition knows the parameters before its own"},
    {"require a < 2\nparam a in [1, 2]\npipeline {}", "1:9",
     "'a' is declared further down; a name is known from there on"},
    {"param a in []\npipeline {}", "1:13", "unexpected ']'"},
    {"param a in [1, 2\nparam b in 4 .. 3\npipeline {}", "2:1",
     "unexpected 'param'; expected ']' or ','"},
    {"param a in 4 .. 3\npipeline {}", "1:12", "there is no value from 4 to 3"},
    {"param a in 1 .. 3 by 0\npipeline {}", "1:12", "a step is more than 0"},
    {"param a in 1 .. 3 by *1\npipeline {}", "1:12", "a factor is more than 1"},
    {"param a in 1 .. 65536\npipeline {}", "1:12", "a parameter has at most 65535 values"},
    {"param a in [1, 2, 1]\npipeline {}", "1:19", "'1' stands in the list already"},
    {"param a in [1, x]\npipeline {}", "1:16",
     "a list holds values of one type; this is a word, those before are not"},
    {"param a in [1]\nparam a in [2]\npipeline {}", "2:7", "'a' is a parameter already"},
    {"param M in [1]\npipeline {}", "1:7", "'M' is a figure of the program or the machine already"},
    {"param a in [1]\nparam c in 1 .. a\npipeline {}", "2:17",
     "a range cannot hang on a parameter, as 'a' is"},
    {"param w in [row, col]\nrequire w == rwo\npipeline {}", "2:14",
     "'w' is never 'rwo'; did you mean 'row'?"},
    {"param w in [row, col]\nrequire w < 3\npipeline {}", "2:9",
     "this is a word; a number is wanted here"},
    {"require 1\npipeline {}", "1:9", "this is a number; a condition is wanted here"},
    {"require log3(1) > 0\npipeline {}", "1:9",
     "there is no function 'log3'; did you mean 'log2'?"},
    {"require min(1) > 0\npipeline {}", "1:9", "'min' takes at least 2 numbers, not 1"},
    {"const a = 1 / 0\npipeline {}", "1:11",
     "this has no value: it divides by zero or passes the range of numbers"},
    {"param a in [1]", "1:14", "the space has no pipeline"},
    {"pipeline {}\npipeline {}", "2:1", "the space has a pipeline already"},
    {"pipeline {a, b{ }", "1:10", "the brace is not closed"},
    {"pipeline {a, 'b }", "1:18", "a quote of the pipeline is not closed"},
    {"pipeline {$if(true) b}", "1:21", "unexpected 'b'; expected '{'"},
    {"pipeline {$ a}", "1:11",
     "a hole is $NAME, ${NAME}, $(expression) or $if(condition){...}; a dollar alone is $$"},
    {"take most\npipeline {}", "1:6", "of the samples 'median' or 'least' is taken, not 'most'"},
    {"warmup 1.5\npipeline {}", "1:8", "a number of warm-up runs is an integer from 0 to 1000000"},
    {"tolerance -1\npipeline {}", "1:11", "a tolerance is at least 0"},
    /* no legal point */
    {"param a in 1 .. 9\nrequire a > 3\nrequire a % 5 == 0 \"fives\"\nrequire a < 5 \"small\"\npipeline {}",
     "4:1",
     "the space is empty: by this rule no point that the rules before it leave is legal: small"},
    {"param a in 1 .. 9\nrequire a > 9\npipeline {}", "2:1",
     "the space is empty: by this rule no point is legal"},
    /* no value where one is needed */
    {"param p in [true, false]\nparam n in [1, 2] if p\npipeline {a{$if(p){x=$n} y=$n}}", "3:28",
     "this is used where it has no value, at p=false"},
    {"param n in 0 .. 2\npipeline {a{$(4 // n)}}", "2:15",
     "this is used where it has no value, at n=0"},
    {"param n in 0 .. 2\npipeline {}\npower 1 / n", "3:7",
     "this is used where it has no value, at n=0"},
};

START_TEST(what_is_wrong_is_told_with_its_place) {
  unsigned line, column;
  char place[32];
  ck_assert_int_eq(ts_protect(ctx, domain_body, (void *)wrong[_i].text), TS_ERR);
  ck_assert_str_eq(ctx->first->message, wrong[_i].message);
  ts_source_position(ctx->first->source, ctx->first->loc.begin, &line, &column);
  snprintf(place, sizeof place, "%u:%u", line, column);
  ck_assert_str_eq(place, wrong[_i].place);
}
END_TEST

START_TEST(a_mistake_costs_one_item) {
  ck_assert_int_eq(read_space("param a in 1 .. ..\nrequire a +\nparam b = 3\nconst c = 2", "$c"),
                   TS_ERR);
  ck_assert_uint_eq(ctx->num_errors, 3);
}
END_TEST

START_TEST(a_constant_that_the_space_lacks_is_a_mistake_of_the_command_line) {
  const struct ts_tune_space_constant constants[] = {{"bass", 1}};
  setting.num_constants = 1;
  setting.constants = constants;
  ck_assert_int_eq(read_space("const base = 2", ""), TS_USAGE);
  ck_assert_str_eq(ctx->first->message, "the space has no constant 'bass'; did you mean 'base'?");
}
END_TEST

START_TEST(rules_that_hang_together_too_much_are_refused) {
  setting.most_nodes = 1000;
  ck_assert_int_eq(
      read_space("param a in 1 .. 5000\nparam b in 1 .. 5000\nrequire a * b % 7 == 3", ""),
      TS_LIMIT);
  ck_assert_uint_eq(ctx->num_errors, 1);
}
END_TEST

int main(void) {
  const TTest *const tests[] = {random_spaces_hold_what_brute_force_finds,
                                terms_and_power_are_told,
                                what_is_not_said_is_told_so,
                                parentheses_stay_where_they_decide,
                                a_mistake_costs_one_item,
                                a_constant_that_the_space_lacks_is_a_mistake_of_the_command_line,
                                rules_that_hang_together_too_much_are_refused};
  TCase *all = unit_case("tune space", ts_countof(tests), tests);
  tcase_add_loop_test(all, spaces_have_as_many_points_as_formulas_say, 0, ts_countof(counts));
  tcase_add_loop_test(all, what_is_printed_reads_and_prints_the_same, 0, ts_countof(counts));
  tcase_add_loop_test(all, a_point_fills_the_holes_of_the_pipeline, 0, ts_countof(pipelines));
  tcase_add_loop_test(all, what_is_wrong_is_told_with_its_place, 0, ts_countof(wrong));
  tcase_add_checked_fixture(all, open, close);
  return unit_run("tune space", all);
}
