/* Pipelines and the runner know no pass but those of the table that they are given: here it has two, one that
 * renames the first loop and a recipe that asks for the first. */
#include "pass/pass.h"
#include "unit.h"

typedef struct rename_options {
  const char *to;
} rename_options;

static ts_result rename_loop(ts_pass_ctx *pass, ts_module *m, const void *options) {
  const rename_options *o = options;
  ts_set_name(ts_for_parts(m->first_func->body->first).iv, ts_intern(&m->strings, o->to));
  pass->changed = true;
  return TS_OK;
}

static ts_result rename_twice(ts_pass_ctx *pass, ts_module *m, const void *options) {
  (void)options;
  return ts_pipeline_parse(m->ctx, pass->expansion, "rename{to=g},rename{to=h}");
}

static const ts_option rename_table[] = {
    {.name = "to", .kind = TS_OPT_STRING, .offset = 0, .otherwise = "f", .summary = "the new name"},
};
static const ts_rounding rename_roundings[] = {TS_ROUNDING_EXACT};
static const ts_pass_info rows[] = {
    {.flag = "rename",
     .fn = rename_loop,
     .level_in = TS_LEVEL_TL,
     .level_out = TS_LEVEL_TL,
     .summary = "renames",
     .example = "to=g",
     .options = TS_OPTIONS(rename_table, rename_options),
     .roundings = rename_roundings},
    {.flag = "twice",
     .fn = rename_twice,
     .level_in = TS_LEVEL_TL,
     .level_out = TS_LEVEL_TL,
     .recipe = true,
     .summary = "renames twice",
     .example = ""},
};
static const ts_pass_synonym_row synonyms[] = {{"call-it", "rename"}};
static const ts_pass_table table = {rows, ts_countof(rows), synonyms, ts_countof(synonyms)};

static ts_context *ctx;
static void set_up(void) { ctx = ts_context_create(); }
static void tear_down(void) { ts_context_destroy(ctx); }

/* The text that a sink holds, as long as the context lives. */
static const char *text_of(ts_sink *s) {
  const char *text = ts_strndup(&ctx->arena, s->buf, s->n);
  ts_sink_drop(s);
  return text;
}

START_TEST(finds_what_the_table_has) {
  ck_assert_ptr_eq(ts_pass_find(&table, "rename"), &rows[0]);
  ck_assert_ptr_null(ts_pass_find(&table, "lower"));
  ck_assert_str_eq(ts_pass_nearest(&table, "rname"), "rename");
  ck_assert_str_eq(ts_pass_nearest(&table, "call-it"), "rename");
}
END_TEST

START_TEST(prints_what_the_table_has) {
  ts_sink s;
  ts_sink_buffer(&s, &ctx->memory);
  ts_passes_print(&s, &table, false, false);
  ck_assert_str_eq(text_of(&s), "on tensor and loop functions:\n"
                                "  -rename             renames\n"
                                "      to=<text>              the new name (default f)\n"
                                "  -twice              renames twice\n");
}
END_TEST

START_TEST(refuses_what_the_table_lacks) {
  ts_pipeline p = {.table = &table};
  ck_assert_int_eq(ts_pipeline_parse(ctx, &p, "lower"), TS_USAGE);
  ck_assert_ptr_nonnull(
      strstr(ts_diagnostic_text(ctx, ctx->first), "there is no pass 'lower'; -print-passes"));
}
END_TEST

/* The steps of a recipe come from the table of its pipeline, too. */
static ts_result run_twice(void *module) {
  ts_pipeline p = {.table = &table}, ran = {0};
  ts_pass_runner runner;
  ts_pass_runner_init(&runner);
  runner.ran = &ran;
  ck_assert_int_eq(ts_pipeline_parse(ctx, &p, "twice"), TS_OK);
  ck_assert_int_eq(ts_run_pipeline(module, &p, &runner), TS_OK);
  ts_sink s;
  ts_sink_buffer(&s, &ctx->memory);
  ts_pipeline_print(&s, &ran, ",");
  ck_assert_str_eq(text_of(&s), "rename{to=g},rename{to=h}");
  return TS_OK;
}

START_TEST(runs_what_a_recipe_asks_for) {
  static const char text[] = "func @f() {\n  for %i = 0 to 4 {\n  }\n}\n";
  ts_module *m;
  ck_assert_int_eq(ts_module_parse(ctx, "t", text, strlen(text), &m), TS_OK);
  ck_assert_int_eq(ts_protect(ctx, run_twice, m), TS_OK);
  ck_assert_str_eq(ts_str_text(m, ts_for_parts(m->first_func->body->first).iv->name), "h");
  ts_module_destroy(m);
}
END_TEST

int main(void) {
  const TTest *const tests[] = {finds_what_the_table_has, prints_what_the_table_has,
                                refuses_what_the_table_lacks, runs_what_a_recipe_asks_for};
  TCase *all = unit_case("pass", ts_countof(tests), tests);
  tcase_add_checked_fixture(all, set_up, tear_down);
  return unit_run("pass", all);
}
