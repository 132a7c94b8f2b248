/* The public API: which library this is, and what engines, passes, ops and types it has. */
#include "transforms/passes.h"
#include "run/run.h"
#include "api/api_impl.h"

const char *ts_version(void) { return TS_VERSION; }

bool ts_has_feature(const char *name) { return name && ts_engine_known(name); }

/* Fills the caller's struct with row i of a table of n; false past the last. */
#define GIVE(out, i, n, T, ...)                                                                    \
  if (!(out) || (i) >= (n)) return false;                                                          \
  const T row = {__VA_ARGS__};                                                                     \
  ts_api_give((out), &row, sizeof row);                                                            \
  return true

bool ts_list_engine(unsigned i, ts_engine_row *out) {
  const ts_engine *e = i < TS_NUM_ENGINE_NAMES ? ts_engine_names[i].engine : NULL;
  GIVE(out, i, TS_NUM_ENGINE_NAMES, ts_engine_row, .name = ts_engine_names[i].name,
       .summary = e ? e->summary : ts_engine_names[i].summary,
       .levels = e ? e->levels : TS_LEVEL_TL, .num_options = e ? e->options.n : 0);
}

/* Passes for tests are none for users. */
static const ts_pass_info *pass_at(unsigned i) {
  for (unsigned k = 0; k < ts_all_passes.n; k++)
    if (!ts_all_passes.rows[k].testing && i-- == 0) return &ts_all_passes.rows[k];
  return NULL;
}

bool ts_list_pass(unsigned i, ts_pass_row *out) {
  const ts_pass_info *p = pass_at(i);
  GIVE(out, 0, p != NULL, ts_pass_row, .name = p->flag, .summary = p->summary,
       .example = p->example, .levels = p->level_in, .leaves = p->level_out,
       .rounds = p->rounding == TS_ROUNDING_ROUNDS, .num_options = p->options.n);
}

static const char *kind_word(ts_opt_kind kind) {
  switch (kind) {
  case TS_OPT_BOOL: return "bool";
  case TS_OPT_INT: return "int";
  case TS_OPT_SIZE: return "size";
  case TS_OPT_SECONDS: return "duration";
  case TS_OPT_DTYPE: return "type";
  case TS_OPT_STRING: return "text";
  case TS_OPT_FUNC: return "function";
  case TS_OPT_LOOP: return "loop";
  case TS_OPT_LOOPS: return "loops";
  }
  ts_unreachable("option kind");
}

static bool give_option(const ts_option_table *table, unsigned i, ts_option_row *out) {
  const ts_option *o = i < table->n ? &table->at[i] : NULL;
  GIVE(out, 0, o != NULL, ts_option_row, .name = o->name, .summary = o->summary,
       .kind = kind_word(o->kind), .otherwise = o->otherwise ? o->otherwise : "");
}

bool ts_list_pass_option(const char *pass, unsigned i, ts_option_row *out) {
  const ts_pass_info *p = pass ? ts_pass_find(&ts_all_passes, pass) : NULL;
  return p && give_option(&p->options, i, out);
}

/* Those written in braces; others have places of their own in an op's text. */
static unsigned attributes_of(const ts_op_info *op, const ts_attr_info *rows[]) {
  unsigned n = 0;
  for (unsigned i = 0; i < op->attrs.n; i++) {
    const ts_attr_info *row = &ts_attr_infos[op->attrs.keys[i]];
    if (row->where == TS_IN_BRACES) rows[n++] = row;
  }
  return n;
}

bool ts_list_engine_option(const char *engine, unsigned i, ts_option_row *out) {
  const ts_engine *e = engine ? ts_engine_find(engine, NULL) : NULL;
  return e && give_option(&e->options, i, out);
}

bool ts_list_op(unsigned i, ts_op_row *out) {
  if (i >= TS_NUM_OPCODES) return false;
  const ts_op_info *op = &ts_op_infos[i];
  const ts_attr_info *attributes[TS_NUM_ATTRS];
  GIVE(out, 0, 1, ts_op_row, .name = op->name, .summary = op->summary, .levels = op->levels,
       .min_operands = op->min_operands, .max_operands = op->max_operands,
       .num_values = op->num_results, .num_regions = op->num_regions,
       .num_attributes = attributes_of(op, attributes));
}

bool ts_list_op_attribute(const char *op, unsigned i, ts_attribute_row *out) {
  const ts_attr_info *rows[TS_NUM_ATTRS];
  for (unsigned k = 0; op && k < TS_NUM_OPCODES; k++) {
    if (strcmp(op, ts_op_infos[k].name)) continue;
    unsigned n = attributes_of(&ts_op_infos[k], rows);
    GIVE(out, i, n, ts_attribute_row, .name = rows[i]->name, .summary = rows[i]->summary);
  }
  return false;
}

bool ts_list_dtype(unsigned i, ts_dtype_row *out) {
  GIVE(out, i, TS_NUM_DTYPES, ts_dtype_row, .dtype = (ts_dtype)i,
       .name = ts_dtype_name((ts_dtype)i), .bytes = ts_dtype_bytes((ts_dtype)i));
}
