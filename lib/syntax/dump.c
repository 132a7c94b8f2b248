#include "syntax/dump.h"

#include "syntax/syntax.h"

static ts_sink open_stderr(void) {
  ts_sink out;
  ts_sink_file(&out, NULL, stderr);
  return out;
}

static void close_stderr(ts_sink *out) {
  if (ts_sink_finish(out) != TS_OK) clearerr(stderr); /* whom could one tell? */
  ts_sink_drop(out);
}

void ts_dump(const ts_op *op) {
  ts_sink out = open_stderr();
  if (op->block)
    ts_print_op(&out, op->block->func, op);
  else
    ts_sink_printf(&out, "%s, in no block\n", ts_info(op)->name);
  close_stderr(&out);
}

/* The function that a value belongs to; NULL of a literal and of a result of a detached op. */
static const ts_func *func_of(const ts_value *v) {
  if (v->kind == TS_VALUE_ARG) return v->block->func;
  bool placed = v->kind == TS_VALUE_RESULT && v->def->block;
  return placed ? v->def->block->func : NULL;
}

void ts_dump_value(const ts_value *v) {
  ts_sink out = open_stderr();
  const ts_func *f = func_of(v);
  if (f)
    ts_print_value(&out, f, v);
  else if (v->kind == TS_VALUE_LITERAL)
    ts_number_print(&out, v->type->dtype, v->bits);
  else
    ts_sink_puts(&out, "a result of an op in no block");
  ts_sink_printf(&out, " : %.*s\n", (int)v->type->text_len, v->type->text);
  close_stderr(&out);
  if (v->kind == TS_VALUE_RESULT) ts_dump(v->def);
}

void ts_dump_func(const ts_func *f) {
  ts_sink out = open_stderr();
  ts_print_func(&out, f);
  close_stderr(&out);
}

void ts_dump_module(const ts_module *m) {
  ts_sink out = open_stderr();
  ts_print_module(&out, m);
  close_stderr(&out);
}

void ts_dump_aff(const ts_op *op, const ts_aff *a) {
  ts_sink out = open_stderr();
  ts_print_aff(&out, op, a);
  ts_sink_putc(&out, '\n');
  close_stderr(&out);
}
