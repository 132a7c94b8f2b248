/* The op and attribute tables as data, and the words of comparisons. */
#include "ir/ir.h"

#define T TS_LEVEL_T
#define L TS_LEVEL_L
#define TL TS_LEVEL_TL
#define NONE TS_FLAG_NONE
#define PURE TS_FLAG_PURE
#define EW TS_FLAG_EW
#define COMM TS_FLAG_COMM
#define TERM TS_FLAG_TERM
#define MATH TS_FLAG_MATH

const ts_op_info ts_op_infos[TS_NUM_OPCODES] = {
#define OP(e, name, levels, min, max, results, regions, attrs, rule, flags, summary)               \
  {name, levels, min, max, results, regions, attrs, TS_RULE_##rule, flags, summary},
#include "ir/ops.def"
#undef OP
};

const ts_attr_info ts_attr_infos[TS_NUM_ATTRS] = {
#define ATTR(e, name, kind, summary) {name, TS_AK_##kind, summary},
#include "ir/attrs.def"
#undef ATTR
};

static const struct {
  const char *word, *symbol;
} preds[] = {{"eq", "=="}, {"ne", "!="}, {"lt", "<"}, {"le", "<="}, {"gt", ">"}, {"ge", ">="}};

const char *ts_pred_word(ts_pred p) { return preds[p].word; }
const char *ts_pred_symbol(ts_pred p) { return preds[p].symbol; }
