/* ts-translate: a program in another language. */
#include "analysis/poly/marks.h"
#include "emit/emit.h"
#include "run/run.h"
#include "common/tool.h"

typedef struct options {
  const char *output, *data_dir;
  int to;
  bool line, openmp, entries;
  int marks;
  ts_tool *tool;
  ts_output out;
} options;

enum { TO_NOTHING = -1, TO_C, TO_HEADER };

static ts_result read_module(options *o, ts_module **module) {
  ts_result result = ts_tool_read_module(o->tool, o->tool->inputs[0], o->marks, module);
  if (!result && o->data_dir) ts_run_rebase_files(*module, o->data_dir);
  return result;
}

static ts_result translate(options *o, ts_module *m) {
  ts_arena *arena = &o->tool->ctx->arena;
  const ts_emit_c_options c = {
      .line_directives = o->line,
      .entries = o->entries,
      .header_only = o->to == TO_HEADER,
      .openmp = o->openmp,
      .comment = ts_sprintf(arena, "Made by: %s", o->tool->command_line),
  };
  ts_result result = ts_output_open(o->tool, &o->out, o->output);
  if (result) return result;
  result = ts_emit_c(&o->out.sink, m, &c);
  if (!result) return ts_output_commit(o->tool, &o->out);
  ts_output_discard(&o->out);
  return result;
}

static ts_result run(void *arg) {
  options *o = arg;
  ts_module *m = NULL;
  if (o->to == TO_NOTHING) return ts_tool_usage(o->tool, "'--to' says what is wanted: c or header");
  ts_result result = read_module(o, &m);
  if (!result) result = translate(o, m);
  if (m) {
    ts_tool_print_diagnostics(o->tool);
    ts_module_destroy(m);
  }
  return result;
}

int main(int argc, char **argv) {
  ts_tool t;
  options o = {.output = "-", .to = TO_NOTHING, .openmp = true, .tool = &t};
  const ts_flag flags[] = {
      {"to", TS_FLAG_WORD, NULL, "c: a C file with all functions; header: the prototypes of those",
       "Output", .at = &o.to, .words = "c|header"},
      {"o", TS_FLAG_STRING, "file", "where the result goes", "Output", .at = &o.output},
      {"line", TS_FLAG_BOOL, NULL,
       "#line before every statement, so that debuggers show the program", "Output", .at = &o.line},
      {"openmp", TS_FLAG_BOOL, NULL, "pragmas for parallel loops (on; -openmp=false turns it off)",
       "Output", .at = &o.openmp},
      {"entries", TS_FLAG_BOOL, NULL, "with each function the entry that the native engine calls",
       "Output", .at = &o.entries},
      {"verify-parallel", TS_FLAG_WORD, NULL,
       "a mark 'parallel' on a loop whose iterations conflict: error (the default), warn or off",
       "Input", .at = &o.marks, .words = TS_MARKS_WORDS},
      {"data-dir", TS_FLAG_STRING, "dir", "where the @files that the program names are", "Input",
       .at = &o.data_dir},
  };
  ts_result result = ts_tool_begin(&t, "ts-translate", "print a program in another language", &o);
  if (!result) result = ts_tool_parse(&t, argc, argv, flags, ts_countof(flags), 1);
  if (!result && !t.done) result = ts_protect(t.ctx, run, &o);
  return ts_tool_end(&t, result);
}
