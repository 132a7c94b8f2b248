/* Literals: uniqued constants that stand in the place of an operand. */
#include "ir/uniquer_impl.h"

typedef struct {
  const ts_type *type;
  uint64_t bits;
} literal_key;

static bool same_literal(const void *key, const void *item) {
  const literal_key *k = key;
  const ts_value *v = item;
  return v->type == k->type && v->bits == k->bits;
}

static ts_value *literal(ts_module *m, const ts_type *type, uint64_t bits) {
  literal_key key = {type, bits};
  uint64_t hash = ts_hash(&key, sizeof key, 1);
  struct ts_uniq_slot *slot = ts_uniq_slot(m, &m->uniquer->literals, hash, &key, same_literal);
  if (slot->item) return (ts_value *)slot->item;
  ts_value *v = ts_new(&m->arena, ts_value);
  *v = (ts_value){.type = type, .bits = bits, .kind = TS_VALUE_LITERAL};
  ts_uniq_fill(&m->uniquer->literals, slot, hash, v);
  return v;
}

ts_value *ts_literal_float(ts_module *m, const ts_type *type, double value) {
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  return literal(m, type, bits);
}

ts_value *ts_literal_int(ts_module *m, const ts_type *type, int64_t value) {
  return literal(m, type, (uint64_t)value);
}

double ts_literal_as_double(const ts_value *v) {
  double d;
  if (!ts_is_float(v->type->dtype)) return (double)(int64_t)v->bits;
  memcpy(&d, &v->bits, sizeof d);
  return d;
}

ts_value *ts_literal_pending(ts_module *m, ts_number_form form, uint64_t bits) {
  ts_value *v = ts_new(&m->arena, ts_value);
  *v = (ts_value){.bits = bits, .kind = TS_VALUE_LITERAL, .form = (uint8_t)form};
  return v;
}

ts_value *ts_literal_resolve(ts_module *m, const ts_value *pending, const ts_type *type) {
  uint64_t bits;
  if (!ts_number_image(type->dtype, pending->form, pending->bits, &bits)) return NULL;
  return literal(m, type, bits);
}
