/* The text of single things on standard error, for debuggers: `call ts_dump(op)` in gdb, where an op is otherwise
 * an address. Nothing in the program calls these. utils/gdb/tilesmith.py shows the same things briefly. */
#ifndef TS_SYNTAX_DUMP_H
#define TS_SYNTAX_DUMP_H

#include "ir/ir.h"

/* With its regions, as in the text of its function; of a detached op the name alone. */
void ts_dump(const ts_op *);
/* Its name or number and its type; of a result also the op that computes it. */
void ts_dump_value(const ts_value *);
void ts_dump_func(const ts_func *);
void ts_dump_module(const ts_module *);
/* With the op's dims in place of d0, d1, …. */
void ts_dump_aff(const ts_op *, const ts_aff *);

#endif
