/* Marks `parallel` that somebody wrote: are they true? Passes prove theirs before they set them. */
#ifndef TS_ANALYSIS_POLY_MARKS_H
#define TS_ANALYSIS_POLY_MARKS_H

#include "ir/ir.h"

/* What a mark that is proved wrong is: an error (exit 1), a warning, or nobody's business. */
typedef enum { TS_MARKS_ERROR, TS_MARKS_WARN, TS_MARKS_OFF } ts_marks;
#define TS_MARKS_WORDS "error|warn|off" /* in the order of the enum */

/* Asks of every loop of a verified module that is marked parallel whether two of its iterations touch
 * one element, one of them to write (atomic additions apart). Two that do are shown as `-parallel` shows
 * them; where nothing is proved, as with subscripts of the run, there is a remark. TS_ERR after an
 * error. */
ts_result ts_verify_marks(ts_module *, ts_marks);

#endif
