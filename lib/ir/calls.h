/* Which functions a function calls. */
#ifndef TS_IR_CALLS_H
#define TS_IR_CALLS_H

#include "ir/ir.h"

/* The function that a call names. NULL of other ops, and where the module has none of that name. */
ts_func *ts_callee(const ts_op *);
/* Calls `fn` with the ops of the function and of all it calls, each function's once, a callee's before the first
 * call of it. `reached`, which must be empty, holds those functions afterwards, each as its own key. `fn` may be
 * NULL. */
void ts_walk_reached(ts_func *, ts_ptrmap *reached, void (*fn)(void *user, ts_op *), void *user);

#endif
