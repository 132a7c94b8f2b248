/* ts-opt's command line: its own options, and one for each row of the pass table. */
#include <stdlib.h>
#include <unistd.h>

#include "support/spelling.h"
#include "syntax/syntax.h"
#include "analysis/poly/marks.h"
#include "transforms/passes.h"
#include "opt.h"

static opt *opt_of(ts_tool *t) { return t->user; }

static ts_result add_pass(ts_tool *t, const ts_flag *flag, const char *options) {
  return ts_pipeline_add(t->ctx, &opt_of(t)->pipeline, flag->name, options);
}

static ts_result add_pipeline(ts_tool *t, const ts_flag *flag, const char *text) {
  (void)flag;
  return ts_tool_add_pipeline(t, &opt_of(t)->pipeline, text);
}

static ts_result add_extent(ts_tool *t, const ts_flag *flag, const char *text) {
  (void)flag;
  opt *o = opt_of(t);
  ts_extent_value value;
  ts_result result = ts_extent_parse(t->ctx, text, &value);
  if (result) return result;
  ts_push(&t->ctx->arena, &o->extents, value);
  o->instrument.flags =
      ts_sprintf(&t->ctx->arena, "%s%s-D %s=%lld", o->instrument.flags,
                 *o->instrument.flags ? " " : "", value.name, (long long)value.value);
  return TS_OK;
}

static ts_result print_passes(ts_tool *t, const ts_flag *flag, const char *how) {
  bool markdown = how && !strcmp(how, "markdown");
  if (how && !markdown)
    return ts_tool_usage(t, "-%s wants 'markdown' or nothing, not '%s'", flag->name, how);
  ts_output out;
  ts_result result = ts_output_open(t, &out, "-");
  if (result) return result;
  ts_passes_print(&out.sink, &ts_all_passes, markdown, false);
  t->done = true;
  return ts_output_commit(t, &out);
}

static ts_result print_ops(ts_tool *t, const ts_flag *flag, const char *which) {
  (void)flag;
  ts_output out;
  ts_result result = ts_output_open(t, &out, "-");
  if (result) return result;
  if (!strcmp(which, "tensor"))
    ts_print_ops(&out.sink, TS_LEVEL_T);
  else if (!strcmp(which, "loop"))
    ts_print_ops(&out.sink, TS_LEVEL_L);
  else if (!strcmp(which, "shared"))
    ts_print_ops(&out.sink, TS_LEVEL_TL);
  else if (!strcmp(which, "attributes"))
    ts_print_attrs(&out.sink);
  else {
    ts_output_discard(&out);
    return ts_tool_usage(t, "-print-ops wants tensor, loop, shared or attributes, not '%s'", which);
  }
  t->done = true;
  return ts_output_commit(t, &out);
}

static ts_result print_changed(ts_tool *t, const ts_flag *flag, const char *how) {
  if (how && strcmp(how, "diff"))
    return ts_tool_usage(t, "-%s wants 'diff' or nothing, not '%s'", flag->name, how);
  opt_of(t)->instrument.changed = how ? TS_CHANGED_DIFF : TS_CHANGED_PRINT;
  return TS_OK;
}

static ts_result verify_semantics(ts_tool *t, const ts_flag *flag, const char *seed) {
  ts_checks *checks = &opt_of(t)->checks;
  checks->verify_semantics = true;
  if (!seed) return TS_OK;
  size_t digits = strspn(seed, "0123456789");
  if (!digits || seed[digits] || digits > 18)
    return ts_tool_usage(t, "-%s wants a seed of up to 18 digits, not '%s'", flag->name, seed);
  checks->seed = strtoull(seed, NULL, 10);
  return TS_OK;
}

static const char all_kinds[] = "passed,missed,analysis";

/* Kinds of remarks, or the file that all go to; given twice, both. */
static ts_result remarks(ts_tool *t, const ts_flag *flag, const char *value) {
  (void)flag;
  opt *o = opt_of(t);
  bool kinds = value != NULL;
  for (const char *word = value; kinds && word;
       word = strchr(word, ',') ? strchr(word, ',') + 1 : NULL)
    kinds = ts_list_has(all_kinds, ts_strndup(&t->ctx->arena, word, strcspn(word, ",")));
  if (kinds)
    o->remarks = value;
  else if (!o->remarks)
    o->remarks = all_kinds;
  if (value && !kinds) o->remarks_file = value;
  return TS_OK;
}

enum { MAX_FLAGS = 128 };

/* The options that are no passes; returns how many. `f` has MAX_FLAGS entries. */
static size_t own_flags(opt *o, ts_flag *f) {
  ts_instrument *in = &o->instrument;
  static const char see[] = "Looking on", chk[] = "Checking", tst[] = "Testing", cost[] = "Cost",
                    fail[] = "Failures";
  const ts_flag flags[] = {
      {"o", TS_FLAG_STRING, "file", "where the result goes; kept only on success",
       .at = &o->output},
      {"D", TS_FLAG_CALL, "NAME=n", "give symbolic extent NAME the value n", .call = add_extent,
       .joined = true},
      {"data-dir", TS_FLAG_STRING, "dir",
       "where the @files that the program names are; the output "
       "names them there",
       .at = &o->data_dir},
      {"pass-pipeline", TS_FLAG_CALL, "text|@file",
       "passes as 'fuse,lower{acc=f32}', or from a file", "Passes", .call = add_pipeline,
       .also = "passes"},
      {"print-passes", TS_FLAG_CALL_OPTIONAL, "markdown", "list the passes and their options", see,
       .call = print_passes},
      {"print-ops", TS_FLAG_CALL, "level",
       "list the ops of a level: tensor, loop, shared; or attributes", see, .call = print_ops,
       .words = "tensor|loop|shared|attributes"},
      {"print-pipeline", TS_FLAG_BOOL, NULL,
       "print the passes, and the steps of recipes, as a pipeline", see, .at = &o->print_pipeline},
      {"print-before", TS_FLAG_STRING, "passes", "dump the module before these passes", see,
       .at = &in->before},
      {"print-after", TS_FLAG_STRING, "passes", "dump the module after these passes", see,
       .at = &in->after},
      {"print-before-all", TS_FLAG_BOOL, NULL, "dump before every pass", see,
       .at = &in->before_all},
      {"print-after-all", TS_FLAG_BOOL, NULL, "dump after every pass", see, .at = &in->after_all},
      {"print-changed", TS_FLAG_CALL_OPTIONAL, "diff",
       "dump after each pass that changed something, whole or as a diff", see,
       .call = print_changed},
      {"print-tree-dir", TS_FLAG_STRING, "dir", "write every stage to a numbered file", see,
       .at = &in->tree_dir},
      {"remarks", TS_FLAG_CALL_OPTIONAL, "kinds|file",
       "show what passes did, or could not do: all, or passed, missed, analysis; to a file as YAML",
       see, .call = remarks},
      {"verify-each", TS_FLAG_BOOL, NULL, "verify after each pass (on)", chk,
       .at = &o->checks.verify_each},
      {"verify-parallel", TS_FLAG_WORD, NULL,
       "a mark 'parallel' on a loop whose iterations conflict: error (the default), warn or off",
       chk, .at = &o->marks, .words = TS_MARKS_WORDS},
      {"verify-roundtrip", TS_FLAG_BOOL, NULL,
       "after each pass, print, read back and print again: the same bytes", chk,
       .at = &o->checks.verify_roundtrip},
      {"verify-semantics-each", TS_FLAG_CALL_OPTIONAL, "seed",
       "run every function before and after each pass and compare the answers; 4 on a difference",
       chk, .call = verify_semantics},
      {"split-input-file", TS_FLAG_BOOL, NULL, "treat parts between lines '// -----' alone", tst,
       .at = &o->split},
      {"verify-diagnostics", TS_FLAG_BOOL, NULL,
       "compare messages with 'expected-error@+1 {{text}}' in the input; 1 on a difference", tst,
       .at = &o->verify_diagnostics},
      {"time-passes", TS_FLAG_BOOL, NULL, "report the time of each pass", cost, .at = &o->time},
      {"stats", TS_FLAG_BOOL, NULL, "report what passes counted", cost, .at = &o->count},
      {"opt-bisect-limit", TS_FLAG_INT, "n", "run only the first n passes", fail,
       .at = &o->bisect_limit, .min = -1, .max = INT64_MAX},
      {"reproducer", TS_FLAG_STRING, "file",
       "when a pass fails, crashes or changes the answer, write how to see it again", fail,
       .at = &o->reproducer},
      {"run-reproducer", TS_FLAG_BOOL, NULL, "take pipeline and checks from the input's comment",
       fail, .at = &o->run_reproducer},
  };
  memcpy(f, flags, sizeof flags);
  return ts_countof(flags);
}

/* Whether the word behind a pass is its options: not when it is an option, or names an input. A pass that
 * takes no loops is told `name=value`. */
static bool takes_options(const ts_flag *flag, const char *word) {
  const ts_pass_info *p = ts_pass_find(&ts_all_passes, flag->name);
  size_t n = strlen(word);
  bool ending = n > 4 && (!strcmp(word + n - 4, ".tir") || !strcmp(word + n - 4, ".lir"));
  if (!n || *word == '-' || ending || access(word, F_OK) == 0) return false;
  if (word[strcspn(word, " ,=")] != '\0') return p->options.n > 0;
  for (unsigned i = 0; i < p->options.n; i++)
    if (p->options.at[i].kind == TS_OPT_LOOPS) return !strchr(word, '/');
  return false;
}

static void describe(ts_sink *s, const ts_flag *flag) {
  const ts_pass_info *p = ts_pass_find(&ts_all_passes, flag->name);
  if (p) ts_pass_describe(s, p);
}

/* The names of a pass' options. */
static void complete(ts_sink *s, const ts_flag *flag) {
  const ts_pass_info *p = ts_pass_find(&ts_all_passes, flag->name);
  for (unsigned i = 0; p && i < p->options.n; i++)
    if (p->options.at[i].kind != TS_OPT_LOOPS)
      ts_sink_printf(s, "%s%s=", s->n ? " " : "", p->options.at[i].name);
}

static ts_flag pass_flag(const ts_pass_info *p) {
  return (ts_flag){.name = p->flag,
                   .kind = TS_FLAG_CALL_OPTIONAL,
                   .value_name = p->options.n ? "options" : NULL,
                   .summary = p->summary,
                   .category = p->testing ? "Passes for testing" : "Passes",
                   .call = add_pass,
                   .takes = takes_options,
                   .hidden = p->testing};
}

/* What cannot go together. */
static ts_result check(opt *o) {
  ts_tool *t = &o->tool;
  if (o->split && o->instrument.tree_dir)
    return ts_tool_usage(t,
                         "-print-tree-dir wants one module: it does not go with -split-input-file");
  if (o->run_reproducer && o->pipeline.steps.n)
    return ts_tool_usage(t, "-run-reproducer takes its passes from the input, and no others");
  return ts_instrument_check(&o->instrument, &ts_all_passes);
}

static const char *synonym(ts_arena *arena, const char *word) {
  (void)arena;
  return ts_pass_synonym(&ts_all_passes, word);
}

ts_result opt_parse(opt *o, int argc, char **argv) {
  static ts_flag flags[MAX_FLAGS];
  size_t n = own_flags(o, flags);
  for (unsigned i = 0; i < ts_all_passes.n && n < MAX_FLAGS; i++)
    flags[n++] = pass_flag(&ts_all_passes.rows[i]);
  o->tool.describe = describe;
  o->tool.complete = complete;
  o->tool.synonym = synonym;
  ts_result result = ts_tool_parse(&o->tool, argc, argv, flags, n, 1);
  return result || o->tool.done ? result : check(o);
}
