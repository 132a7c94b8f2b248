/* Tilesmith: parse, build, transform and run tensor programs.
 *
 * Everything hangs off a context, which one thread uses at a time; two contexts in two threads share
 * nothing. Functions that can fail return a ts_result and leave messages in the context; nothing
 * here prints, exits or keeps global state. */
#ifndef TILESMITH_H
#define TILESMITH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TS_VERSION "0.1.0"

/* The values are the tools' exit codes. */
typedef enum ts_result {
  TS_OK = 0,
  TS_ERR = 1,   /* the input is bad */
  TS_USAGE = 2, /* the call is bad: an unknown pass, option or engine */
  TS_LIMIT = 3, /* memory, fuel or time ran out */
  TS_CHECK = 4, /* a check failed: out of bounds, uninitialised read, a wrong answer */
} ts_result;

typedef struct ts_context ts_context;
typedef struct ts_module ts_module;

/* ---- contexts and their messages ---- */

/* NULL when there is no memory. */
ts_context *ts_context_create(void);
/* Modules of the context must have been destroyed before. */
void ts_context_destroy(ts_context *);
/* The most bytes the context may hold at a time; 0, the default, for no cap. What would pass it fails
 * with TS_LIMIT. */
void ts_context_set_memory_cap(ts_context *, size_t bytes);
/* Bytes held now, and the most held at any time. */
size_t ts_context_memory_used(const ts_context *);
size_t ts_context_memory_peak(const ts_context *);

typedef enum ts_severity { TS_SEV_ERROR, TS_SEV_WARNING, TS_SEV_REMARK, TS_SEV_NOTE } ts_severity;
typedef struct ts_diag ts_diag; /* a message with its notes; lives until they are cleared */

/* The message after `previous`, the first one for NULL, NULL after the last. Oldest first. */
const ts_diag *ts_diagnostic_next(const ts_context *, const ts_diag *previous);
ts_severity ts_diagnostic_severity(const ts_diag *);
const char *ts_diagnostic_message(const ts_diag *); /* the words alone */
/* With its place, source line, carets and notes, ending in a newline. The text belongs to the context
 * until the messages are cleared. */
const char *ts_diagnostic_text(ts_context *, const ts_diag *);
/* Errors so far, those past the kept 20 included. */
unsigned ts_context_num_errors(const ts_context *);
void ts_context_clear_diagnostics(ts_context *);

#ifdef __cplusplus
}
#endif
#endif
