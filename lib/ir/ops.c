/* The op and attribute tables as data, and the words of comparisons. */
#include "ir/indexing.h"
#include "ir/infer_impl.h"

#define T TS_LEVEL_T
#define L TS_LEVEL_L
#define TL TS_LEVEL_TL
#define NONE TS_FLAG_NONE
#define PURE TS_FLAG_PURE
#define COMM TS_FLAG_COMM
#define MATH TS_FLAG_MATH
#define AT(i) (1 << (i))
// clang-format off
#define ATTRS(...) {sizeof((uint8_t[]){__VA_ARGS__}), {__VA_ARGS__}}
// clang-format on

/* The attributes by the names that they have in the op tables. */
enum {
#define ATTR(e, ...) e = TS_ATTR_##e,
#include "ir/attrs.def"
#undef ATTR
};

const ts_op_info ts_op_infos[TS_NUM_OPCODES] = {
// clang-format off
#define OP(e, spelling, lvl, min, max, results, regions, cls, type_rule, flag, text, ...)          \
  {.name = spelling, .levels = lvl, .min_operands = min, .max_operands = max,                      \
   .num_results = results, .num_regions = regions, .class = TS_OC_##cls,                           \
   .rule = ts_rule_##type_rule, .flags = flag, .summary = text, __VA_ARGS__},
// clang-format on
#include "ir/ops.def"
#undef OP
};

bool ts_takes_attr(ts_opcode opcode, ts_attr_key key) {
  const ts_attr_list *list = &ts_op_infos[opcode].attrs;
  for (unsigned i = 0; i < list->n; i++)
    if (list->keys[i] == key) return true;
  return false;
}

const ts_attr_info ts_attr_infos[TS_NUM_ATTRS] = {
#define ATTR(e, name, kind, where, summary, ...)                                                   \
  {name, TS_AK_##kind, TS_IN_##where, summary, {__VA_ARGS__}},
#include "ir/attrs.def"
#undef ATTR
};

static bool is_text(const struct ts_interned *e, const char *text) {
  return e->len == strlen(text) && memcmp(e->text, text, e->len) == 0;
}

int64_t ts_attr_number(const ts_module *m, ts_attr_key key, ts_str word) {
  const ts_attr_info *info = &ts_attr_infos[key];
  const struct ts_interned *e = ts_interned_of(&m->strings, word);
  if (info->kind != TS_AK_OPCODE) {
    for (int i = 0; info->words[i]; i++)
      if (is_text(e, info->words[i])) return i;
    return -(int64_t)word;
  }
  if (is_text(e, "none")) return TS_NUM_OPCODES;
  for (int i = 0; i < TS_NUM_OPCODES; i++)
    if (is_text(e, ts_op_infos[i].name)) return i;
  return -(int64_t)word;
}

const char *ts_attr_word(const ts_module *m, ts_attr_key key, int64_t number) {
  if (number < 0) return ts_str_text(m, (ts_str)-number);
  if (ts_attr_infos[key].kind != TS_AK_OPCODE) return ts_attr_infos[key].words[number];
  return number == TS_NUM_OPCODES ? "none" : ts_op_infos[number].name;
}

const char *ts_pred_word(ts_pred p) { return ts_attr_infos[TS_ATTR_PRED].words[p]; }

const char *ts_pred_symbol(ts_pred p) {
  static const char *const symbols[] = {
#define COMPARE(e, word, op) #op,
#include "ir/scalar.def"
  };
  return symbols[p];
}
