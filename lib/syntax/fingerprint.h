/* Which program is this? Records of schedules are found by it. */
#ifndef TS_SYNTAX_FINGERPRINT_H
#define TS_SYNTAX_FINGERPRINT_H

#include "support/digest.h"
#include "ir/ir.h"

/* The digest of the function's text and of the functions that it calls, as it stands: with the extents that were put in,
 * and without comments. Names belong to it, since steps of a schedule speak of loops and buffers by name; what globals
 * hold does not. BLAKE2s-256 in hex. TS_LIMIT where memory is short. */
ts_result ts_func_fingerprint(const ts_func *, char hex[TS_DIGEST_HEX]);

#endif
