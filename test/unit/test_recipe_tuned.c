/* -recipe=tuned: of what the records have for a program and a machine the quickest, and the recipe cpu where they have
 * nothing. The store is made here, with trials whose pipelines nobody would choose. */
#include <unistd.h>

#include "syntax/fingerprint.h"
#include "syntax/syntax.h"
#include "target/target.h"
#include "transforms/passes.h"
#include "records/store.h"
#include "unit.h"

#define PRODUCT(name)                                                                              \
  "func @" name "(%X: tensor<32x48xf32>, %W: tensor<48x16xf32>) -> tensor<32x16xf32> {\n"          \
  "  %0 = matmul %X, %W\n  return %0\n}\n"

enum { THREADS = 2 };

typedef struct place {
  char path[64];
  ts_context *ctx;
  ts_arena arena;
  ts_target machine;
} place;

static place make_place(void) {
  place p = {.path = "/tmp/ts-tuned-XXXXXX", .ctx = ts_context_create()};
  int file = mkstemp(p.path);
  ck_assert_int_ge(file, 0);
  close(file);
  unlink(p.path);
  ts_arena_init(&p.arena, &p.ctx->memory);
  ck_assert_int_eq(ts_target_find(p.ctx, "native", &p.machine), TS_OK);
  return p;
}

static void drop_place(place *p) {
  unlink(p->path);
  ts_arena_drop(&p->arena);
  ts_context_destroy(p->ctx);
}

static ts_module *parse(place *p, const char *program) {
  ts_module *m;
  char *text = ts_sprintf(&p->ctx->arena, "%s%c", program, 0);
  ts_source *source = ts_new(&p->ctx->arena, ts_source);
  *source = (ts_source){.name = "t", .text = text, .n = strlen(text), .first_line = 1};
  ck_assert_int_eq(ts_parse_source(p->ctx, source, &m), TS_OK);
  return m;
}

/* Runs the pipeline; what ran, with the recipe's steps in its place. */
static const char *run(place *p, ts_module *m, const char *text) {
  ts_pipeline pipeline = {.table = &ts_all_passes}, ran = {0};
  ts_pass_runner runner;
  ts_sink s;
  ts_pass_runner_init(&runner);
  runner.ran = &ran;
  ck_assert_int_eq(ts_pipeline_parse(p->ctx, &pipeline, text), TS_OK);
  ck_assert_int_eq(ts_run_pipeline(m, &pipeline, &runner), TS_OK);
  ts_sink_buffer(&s, &p->ctx->memory);
  ts_pipeline_print(&s, &ran, ",");
  ck_assert_int_eq(ts_sink_finish(&s), TS_OK);
  text = ts_strndup(&p->arena, s.buf, s.n);
  ts_sink_drop(&s);
  return text;
}

static const char *tuned(place *p, unsigned threads) {
  return ts_sprintf(&p->arena, "recipe{tuned db='%s' threads=%u}", p->path, threads);
}

static const char *print_of(place *p, ts_module *m, const char *name) {
  char *hex = ts_arena_alloc(&p->arena, TS_DIGEST_HEX);
  const ts_func *f = ts_func_find(m, ts_intern(&m->strings, name));
  ck_assert_int_eq(ts_func_fingerprint(f, hex), TS_OK);
  return hex;
}

static void keep(place *p, ts_session_store *session, ts_verdict verdict, double ms,
                 const char *pipeline) {
  ts_trial t = {.parameters = ts_sprintf(&p->arena, "ms=%g", ms),
                .pipeline = pipeline,
                .verdict = verdict,
                .ms = {ms, ms, ms}};
  ck_assert_int_eq(ts_session_keep(session, &t), TS_OK);
}

/* Keeps three trials of @f of this program, the quickest of which is wrong. */
static void fill(place *p, const char *program, const char *quick) {
  ts_store *store;
  ts_session_store *session;
  ts_module *m = parse(p, program);
  const char *tensors = print_of(p, m, "f");
  run(p, m, "fuse,lower{acc=f32}");
  ts_session_key key = {.program = tensors,
                        .loops = print_of(p, m, "f"),
                        .loop_steps = 2,
                        .function = "f",
                        .shape = "",
                        .space = "",
                        .target = ts_target_text(&p->arena, &p->machine, THREADS),
                        .versions = "",
                        .engine = "native",
                        .measure = ""};
  ck_assert_int_eq(ts_store_open(p->ctx, p->path, TS_STORE_WRITE, &store), TS_OK);
  ck_assert_int_eq(ts_store_session(store, &p->arena, &key, &session), TS_OK);
  keep(p, session, TS_VERDICT_OK, 5, "fuse,lower{acc=f32},split{i=4}");
  keep(p, session, TS_VERDICT_OK, 3, quick);
  keep(p, session, TS_VERDICT_WRONG, 1, "fuse,lower{acc=f32},split{i=16}");
  ts_store_close(store);
}

static unsigned count(const ts_context *ctx, ts_severity severity, const char *words) {
  unsigned n = 0;
  for (const ts_diag *d = ctx->first; d; d = d->next)
    n += d->severity == severity && strstr(d->message, words);
  return n;
}

START_TEST(the_quickest_that_is_right_is_taken) {
  place p = make_place();
  fill(&p, PRODUCT("f"), "fuse,lower{acc=f32},split{i=8},promote");
  const char *ran = run(&p, parse(&p, PRODUCT("f")), tuned(&p, THREADS));
  ck_assert_str_eq(ran, "fuse,lower{acc=f32},split{i=8},promote");
  ck_assert_uint_eq(count(p.ctx, TS_SEV_REMARK, "the best schedule that was kept of @f"), 1);
  drop_place(&p);
}
END_TEST

START_TEST(loops_are_known_as_well_as_tensors) {
  place p = make_place();
  fill(&p, PRODUCT("f"), "fuse,lower{acc=f32},split{i=8},promote");
  const char *text = ts_sprintf(&p.arena, "fuse,lower{acc=f32},%s", tuned(&p, THREADS));
  const char *ran = run(&p, parse(&p, PRODUCT("f")), text);
  ck_assert_str_eq(ran, "fuse,lower{acc=f32},split{i=8},promote");
  drop_place(&p);
}
END_TEST

START_TEST(of_several_functions_each_has_its_own) {
  place p = make_place();
  fill(&p, PRODUCT("f"), "fuse,lower{acc=f32},split{i=8},promote");
  const char *ran = run(&p, parse(&p, PRODUCT("g") PRODUCT("f")), tuned(&p, THREADS));
  ck_assert_ptr_nonnull(strstr(ran, "fuse,lower{acc=f32},"));
  ck_assert_ptr_nonnull(strstr(ran, "split{i=8 func=f},promote{func=f}"));
  ck_assert_ptr_nonnull(strstr(ran, "promote{func=g}"));
  ck_assert_uint_eq(count(p.ctx, TS_SEV_REMARK, "no schedule is kept of @g"), 1);
  drop_place(&p);
}
END_TEST

/* Other threads, another program, and no store at all. */
START_TEST(without_a_record_the_recipe_is_taken) {
  place p = make_place();
  const char *cpu = run(&p, parse(&p, PRODUCT("f")), "fuse,lower,recipe{cpu threads=3}");
  ck_assert_str_eq(run(&p, parse(&p, PRODUCT("f")), tuned(&p, 3)), cpu);
  ck_assert_uint_eq(count(p.ctx, TS_SEV_WARNING, "cannot open the store of trials"), 1);
  fill(&p, PRODUCT("f"), "fuse,lower{acc=f32},split{i=8},promote");
  ck_assert_str_eq(run(&p, parse(&p, PRODUCT("f")), tuned(&p, 3)), cpu);
  ck_assert_str_eq(run(&p, parse(&p, PRODUCT("h")), tuned(&p, 3)), cpu);
  ck_assert_uint_eq(count(p.ctx, TS_SEV_REMARK, "no schedule is kept of @"), 3);
  drop_place(&p);
}
END_TEST

START_TEST(a_record_that_cannot_be_read_is_a_warning) {
  place p = make_place();
  fill(&p, PRODUCT("f"), "fuse,lower{acc=f32},spilt{i=8}");
  const char *cpu = run(&p, parse(&p, PRODUCT("f")), "fuse,lower,recipe{cpu threads=2}");
  ck_assert_str_eq(run(&p, parse(&p, PRODUCT("f")), tuned(&p, THREADS)), cpu);
  ck_assert_uint_ge(count(p.ctx, TS_SEV_WARNING, "there is no pass 'spilt'"), 1);
  drop_place(&p);
}
END_TEST

UNIT_MAIN("recipe_tuned", the_quickest_that_is_right_is_taken, loops_are_known_as_well_as_tensors,
          of_several_functions_each_has_its_own, without_a_record_the_recipe_is_taken,
          a_record_that_cannot_be_read_is_a_warning)
