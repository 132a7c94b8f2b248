/* Tests of messages inside the text they are about:
 *
 *   %0 = add %X, %Z   // expected-error {{unknown value %Z}}
 *   // expected-note@-1 {{…}}
 *
 * An annotation names a severity (error, warning, note, remark), a line relative to its own (@+n,
 * @-n,
 * @above, @below, none for its own; @unknown for a message without a place), and a part of the
 * message. Several inputs share a file, divided by lines that read `// -----`. */
#ifndef TS_SUPPORT_EXPECT_H
#define TS_SUPPORT_EXPECT_H

#include "support/diag.h"

/* Takes the collected messages away and compares them with the annotations of `source`. Each
 * annotation stands for one message. Errors and warnings must all be expected, remarks if
 * `remarks`; notes may be. Leaves an error for each annotation without a message and each message
 * without an annotation; TS_ERR when there is any. */
ts_result ts_expect_diagnostics(ts_context *, const ts_source *source, bool remarks);

/* The parts of `source` between dividing lines, copied to `arena`; their lines keep their numbers.
 * Returns how many (at least one). */
size_t ts_source_split(ts_arena *arena, const ts_source *source, ts_source **parts);

#endif
