/* What the files of type inference share: one rule is one function of the op's operands, attributes
 * and written type. Private to lib/ir. */
#ifndef TS_IR_INFER_IMPL_H
#define TS_IR_INFER_IMPL_H

#include "ir/ir.h"

/* One op under inference. */
typedef struct ts_inf {
  ts_module *m;
  ts_op *op;
  const ts_type *given; /* the type written for the one result, or NULL */
} ts_inf;

/* Reports at the op; always NULL, so that a rule can return it. */
const ts_type *ts_inf_error(ts_inf *, const char *fmt, ...) TS_PRINTF(2, 3);
/* The same for a check that answers true or false. */
#define ts_inf_refuse(...) (ts_inf_error(__VA_ARGS__), false)
/* "768" or "M". */
const char *ts_extent_text(ts_module *, ts_extent);
/* Type of plain operand i; NULL while it is a pending literal. */
const ts_type *ts_inf_type(const ts_inf *, unsigned i);
/* Gives pending operand i the type (scalar or vector); true when it fits or was not pending. */
bool ts_inf_settle(ts_inf *, unsigned i, const ts_type *);
/* For rules that cannot type a literal: true when none of the operands is one, else reports. */
bool ts_inf_no_literals(ts_inf *);
/* Reports that the type of a literal operand cannot be told; NULL. */
const ts_type *ts_inf_untold(ts_inf *);
/* The written type, which this op cannot do without; NULL: reported, with `example` as what to
 * write. */
const ts_type *ts_inf_need_given(ts_inf *, const char *example);
/* The word of an ENUM or OPCODE attribute, or NULL. */
const char *ts_inf_word(const ts_inf *, ts_attr_key);
/* What the op is called where its operands are of type `t`: "; on f32 it is `addf`", or "". */
const char *ts_inf_other_level(const ts_inf *, const ts_type *t);
/* Plural ending of a count. */
static inline const char *ts_plural(uint64_t n) { return n == 1 ? "" : "s"; }

/* The type rules that the op tables name: each settles pending literals and gives the type of the op's
 * result (the error type when it has none). NULL: an error was reported. */
#define OP(e, name, levels, min, max, results, regions, class, rule, ...)                          \
  const ts_type *ts_rule_##rule(ts_inf *);
#include "ir/ops.def"
#undef OP
/* Several results: writes one type each. False: reported. */
bool ts_infer_call(ts_inf *, unsigned num_given, const ts_type *const *given,
                   const ts_type **types);

#endif
