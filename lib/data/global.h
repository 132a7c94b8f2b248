/* What a module's globals hold. */
#ifndef TS_DATA_GLOBAL_H
#define TS_DATA_GLOBAL_H

#include "data/array.h"

/* The data of a global, which may be a file's; the caller drops the array. TS_ERR with a message. */
ts_result ts_global_read(ts_context *, const ts_global *, ts_array *out);

#endif
