/* Files of other tuners, and trials as such files: what is in each stands in the test. */
#include <math.h>
#include <zlib.h>

#include "records/recorded.h"
#include "unit.h"

typedef struct file {
  ts_context *ctx;
  ts_arena arena;
  ts_recorded r;
  ts_result result;
} file;

static file *file_read(const char *name, const void *bytes, size_t n) {
  file *f = calloc(1, sizeof *f);
  f->ctx = ts_context_create();
  ts_arena_init(&f->arena, &f->ctx->memory);
  f->result = ts_recorded_read_bytes(f->ctx, &f->arena, name, bytes, n, &f->r);
  return f;
}

static file *text_read(const char *text) { return file_read("a.json", text, strlen(text)); }

static void file_close(file *f) {
  ts_arena_drop(&f->arena);
  ts_context_clear_diagnostics(f->ctx);
  ck_assert_uint_eq(ts_context_memory_used(f->ctx), 0);
  ts_context_destroy(f->ctx);
  free(f);
}

static void refused(const char *text, const char *message) {
  file *f = text_read(text);
  ck_assert_int_eq(f->result, TS_ERR);
  ck_assert_str_eq(f->ctx->first->message, message);
  file_close(f);
}

/* A parameter as "name: values", numbers or words. */
static void has_parameter(const file *f, unsigned i, const char *wanted, bool numbers) {
  const ts_parameter *p = &f->r.parameters[i];
  char text[200];
  int n = snprintf(text, sizeof text, "%s:", p->name);
  for (unsigned k = 0; k < p->n; k++)
    n += snprintf(text + n, sizeof text - (size_t)n, " %s", p->texts[k]);
  ck_assert_str_eq(text, wanted);
  ck_assert_int_eq(p->numbers != NULL, numbers);
}

static void has_trial(const file *f, size_t row, const char *parameters, const char *verdict,
                      double ms) {
  const ts_trial *t = &f->r.trials[row];
  ck_assert_str_eq(t->parameters, parameters);
  ck_assert_str_eq(ts_verdict_word(t->verdict), verdict);
  ck_assert_double_eq(t->ms.value, ms);
}

/* ---- T4 ---- */

#define T4_RESULT(configuration, times, invalidity, value)                                         \
  "{\"configuration\": {" configuration "}, \"times\": {" times "}, \"invalidity\": \"" invalidity \
  "\", \"correctness\": 1, "                                                                       \
  "\"measurements\": [{\"name\": \"time\", \"value\": " value                                      \
  ", \"unit\": \"\"}], \"objectives\": [\"time\"]}"
#define T4_FILE(unit, results)                                                                     \
  "{\"metadata\": {\"timeunit\": \"" unit "\"}, \"schema_version\": \"1.0.0\", "                   \
  "\"results\": [" results "]}"

START_TEST(t4_gives_sorted_values_of_the_parameters_that_vary) {
  file *f = text_read(T4_FILE(
      "miliseconds",
      T4_RESULT(
          "\"x\": 16, \"c\": 1, \"w\": \"b\", \"y\": 2.5",
          "\"compilation\": 800, \"runtimes\": [4, 6]", "correct",
          "5") "," T4_RESULT("\"x\": 8, \"c\": 1, \"w\": \"a\", \"y\": 2.5", "", "compile",
                             "\"CompilationFailedConfig\"") "," T4_RESULT("\"x\": 128, \"c\": 1, \"w\": \"a\", \"y\": 0.5",
                                                                          "", "correct", "7")));
  ck_assert_int_eq(f->result, TS_OK);
  ck_assert_str_eq(f->r.name, "a");
  ck_assert_str_eq(f->r.objective, "time");
  ck_assert_uint_eq(f->r.num_parameters, 3);
  has_parameter(f, 0, "x: 8 16 128", true);
  has_parameter(f, 1, "w: a b", false);
  has_parameter(f, 2, "y: 0.5 2.5", true);
  ck_assert_uint_eq(f->r.num_rows, 3);
  const ts_choice choices[] = {1, 1, 1, 0, 0, 1, 2, 0, 0};
  ck_assert_mem_eq(f->r.choices, choices, sizeof choices);
  has_trial(f, 0, "x=16 w=b y=2.5", "ok", 5);
  has_trial(f, 1, "x=8 w=a y=2.5", "compile", 0);
  ck_assert_uint_eq(f->r.trials[0].num_samples, 2);
  ck_assert_double_eq(f->r.trials[0].samples[1], 6);
  ck_assert_double_eq(f->r.trials[0].compile_seconds, 0.8);
  file_close(f);
}
END_TEST

START_TEST(t4_tells_failures_by_invalidity_and_never_by_times_that_are_there) {
  file *f = text_read(T4_FILE(
      "milliseconds",
      T4_RESULT("\"x\": 1", "\"runtimes\": [1, 1]", "runtime", "1") "," T4_RESULT("\"x\": 2", "\"runtimes\": []", "timeout", "\"RuntimeFailedConfig\"") "," T4_RESULT(
          "\"x\": 3", "\"compilation_time\": 1500", "constraints",
          "\"InvalidConfig\"") "," T4_RESULT("\"x\": 4", "", "correctness",
                                             "3") "," T4_RESULT("\"x\": 5", "", "correct",
                                                                "[2, 4]") "," T4_RESULT("\"x\": 6",
                                                                                        "",
                                                                                        "correct",
                                                                                        "\"ErrorConfig\"") "," T4_RESULT("\"x\": 7",
                                                                                                                         "",
                                                                                                                         "a word of later",
                                                                                                                         "3")));
  const char *const verdicts[] = {"run", "timeout", "refused", "wrong", "ok", "run", "run"};
  for (unsigned i = 0; i < ts_countof(verdicts); i++)
    ck_assert_str_eq(ts_verdict_word(f->r.trials[i].verdict), verdicts[i]);
  ck_assert_double_eq(f->r.trials[2].compile_seconds, 1.5);
  ck_assert_double_eq(f->r.trials[4].ms.value, 3); /* the mean */
  file_close(f);
}
END_TEST

START_TEST(t4_times_that_are_not_finite_are_failures) {
  file *f = text_read(T4_FILE(
      "milliseconds",
      T4_RESULT("\"x\": \"NaN, -Infinity\"", "\"runtimes\": [NaN, 2]", "correct", "2") "," T4_RESULT(
          "\"x\": \"a\"", "", "correct",
          "NaN") "," T4_RESULT("\"x\": \"b\"", "", "correct",
                               "-Infinity") "," T4_RESULT("\"x\": \"c\"", "", "correct",
                                                          "Infinity") "," T4_RESULT("\"x\": \"d\"",
                                                                                    "", "correct",
                                                                                    "1e20")));
  ck_assert_int_eq(f->result, TS_OK);
  has_trial(f, 0, "x=NaN, -Infinity", "ok", 2); /* in a text they are texts */
  ck_assert_uint_eq(f->r.trials[0].num_samples, 1);
  for (unsigned i = 1; i < 5; i++)
    ck_assert_str_eq(ts_verdict_word(f->r.trials[i].verdict), "run");
  file_close(f);
}
END_TEST

START_TEST(t4_units_become_milliseconds) {
  static const struct {
    const char *unit;
    double ms;
  } units[] = {
      {"miliseconds", 5}, {"milliseconds", 5}, {"seconds", 5000}, {"microseconds", 0.005}, {"", 5}};
  for (unsigned i = 0; i < ts_countof(units); i++) {
    char text[500];
    snprintf(text, sizeof text,
             T4_FILE("%s", T4_RESULT("\"x\": 1", "\"runtimes\": [5]", "correct", "5")),
             units[i].unit);
    file *f = text_read(text);
    ck_assert_double_eq_tol(f->r.trials[0].ms.value, units[i].ms, 1e-12);
    ck_assert_double_eq_tol(f->r.trials[0].samples[0], units[i].ms, 1e-12);
    file_close(f);
  }
}
END_TEST

START_TEST(t4_needs_no_more_than_its_schema_asks_for) {
  file *f = text_read("{\"new\": 1, \"results\": [{\"configuration\": {\"x\": true}, \"times\": "
                      "{\"runtimes\": [1, 3]}, \"invalidity\": \"correct\", \"correctness\": 1}]}");
  ck_assert_int_eq(f->result, TS_OK);
  has_trial(f, 0, "x=true", "ok", 2); /* the mean of the runs */
  file_close(f);
}
END_TEST

START_TEST(t4_of_which_more_is_better_costs_the_inverse) {
  file *f = text_read(
      "{\"results\": ["
      "{\"configuration\": {\"x\": 1}, \"times\": {}, \"invalidity\": \"correct\", \"correctness\": 1,"
      " \"measurements\": [{\"name\": \"time\", \"value\": 1}, {\"name\": \"GFLOP/s\", \"value\": 4}],"
      " \"objectives\": [\"GFLOP/s\"]}]}");
  ck_assert(f->r.higher);
  has_trial(f, 0, "x=1", "ok", 0.25);
  file_close(f);
}
END_TEST

/* ---- Kernel Tuner ---- */

#define KT_HEADER                                                                                  \
  "{\n\"device_name\": \"A100\",\n\"kernel_name\": \"conv\",\n\"problem_size\": [64, 32],\n"       \
  "\"tune_params_keys\": [\"y\", \"x\", \"s\"],\n\"tune_params\": {\"x\": [16, 8, 2, 1.0], "       \
  "\"y\": [true, false], \"s\": [\"a\", \"a,b\"]},\n\"cache\": {"

START_TEST(a_cache_is_read_by_its_keys_in_the_order_of_its_lists) {
  file *f = text_read(
      KT_HEADER
      "\n\"True,16,a\": {\"time\": 3.5, \"times\": [3, 4], \"compile_time\": 500},"
      "\n\"False,8,a,b\": {\"time\": \"InvalidConfig\"},"
      "\n\"False,1,a\": {\"time\": 1e20},"
      "\n\"True,8,a\": {\"time\": 2, \"GFLOP/s\": 1, \"timestamp\": \"1970-01-02 02:00:01.5+02:00\"}}\n}");
  ck_assert_int_eq(f->result, TS_OK);
  ck_assert_str_eq(f->r.name, "conv on A100");
  ck_assert_uint_eq(f->r.num_sizes, 2);
  ck_assert_int_eq(f->r.sizes[1], 32);
  has_parameter(f, 0, "y: true false", false);
  has_parameter(f, 1, "x: 16 8 1.0", true); /* 2 occurs in no entry */
  has_parameter(f, 2, "s: a a,b", false);
  has_trial(f, 0, "y=true x=16 s=a", "ok", 3.5);
  has_trial(f, 1, "y=false x=8 s=a,b", "refused", 0);
  has_trial(f, 2, "y=false x=1.0 s=a", "run", 0);
  has_trial(f, 3, "y=true x=8 s=a", "ok", 2);
  ck_assert_int_eq(f->r.trials[3].when, 86401);
  ck_assert_double_eq(f->r.trials[0].compile_seconds, 0.5);
  file_close(f);
}
END_TEST

START_TEST(a_cache_that_was_not_ended_is_whole_up_to_its_last_comma) {
  file *f =
      text_read(KT_HEADER "\n\"True,16,a\": {\"time\": 3.5},\n\"True,8,a\": {\"time\": 2},\n");
  ck_assert_int_eq(f->result, TS_OK);
  ck_assert_uint_eq(f->r.num_rows, 2);
  file_close(f);
  refused(KT_HEADER, "a.json: no entry of 0 is good: there is nothing to search for");
}
END_TEST

START_TEST(a_cache_of_now_has_its_errors_in_a_field_of_their_own) {
  file *f =
      text_read("{\"tune_params\": {\"x\": [1, 2]}, \"objective\": \"time\", \"cache\": {"
                "\"1\": {\"x\": 1, \"time\": 1, \"GFLOP/s\": NaN}, "
                "\"2\": {\"x\": 2, \"time\": 1, \"__error__\": \"CompilationFailedConfig\"}}}");
  ck_assert_str_eq(ts_verdict_word(f->r.trials[0].verdict), "ok");
  ck_assert_str_eq(ts_verdict_word(f->r.trials[1].verdict), "compile");
  file_close(f);
}
END_TEST

/* ---- KTT ---- */

START_TEST(ktt_counts_in_the_unit_that_it_names) {
  file *f = text_read(
      "{\"Metadata\": {\"Device\": \"RTX\", \"TimeUnit\": \"Microseconds\"}, \"Results\": ["
      "{\"KernelName\": \"sum\", \"Status\": \"Ok\", \"Configuration\": [{\"Name\": \"x\", \"Value\": 2}], \"TotalDuration\": 1500},"
      "{\"KernelName\": \"sum\", \"Status\": \"ComputationFailed\", \"Configuration\": [{\"Name\": \"x\", \"Value\": 1}], \"TotalDuration\": 1}]}");
  ck_assert_int_eq(f->result, TS_OK);
  ck_assert_str_eq(f->r.name, "sum on RTX");
  has_trial(f, 0, "x=2", "ok", 1.5);
  has_trial(f, 1, "x=1", "run", 0);
  ck_assert_str_eq(f->r.trials[1].reason, "ComputationFailed");
  file_close(f);
}
END_TEST

/* ---- gzip ---- */

/* gzip's own form of the bytes; malloc'ed. */
static uint8_t *pack(const void *bytes, size_t n, size_t *packed) {
  z_stream z = {0};
  ck_assert_int_eq(deflateInit2(&z, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
  size_t room = deflateBound(&z, n);
  uint8_t *out = malloc(room);
  z.next_in = (Bytef *)(uintptr_t)bytes;
  z.avail_in = (uInt)n;
  z.next_out = out;
  z.avail_out = (uInt)room;
  ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
  *packed = room - z.avail_out;
  deflateEnd(&z);
  return out;
}

START_TEST(gzipped_files_are_the_same_and_damaged_ones_refused) {
  const char text[] = T4_FILE("", T4_RESULT("\"x\": 1", "", "correct", "5"));
  size_t n;
  uint8_t *bytes = pack(text, strlen(text), &n);
  file *f = file_read("b.json.gz", bytes, n);
  ck_assert_int_eq(f->result, TS_OK);
  has_trial(f, 0, "x=1", "ok", 5);
  file_close(f);
  for (size_t cut = 3; cut < n; cut++) {
    f = file_read("b.json.gz", bytes, cut);
    ck_assert_int_eq(f->result, TS_ERR);
    ck_assert_str_eq(f->ctx->first->message, "b.json.gz: the gzipped file ends too early");
    file_close(f);
  }
  /* what is in front, the name and the system, may change, and so may the bits past the end of the last byte */
  for (size_t at = 10; at < n; at++) {
    bytes[at] ^= 0x10;
    f = file_read("b.json.gz", bytes, n);
    ck_assert(f->result == TS_ERR || f->r.trials[0].ms.value == 5);
    bytes[at] ^= 0x10;
    file_close(f);
  }
  free(bytes);
}
END_TEST

START_TEST(what_unpacks_to_far_more_than_records_do_is_refused) {
  size_t n = 8 << 20, packed;
  char *zeros = calloc(1, n);
  uint8_t *bytes = pack(zeros, n, &packed);
  file *f = file_read("bomb.gz", bytes, packed);
  ck_assert_int_eq(f->result, TS_ERR);
  ck_assert_str_eq(f->ctx->first->message,
                   "bomb.gz: unpacks to more than 1048576 bytes, which records do not");
  file_close(f);
  free(bytes);
  free(zeros);
}
END_TEST

/* ---- what is refused ---- */

START_TEST(what_is_refused_is_said_with_its_place) {
  refused("", "a.json:1:0: not JSON: '[' or '{' expected near end of file");
  refused("{\"results\": [", "a.json:1:13: not JSON: ']' expected near end of file");
  refused(
      "{\"a\": 1}",
      "a.json: neither T4 results ('results'), nor a cache of Kernel Tuner ('cache'), nor results "
      "of KTT ('Results')");
  refused(T4_FILE("", ""), "a.json: no result of 0 is good: there is nothing to search for");
  refused(T4_FILE("", T4_RESULT("\"x\": 1", "", "compile", "5")),
          "a.json: no result of 1 is good: there is nothing to search for");
  refused(T4_FILE("", T4_RESULT("\"x\": 1, \"y\": 2", "", "correct",
                                "5") "," T4_RESULT("\"x\": 1", "", "correct", "5")),
          "a.json: result 2 lacks the parameter 'y'");
  refused(T4_FILE("", T4_RESULT("\"x\": 1", "", "correct", "5") "," T4_RESULT("\"x\": 1, \"y\": 2",
                                                                              "", "correct", "5")),
          "a.json: result 2 has 2 parameters, the first 1");
  refused(T4_FILE("", T4_RESULT("\"x\": [1]", "", "correct", "5")),
          "a.json: result 1 has a list or an object for 'x'");
  refused(T4_FILE("", T4_RESULT("\"x\": 1", "", "correct", "5") "," T4_RESULT(
                          "\"x\": 2", "", "correct", "5") "," T4_RESULT("\"x\": 1", "", "correct",
                                                                        "6")),
          "a.json: result 3 has the parameters of result 1");
  refused("{\"results\": [1]}", "a.json: result 1 has no parameters");
  refused(KT_HEADER "\"True,5,a\": {\"time\": 1}}}",
          "a.json: entry 1 has the key \"True,5,a\", whose value of 'x' is none of its list");
  refused(KT_HEADER "\"True,8,a,8\": {\"time\": 1}}}",
          "a.json: entry 1 has the key \"True,8,a,8\", which has too many values");
  refused("{\"cache\": {\"1\": {\"time\": 1}}}",
          "a.json: a Kernel Tuner cache that names no parameters");
}
END_TEST

/* ---- exports ---- */

/* Of each kind of value, verdict and energy one. */
static const char exported[] = KT_HEADER
    "\n\"True,16,a\": {\"time\": 0.1, \"times\": [0.1, 0.30000000000000004], \"compile_time\": 500, \"energy\": 2.5},"
    "\n\"False,8,a,b\": {\"time\": \"CompilationFailedConfig\"},"
    "\n\"False,1.0,a\": {\"time\": \"RuntimeFailedConfig\"},"
    "\n\"True,8,a\": {\"time\": 5e-324, \"energy_modelled\": 1.5, \"timestamp\": \"2023-12-22 09:53:48+00:00\"}}\n}";

static void same_trials(const ts_recorded *a, const ts_recorded *b) {
  ck_assert_uint_eq(a->num_rows, b->num_rows);
  for (size_t i = 0; i < a->num_rows; i++) {
    const ts_trial *x = &a->trials[i], *y = &b->trials[i];
    ck_assert_str_eq(x->parameters, y->parameters);
    ck_assert_int_eq(x->verdict, y->verdict);
    ck_assert_double_eq(x->ms.value, y->ms.value);
    ck_assert_uint_eq(x->num_samples, y->num_samples);
    for (unsigned k = 0; k < x->num_samples; k++)
      ck_assert_double_eq(x->samples[k], y->samples[k]);
    ck_assert_int_eq(x->energy.kind, y->energy.kind);
    ck_assert_double_eq(x->energy.joules, y->energy.joules);
    ck_assert_double_eq(x->compile_seconds, y->compile_seconds);
    ck_assert_int_eq(x->when, y->when);
  }
}

static char *write_text(const ts_recorded *r, ts_export format) {
  ts_sink sink;
  ts_sink_buffer(&sink, NULL);
  ts_recorded_write(&sink, format, r);
  ck_assert_int_eq(ts_sink_finish(&sink), TS_OK);
  return sink.buf;
}

START_TEST(exports_to_other_tuners_are_read_back_as_the_same_trials) {
  file *f = text_read(exported);
  for (ts_export format = TS_EXPORT_T4; format <= TS_EXPORT_KERNEL_TUNER; format++) {
    char *text = write_text(&f->r, format);
    file *back = text_read(text);
    ck_assert_int_eq(back->result, TS_OK);
    same_trials(&f->r, &back->r);
    file_close(back);
    free(text);
  }
  file_close(f);
}
END_TEST

START_TEST(an_exported_cache_ends_as_kernel_tuner_wants_it) {
  file *f = text_read(exported);
  char *text = write_text(&f->r, TS_EXPORT_KERNEL_TUNER);
  ck_assert_str_eq(text + strlen(text) - 3, "}\n}");
  ck_assert_ptr_nonnull(strstr(
      text,
      "\n\"False,8,a,b\": {\"y\": false, \"x\": 8, \"s\": \"a,b\", \"time\": \"CompilationFailedConfig\""));
  free(text);
  file_close(f);
}
END_TEST

START_TEST(csv_quotes_what_rfc_4180_says) {
  file *f = text_read(exported);
  f->r.trials[1].reason = "a \"word\",\nand a line";
  char *text = write_text(&f->r, TS_EXPORT_CSV);
  ck_assert_ptr_eq(strstr(text, "y,x,s,verdict,reason,ms,ms_low,ms_high,energy,joules,"), text);
  ck_assert_ptr_nonnull(
      strstr(text, "\r\nfalse,8,\"a,b\",compile,\"a \"\"word\"\",\nand a line\",0.0,0.0,0.0,,"));
  ck_assert_ptr_nonnull(strstr(
      text, "\r\ntrue,16,a,ok,,0.1,0.1,0.1,measured,2.5,2.5,2.5,recorded,0.0,false,false,,"));
  ck_assert_ptr_nonnull(strstr(text, ",0,,0.1 0.30000000000000004\r\n"));
  free(text);
  file_close(f);
}
END_TEST

UNIT_MAIN("recorded", t4_gives_sorted_values_of_the_parameters_that_vary,
          t4_tells_failures_by_invalidity_and_never_by_times_that_are_there,
          t4_times_that_are_not_finite_are_failures, t4_units_become_milliseconds,
          t4_needs_no_more_than_its_schema_asks_for, t4_of_which_more_is_better_costs_the_inverse,
          a_cache_is_read_by_its_keys_in_the_order_of_its_lists,
          a_cache_that_was_not_ended_is_whole_up_to_its_last_comma,
          a_cache_of_now_has_its_errors_in_a_field_of_their_own,
          ktt_counts_in_the_unit_that_it_names, gzipped_files_are_the_same_and_damaged_ones_refused,
          what_unpacks_to_far_more_than_records_do_is_refused,
          what_is_refused_is_said_with_its_place,
          exports_to_other_tuners_are_read_back_as_the_same_trials,
          an_exported_cache_ends_as_kernel_tuner_wants_it, csv_quotes_what_rfc_4180_says)
