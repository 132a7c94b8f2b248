/* The op and attribute tables as text, for -print-ops and the reference page. */
#include "syntax/syntax.h"

static void print_arity(ts_sink *s, const ts_op_info *op) {
  if (op->max_operands < 0)
    ts_sink_printf(s, "%d or more", op->min_operands);
  else if (op->min_operands != op->max_operands)
    ts_sink_printf(s, "%d to %d", op->min_operands, op->max_operands);
  else
    ts_sink_printf(s, "%d", op->min_operands);
}

/* The op's attributes as a markdown cell: `acc` `axis`. */
static void print_attrs(ts_sink *s, const ts_attr_list *attrs) {
  const char *before = "";
  for (unsigned i = 0; i < attrs->n; i++) {
    const ts_attr_info *a = &ts_attr_infos[attrs->keys[i]];
    if (a->where != TS_IN_BRACES) continue;
    ts_sink_printf(s, "%s`%s`", before, a->name);
    before = " ";
  }
}

void ts_print_ops(ts_sink *s, unsigned levels) {
  ts_sink_puts(s, "| op | operands | attributes | |\n|---|---|---|---|\n");
  for (int i = 0; i < TS_NUM_OPCODES; i++) {
    const ts_op_info *op = &ts_op_infos[i];
    if (op->levels != levels) continue;
    ts_sink_printf(s, "| `%s` | ", op->name);
    print_arity(s, op);
    ts_sink_puts(s, " | ");
    print_attrs(s, &op->attrs);
    ts_sink_printf(s, " | %s |\n", op->summary);
  }
}

void ts_print_attrs(ts_sink *s) {
  static const char *const kinds[] = {[TS_AK_DTYPE] = "a scalar type",
                                      [TS_AK_INT] = "an integer",
                                      [TS_AK_INTS] = "an integer, or `[1, 2]`",
                                      [TS_AK_FLOAT] = "a number",
                                      [TS_AK_FLOATS] = "a number, or `[0.5, 0.25]`",
                                      [TS_AK_ENUM] = "a word",
                                      [TS_AK_OPCODE] = "a word",
                                      [TS_AK_UNIT] = "–"};
  ts_sink_puts(s, "| attribute | value | |\n|---|---|---|\n");
  for (int i = 0; i < TS_NUM_ATTRS; i++) {
    const ts_attr_info *a = &ts_attr_infos[i];
    if (a->where == TS_IN_BRACES)
      ts_sink_printf(s, "| `%s` | %s | %s |\n", a->name, kinds[a->kind], a->summary);
  }
}
