/* The table of engines, and engines as text: names, families and options. */
#include "engine/native/native_impl.h"
#include "unit.h"

typedef struct reading {
  ts_context *ctx;
  ts_engine_options options;
  const char *name;
  ts_result result;
} reading;

static reading read_text(const char *text) {
  reading r = {.ctx = ts_context_create()};
  ts_engine_options_init(&r.ctx->arena, &r.options);
  r.result = ts_engine_read(r.ctx, text, &r.options, &r.name);
  return r;
}

static const ts_native_options *native_of(const reading *r) {
  return ts_engine_options_of(&r->options, &ts_engine_native);
}

START_TEST(a_name_alone_leaves_the_defaults) {
  reading r = read_text("native");
  ck_assert_int_eq(r.result, TS_OK);
  ck_assert_str_eq(r.name, "native");
  const ts_native_options *o = native_of(&r);
  ck_assert_ptr_null(o->cc);
  ck_assert_ptr_null(o->cache_dir);
  ck_assert_double_eq(o->compile_timeout, 60);
  ck_assert(!o->no_cache);
  ts_context_destroy(r.ctx);
}
END_TEST

START_TEST(options_stand_in_braces) {
  reading r = read_text(
      " native { cc=clang, cache_dir='/tmp/a b' cache_size=64M compile_timeout=500ms,no_cache } ");
  ck_assert_int_eq(r.result, TS_OK);
  const ts_native_options *o = native_of(&r);
  ck_assert_str_eq(o->cc, "clang");
  ck_assert_str_eq(o->cache_dir, "/tmp/a b");
  ck_assert_uint_eq(o->cache_size, 64 << 20);
  ck_assert_double_eq(o->compile_timeout, 0.5);
  ck_assert(o->no_cache);
  ck_assert_ptr_null(o->target_cpu);
  ts_context_destroy(r.ctx);
}
END_TEST

/* Texts, and how the message begins. */
static const struct {
  const char *text, *message;
} wrong[] = {
    {"", "expected an engine, found the end"},
    {"gpu", "this build has no engine 'gpu'; engines: interp, tensor, maps, loop, native"},
    {"native{zz=1}", "engine 'native' has no option 'zz'; it has cc, target_cpu, "},
    {"native{cach_dir=x}", "engine 'native' has no option 'cach_dir'; did you mean 'cache_dir'?"},
    {"native{cache_size=much}",
     "option 'cache_size' of engine 'native' wants a size in bytes, such as 64M or 2GiB, "
     "not 'much'"},
    {"native{compile_timeout=0s}",
     "option 'compile_timeout' of engine 'native' wants a time such as 60s, 500ms or 2m, "
     "not '0s'"},
    {"native{cc=clang", "this '{' is not closed"},
    {"native{} then", "expected the end of the engine's options, found 't'"},
    {"loop{threads=2}", "engine 'loop' takes no options, given 'threads'"},
    {"interp{cc=gcc}", "engine 'interp' takes no options, given 'cc'"},
};

START_TEST(what_is_wrong_is_said) {
  reading r = read_text(wrong[_i].text);
  ck_assert_int_eq(r.result, TS_USAGE);
  const char *message = r.ctx->first->message, *begin = wrong[_i].message;
  ck_assert_msg(strncmp(message, begin, strlen(begin)) == 0, "%s", message);
  ts_context_destroy(r.ctx);
}
END_TEST

START_TEST(a_family_is_chosen_from_by_level) {
  static const char text[] =
      "func @t(%X: tensor<2xf32>) -> tensor<2xf32> {\n  return %X\n}\n"
      "func @l(%Y: out memref<2xf32>) {\n  store 0.0, %Y[0]\n  store 0.0, %Y[1]\n}\n";
  ts_context *ctx = ts_context_create();
  ts_module *m;
  ck_assert_int_eq(ts_module_parse(ctx, "t", text, sizeof text - 1, &m), TS_OK);
  ck_assert_ptr_eq(ts_engine_find("interp", m->first_func), &ts_engine_tensor);
  ck_assert_ptr_eq(ts_engine_find("interp", m->last_func), &ts_engine_loop);
  ck_assert_ptr_eq(ts_engine_find("loop", m->first_func), &ts_engine_loop);
  ck_assert_ptr_null(ts_engine_find("interp", NULL));
  ts_module_destroy(m);
  ts_context_destroy(ctx);
}
END_TEST

/* As a program meets it that the pipeline of the row did not take apart. */
START_TEST(maps_says_what_it_cannot_run) {
  static const char text[] =
      "func @f(%X: tensor<2xf32>) -> tensor<2xf32> {\n  %y = softmax %X\n  return %y\n}\n";
  ts_context *ctx = ts_context_create();
  ts_module *m;
  void *compiled;
  float data[2][2] = {{0}};
  ts_array arrays[] = {{TS_F32, 1, {2}, data[0], false}, {TS_F32, 1, {2}, data[1], false}};
  ck_assert_int_eq(ts_module_parse(ctx, "t", text, sizeof text - 1, &m), TS_OK);
  ts_run_args args = {.func = m->first_func, .arrays = arrays};
  ck_assert_int_eq(ts_engine_maps.prepare(ctx, m, m->first_func, NULL, &compiled), TS_OK);
  ck_assert_int_eq(ts_engine_maps.run(ctx, compiled, &args), TS_ERR);
  ts_engine_maps.release(ctx, compiled);
  ck_assert_str_eq(ctx->first->message, "engine 'maps' has no rule for `softmax`; "
                                        "-decompose=ops=softmax makes ops of it that it runs");
  ck_assert(strncmp(text + ctx->first->loc.begin, "%y = softmax", 12) == 0);
  ts_module_destroy(m);
  ts_context_destroy(ctx);
}
END_TEST

/* What a listing or a page of the API shows for each. */
START_TEST(every_row_is_complete) {
  const ts_engine *e = ts_engines[_i];
  ck_assert_ptr_eq(ts_engine_find(e->name, NULL), e);
  ck_assert(!e->family || ts_engine_known(e->family));
  ck_assert(*e->summary && e->levels);
  ck_assert(e->prepare && e->run && e->release);
  ck_assert_int_eq(e->options.n > 0, e->options_heading != NULL);
  for (unsigned i = 0; i < e->options.n; i++)
    ck_assert(*e->options.at[i].summary);
}
END_TEST

int main(void) {
  const TTest *const tests[] = {a_name_alone_leaves_the_defaults, options_stand_in_braces,
                                a_family_is_chosen_from_by_level, maps_says_what_it_cannot_run};
  TCase *all = unit_case("engine", ts_countof(tests), tests);
  tcase_add_loop_test(all, what_is_wrong_is_said, 0, (int)ts_countof(wrong));
  tcase_add_loop_test(all, every_row_is_complete, 0, TS_NUM_ENGINES);
  return unit_run("engine", all);
}
