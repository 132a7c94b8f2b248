/* Reading a space: what the items of a file say. */
#include <math.h>

#include "support/spelling.h"
#include "space_parser.h"
#include "tune/space/space_impl.h"

#define YYSTYPE TS_SPACE_TEXT_STYPE
#define YYLTYPE TS_SPACE_TEXT_LTYPE
#include "space_lexer.h"

/* ---- the pipeline ---- */

ts_space_template *ts_space_add_piece(ts_space_reader *r, ts_space_template *t,
                                      ts_space_piece piece) {
  if (!t) t = ts_new(r->arena, ts_space_template);
  if (piece.kind == TS_SPACE_HOLE) ts_space_demand(r, (ts_space_expr *)piece.expr, TS_SPACE_ANY);
  if (piece.kind == TS_SPACE_CASE) ts_space_demand(r, (ts_space_expr *)piece.expr, TS_SPACE_TRUTH);
  ts_push(r->arena, &t->at, piece);
  return t;
}

/* ---- items ---- */

/* Notes the item, the `at`-th of its kind. */
static void add_item(ts_space_reader *r, ts_space_item_kind kind, size_t at, ts_loc loc) {
  ts_push(r->arena, &r->space->items, (ts_space_item){kind, at, loc});
}

/* For what may stand there once: false after a report that it does already. */
static bool add_single(ts_space_reader *r, ts_space_item_kind kind, const char *what, ts_loc loc) {
  for (size_t i = 0; i < r->space->items.n; i++) {
    if (r->space->items.at[i].kind != kind) continue;
    ts_error(r->ctx, loc, "the space has %s already", what);
    ts_note(r->ctx, r->space->items.at[i].loc, "by this");
    return false;
  }
  add_item(r, kind, 0, loc);
  return true;
}

void ts_space_read_name(ts_space_reader *r, ts_space_named n, ts_loc loc) {
  if (add_single(r, TS_SPACE_ITEM_NAME, "a name", loc)) r->space->name = n.name;
}

static void check_new_name(ts_space_reader *r, ts_space_named n) {
  const char *what = ts_space_what_is(r, n.name);
  if (what) ts_error(r->ctx, n.loc, "'%s' is %s already", n.name, what);
}

static const struct ts_tune_space_constant *find_setting(const ts_space_reader *r,
                                                         const char *name) {
  for (unsigned i = 0; i < r->setting->num_constants; i++)
    if (!strcmp(r->setting->constants[i].name, name)) return &r->setting->constants[i];
  return NULL;
}

/* The value of an expression without parameters that is a number of at least `least`. */
static bool read_number(ts_space_reader *r, ts_space_expr *e, const char *what, double least,
                        double *out) {
  if (!ts_space_demand(r, e, TS_SPACE_NUMBER)) return false;
  ts_space_range v = ts_space_fixed(r, e, what);
  if (!ts_space_has_value(&v)) return false;
  *out = v.lo;
  if (v.lo >= least) return true;
  ts_error(r->ctx, e->loc, "%s is at least %s", what, ts_space_number_text(r->arena, least));
  return false;
}

void ts_space_read_constant(ts_space_reader *r, ts_space_named n, ts_space_expr *e, ts_loc loc) {
  ts_space_constant c = {n.name, n.loc, 1};
  check_new_name(r, n);
  (void)read_number(r, e, "a constant", -HUGE_VAL, &c.value);
  if (find_setting(r, n.name)) c.value = find_setting(r, n.name)->value;
  add_item(r, TS_SPACE_ITEM_CONSTANT, r->space->constants.n, loc);
  ts_push(r->arena, &r->space->constants, c);
}

void ts_space_read_parameter(ts_space_reader *r, ts_space_named n, ts_space_values values,
                             ts_space_expr *condition, ts_loc loc) {
  ts_tune_space *s = r->space;
  ts_space_parameter p = {
      .loc = loc, .known.name = n.name, .written = values, .condition = condition};
  check_new_name(r, n);
  if (s->parameters.n == TS_MAX_PARAMETERS)
    ts_error(r->ctx, loc, "a space has at most %d parameters", TS_MAX_PARAMETERS);
  (void)ts_space_list_values(r, &values, &p);
  if (condition) ts_space_demand(r, condition, TS_SPACE_TRUTH);
  for (size_t i = 0; condition && i < r->strangers.n; i++)
    if (r->strangers.at[i].expr->loc.begin >= condition->loc.begin)
      r->strangers.at[i].condition_of = s->parameters.n;
  add_item(r, TS_SPACE_ITEM_PARAMETER, s->parameters.n, loc);
  ts_push(r->arena, &s->parameters, p);
}

void ts_space_read_rule(ts_space_reader *r, ts_space_expr *e, const char *why, ts_loc loc) {
  ts_space_demand(r, e, TS_SPACE_TRUTH);
  add_item(r, TS_SPACE_ITEM_RULE, r->space->rules.n, loc);
  ts_push(r->arena, &r->space->rules, (ts_space_rule){loc, e, why});
}

void ts_space_read_pipeline(ts_space_reader *r, ts_space_template *t, ts_loc inside, ts_loc loc) {
  if (!add_single(r, TS_SPACE_ITEM_PIPELINE, "a pipeline", loc)) return;
  r->space->pipeline = t;
  r->space->pipeline_text = inside;
}

void ts_space_read_power(ts_space_reader *r, ts_space_expr *e, ts_loc loc) {
  ts_space_demand(r, e, TS_SPACE_NUMBER);
  if (!add_single(r, TS_SPACE_ITEM_POWER, "a power", loc)) return;
  r->space->power = e;
  r->space->terms.has_power = true;
}

void ts_space_read_tolerance(ts_space_reader *r, ts_space_expr *e, ts_loc loc) {
  if (add_single(r, TS_SPACE_ITEM_TOLERANCE, "a tolerance", loc))
    (void)read_number(r, e, "a tolerance", 0, &r->space->terms.tolerance);
}

void ts_space_read_warmup(ts_space_reader *r, ts_space_expr *e, ts_loc loc) {
  enum { MOST = 1000000 };
  double n = 0;
  if (!add_single(r, TS_SPACE_ITEM_WARMUP, "a number of warm-up runs", loc)) return;
  if (!read_number(r, e, "a number of warm-up runs", 0, &n)) return;
  if (n > MOST || n != (int)n)
    ts_error(r->ctx, e->loc, "a number of warm-up runs is an integer from 0 to %d", MOST);
  else
    r->space->terms.warmups = (int)n;
}

void ts_space_read_take(ts_space_reader *r, ts_space_named n, ts_loc loc) {
  if (!add_single(r, TS_SPACE_ITEM_TAKE, "a way to take times", loc)) return;
  if (!strcmp(n.name, "least"))
    r->space->terms.take = TS_TAKE_LEAST;
  else if (strcmp(n.name, "median") != 0)
    ts_error(r->ctx, n.loc, "of the samples 'median' or 'least' is taken, not '%s'", n.name);
}

/* ---- syntax errors ---- */

/* More than a few say nothing. */
enum { MOST_LISTED = 5 };

void ts_space_unexpected(ts_space_reader *r, ts_loc loc, bool at_end, int n,
                         const char *const *expected) {
  r->recovering = true;
  r->surprise = loc;
  if (at_end && r->depth) return; /* the scanner has said what is still open */
  const char *list = "";
  for (int i = 0; n <= MOST_LISTED && i < n; i++)
    list = ts_sprintf(r->arena, "%s%s%s", list,
                      i == 0      ? "; expected "
                      : i + 1 < n ? ", "
                                  : " or ",
                      expected[i]);
  if (at_end)
    ts_error(r->ctx, loc, "the file ends here%s", list);
  else
    ts_error(r->ctx, loc, "unexpected '%s'%s",
             ts_strndup(r->arena, r->base + loc.begin, loc.end - loc.begin), list);
}

/* ---- the whole ---- */

static ts_result check_setting(ts_space_reader *r) {
  ts_tune_space *s = r->space;
  for (unsigned i = 0; i < r->setting->num_constants; i++) {
    const char *name = r->setting->constants[i].name;
    ts_nearest near = ts_nearest_to(name);
    size_t at = 0;
    for (; at < s->constants.n && strcmp(s->constants.at[at].name, name) != 0; at++)
      ts_nearest_offer(&near, s->constants.at[at].name);
    if (at < s->constants.n) continue;
    ts_error_plain(r->ctx, "the space has no constant '%s'%s%s%s", name,
                   near.best ? "; did you mean '" : "", near.best ? near.best : "",
                   near.best ? "'?" : "");
    return TS_USAGE;
  }
  return TS_OK;
}

typedef struct parse_call {
  ts_space_reader reader;
  ts_tune_space **out;
} parse_call;

static ts_result parse_body(void *arg) {
  parse_call *c = arg;
  ts_space_reader *r = &c->reader;
  void *scanner;
  unsigned errors_before = r->ctx->num_errors;
  char *text = ts_strndup(&r->scratch, r->space->source->text, r->space->source->n);
  r->base = text;
  r->n = (uint32_t)r->space->source->n;
  ts_space_text_lex_init_extra(r, &scanner);
  if (!ts_space_text__scan_buffer(text, r->n + 2, scanner))
    ts_unreachable("a source that does not end in two NUL bytes");
  bool failed = ts_space_text_parse(scanner, r) != 0;
  ts_space_report_strangers(r);
  if (failed || r->ctx->num_errors != errors_before) return TS_ERR;
  if (!r->space->pipeline_text.end)
    return ts_error(r->ctx, ts_loc_at(r->n ? r->n - 1 : 0), "the space has no pipeline");
  ts_result result = check_setting(r);
  if (result == TS_OK) *c->out = r->space;
  return result;
}

static void parse_cleanup(void *arg) { ts_arena_drop(&((parse_call *)arg)->reader.scratch); }

typedef struct open_call {
  ts_context *ctx;
  ts_arena *arena;
  const ts_source *source;
  const ts_tune_space_setting *setting;
  ts_tune_space **out;
} open_call;

static ts_result open_body(void *arg) {
  open_call *o = arg;
  parse_call c = {.reader = {.ctx = o->ctx, .arena = o->arena, .setting = o->setting},
                  .out = o->out};
  ts_tune_space *s = c.reader.space = ts_new(o->arena, ts_tune_space);
  s->source = o->source;
  s->name = "unnamed";
  s->terms = (ts_tune_space_terms){.tolerance = -1, .warmups = -1};
  s->most_nodes = o->setting->most_nodes;
  ts_arena_init(&c.reader.scratch, &o->ctx->memory);
  ts_ptrmap_init(&c.reader.words, &c.reader.scratch);
  return ts_protect_cleanup(o->ctx, parse_body, parse_cleanup, &c);
}

ts_result ts_tune_space_parse(ts_context *ctx, ts_arena *arena, const ts_source *source,
                              const ts_tune_space_setting *setting, ts_tune_space **out) {
  *out = NULL;
  if (source->n > 1u << 30) return ts_error_plain(ctx, "%s is larger than 1 GiB", source->name);
  open_call o = {ctx, arena, source, setting, out};
  return ts_protect_about(ctx, source, open_body, &o);
}

const char *ts_tune_space_name(const ts_tune_space *s) { return s->name; }
ts_tune_space_terms ts_tune_space_terms_of(const ts_tune_space *s) { return s->terms; }
