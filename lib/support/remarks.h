/* What passes had to say, as a file or not at all. */
#ifndef TS_SUPPORT_REMARKS_H
#define TS_SUPPORT_REMARKS_H

#include "support/diag.h"

/* The collected remarks as a YAML stream in the form of LLVM's optimisation records (one document a
 * remark: kind, Pass, DebugLoc, Message). */
void ts_remarks_print_yaml(ts_sink *, const ts_context *);
/* Leaves only remarks of these kinds, "missed,passed", on the context's list of messages; with "" none. */
void ts_remarks_keep(ts_context *, const char *kinds);
/* The same of those after the message `last`; NULL: of all. */
void ts_remarks_keep_after(ts_context *, ts_diag *last, const char *kinds);
/* Takes all remarks off it, or only those after the message `last`, which was the last one at some time; NULL: all. */
void ts_remarks_drop_after(ts_context *, ts_diag *last);
/* Errors after the message `last` become "missed" remarks of the pass, their notes with them, and no
 * longer count as errors. */
void ts_errors_to_remarks(ts_context *, ts_diag *last, const char *pass);
/* The same to warnings: what was tried could be left out. */
void ts_errors_to_warnings(ts_context *, ts_diag *last);

#endif
