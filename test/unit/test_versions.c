/* Schedules of one function joined into one that chooses between them by an extent. */
#include "syntax/syntax.h"
#include "analysis/verify/verify.h"
#include "transforms/passes.h"
#include "transforms/rewrite/versions.h"
#include "unit.h"

static ts_context *ctx;

static void setup(void) { ctx = ts_context_create(); }
static void teardown(void) { ts_context_destroy(ctx); }

static ts_module *parse(const char *program) {
  ts_module *m;
  ts_source *source = ts_new(&ctx->arena, ts_source);
  char *text = ts_sprintf(&ctx->arena, "%s%c", program, 0);
  *source = (ts_source){.name = "t", .text = text, .n = strlen(text), .first_line = 1};
  ck_assert_int_eq(ts_parse_source(ctx, source, &m), TS_OK);
  ck_assert_int_eq(ts_verify(m), TS_OK);
  return m;
}

static ts_module *scheduled(const ts_module *program, const char *passes) {
  ts_pipeline pipeline = {.table = &ts_all_passes};
  ts_pass_runner runner;
  ts_pass_runner_init(&runner);
  ts_module *m = ts_module_clone(program);
  ck_assert_int_eq(ts_pipeline_parse(ctx, &pipeline, passes), TS_OK);
  ck_assert_int_eq(ts_run_pipeline(m, &pipeline, &runner), TS_OK);
  return m;
}

static const char *printed(ts_module *m) {
  ts_sink sink;
  ts_sink_buffer(&sink, NULL);
  ts_print_module(&sink, m);
  ck_assert_int_eq(ts_sink_finish(&sink), TS_OK);
  const char *text = ts_strdup(&ctx->arena, sink.buf);
  ts_sink_drop(&sink);
  return text;
}

/* The text, blank lines apart; it reads back as it is printed. */
static void check_text(ts_module *m, const char *want) {
  const char *text = printed(m);
  char *squeezed = ts_strdup(&ctx->arena, text), *to = squeezed;
  ck_assert_str_eq(printed(parse(text)), text);
  for (const char *at = text; *at; at++)
    if (at[0] != '\n' || at[1] != '\n') *to++ = *at;
  *to = 0;
  ck_assert_str_eq(squeezed, want);
}

/* @f of both, up to N = 4 and for more. */
static ts_result join(ts_module *few, ts_module *many, ts_module **out) {
  ts_func_version versions[] = {{few, 4, "// few\n"}, {many, 64, NULL}};
  ts_result result = ts_join_versions(ctx, "f", "N", 2, versions, out);
  ts_module_drop(few);
  ts_module_drop(many);
  return result;
}

/* The program after each of these pipelines reads, joined, so. */
static void check_joined(const char *program, const char *a, const char *b, const char *want) {
  ts_module *m = parse(program), *joined;
  ck_assert_int_eq(join(scheduled(m, a), scheduled(m, b), &joined), TS_OK);
  check_text(joined, want);
  ts_module_drop(joined);
  ts_module_drop(m);
}

#define COPY(from, to)                                                                             \
  "  for %i = 0 to N {\n    %a = load %" #from "[%i] : f32\n    store %a, %" #to "[%i]\n  }\n"
#define PARALLEL(from, to)                                                                         \
  "  for %i = 0 to N parallel {\n    %a = load %" #from "[%i] : f32\n    store %a, %" #to          \
  "[%i]\n  }\n"
#define ARGS "(%A: memref<Nxf32>, %B: out memref<Nxf32>)"
#define CHOICE                                                                                     \
  "  if N <= 4 {\n    call @f.N4(%A, %B)\n  } else {\n    call @f.N64(%A, %B)\n  }\n}\n"

START_TEST(the_extent_chooses) {
  check_joined("// The file.\n\n// Copies.\nfunc @f" ARGS " {\n" COPY(A, B) "}\n", "dce",
               "parallel{i}",
               "// The file.\n// few\nfunc @f.N4" ARGS
               " {\n" COPY(A, B) "}\nfunc @f.N64" ARGS
                                 " {\n" PARALLEL(A, B) "}\n// Copies.\nfunc @f" ARGS " {\n" CHOICE);
}
END_TEST

START_TEST(what_versions_call_is_theirs) {
  check_joined("func @g" ARGS " {\n" COPY(A, B) "}\nfunc @f" ARGS " {\n  call @g(%A, %B)\n}\n",
               "dce", "parallel{i func=g}",
               "func @g" ARGS
               " {\n" COPY(A, B) "}\n// few\nfunc @f.N4" ARGS
                                 " {\n  call @g(%A, %B)\n}\nfunc @g.N64" ARGS
                                 " {\n" PARALLEL(A, B) "}\nfunc @f.N64" ARGS
                                                       " {\n  call @g.N64(%A, %B)\n}\nfunc @f" ARGS
                                                       " {\n" CHOICE);
}
END_TEST

#define READS(name)                                                                                \
  "  %c = get_global @" #name " : memref<1xf32>\n  %d = load %c[0] : f32\n  store %d, %B[0]\n"

#define GLOBAL(name, value) "global @" #name " : memref<1xf32> = " #value "\n"
#define FUNC(name, global) "func @" #name ARGS " {\n" READS(global) "}\n"

START_TEST(constants_are_shared_where_they_are_the_same) {
  const char *few = GLOBAL(v, 1.0) GLOBAL(w, 0.5) FUNC(f, w), *many = GLOBAL(w, 0.25) FUNC(f, w);
  check_joined(few, "dce", "dce",
               GLOBAL(v, 1.0) GLOBAL(w, 0.5) "// few\n" FUNC(f.N4, w) FUNC(f.N64, w) "func @f" ARGS
                                                                                     " {\n" CHOICE);
  ts_module *joined;
  ck_assert_int_eq(join(parse(few), parse(many), &joined), TS_OK);
  check_text(joined, GLOBAL(v, 1.0) GLOBAL(w, 0.5) GLOBAL(w.N64, 0.25) "// few\n" FUNC(f.N4, w)
                         FUNC(f.N64, w.N64) "func @f" ARGS " {\n" CHOICE);
  ts_module_drop(joined);
}
END_TEST

START_TEST(names_that_are_taken_are_left) {
  check_joined(
      "func @f" ARGS " {\n" COPY(A, B) "}\nfunc @f.N64" ARGS " {\n" COPY(A, B) "}\n", "dce", "dce",
      "// few\nfunc @f.N4" ARGS
      " {\n" COPY(A, B) "}\nfunc @f.N64" ARGS " {\n" COPY(A, B) "}\nfunc @f.N64_1" ARGS " {\n" COPY(
          A,
          B) "}\nfunc @f" ARGS
             " {\n  if N <= 4 {\n    call @f.N4(%A, %B)\n  } else {\n    call @f.N64_1(%A, %B)\n  }\n}\n");
}
END_TEST

START_TEST(one_version_needs_no_choice) {
  ts_module *m = parse("// Copies.\n\n// And that is it.\nfunc @f" ARGS " {\n" COPY(A, B) "}\n"),
            *joined;
  ts_func_version version = {m, 4, "// any\n"};
  ck_assert_int_eq(ts_join_versions(ctx, "f", "N", 1, &version, &joined), TS_OK);
  check_text(joined,
             "// Copies.\n// any\n// And that is it.\nfunc @f" ARGS " {\n" COPY(A, B) "}\n");
}
END_TEST

START_TEST(tensors_do_not_choose) {
  ts_module *joined;
  ts_module *m = parse("func @f(%X: tensor<Nxf32>) -> tensor<Nxf32> {\n  return %X\n}\n");
  ck_assert_int_eq(join(scheduled(m, "lower"), m, &joined), TS_ERR);
  ck_assert_ptr_nonnull(strstr(ctx->last->message, "@f is a tensor function after its pipeline"));
}
END_TEST

int main(void) {
  const TTest *const tests[] = {the_extent_chooses,
                                what_versions_call_is_theirs,
                                constants_are_shared_where_they_are_the_same,
                                names_that_are_taken_are_left,
                                one_version_needs_no_choice,
                                tensors_do_not_choose};
  TCase *all = unit_case("versions", ts_countof(tests), tests);
  tcase_add_checked_fixture(all, setup, teardown);
  return unit_run("versions", all);
}
