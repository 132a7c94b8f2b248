/* The tables behind uniqued structures: equal content, one pointer. Private to lib/ir. */
#ifndef TS_IR_UNIQUER_IMPL_H
#define TS_IR_UNIQUER_IMPL_H

#include "ir/ir.h"

typedef struct ts_uniq_table {
  struct ts_uniq_slot {
    uint64_t hash;
    const void *item;
  } *slots;
  size_t n, cap;
} ts_uniq_table;

typedef struct ts_uniquer {
  ts_type error;
  const ts_type *scalars[TS_NUM_DTYPES];
  ts_uniq_table types, affs, maps, literals;
} ts_uniquer;

/* The slot that holds an item equal to `key`, or the empty one where it belongs; grows the table
 * first, so that the caller may fill it. */
struct ts_uniq_slot *ts_uniq_slot(ts_module *, ts_uniq_table *, uint64_t hash, const void *key,
                                  bool (*equal)(const void *key, const void *item));
/* Fills an empty slot. */
void ts_uniq_fill(ts_uniq_table *, struct ts_uniq_slot *, uint64_t hash, const void *item);
void ts_uniquer_init(ts_module *);
void ts_uniquer_drop(ts_module *);

#endif
