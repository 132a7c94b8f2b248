/* JSON written piece by piece, for files too long to be held as a tree. */
#ifndef TS_SUPPORT_JSON_H
#define TS_SUPPORT_JSON_H

#include "support/support.h"

/* The text in quotes, escaped; each byte of one that is not UTF-8 beyond ASCII as '?'. */
void ts_json_text(ts_sink *, const char *text);
/* The shortest number that reads back as the same double; null, as JSON has no other, for one that is not finite. */
void ts_json_number(ts_sink *, double);
/* Numbers in brackets. */
void ts_json_numbers(ts_sink *, unsigned n, const double *);

#endif
