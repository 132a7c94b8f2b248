/* Programs and diffs in colour, for terminals. */
#ifndef TS_SUPPORT_COLOUR_H
#define TS_SUPPORT_COLOUR_H

#include "support/support.h"

/* The text of a program, as ts_print_module prints it: comments, names of values and functions, types,
 * numbers and words told apart. */
void ts_colour_program(ts_sink *, const char *text, size_t n);
/* A unified diff: lines taken away red, added green. */
void ts_colour_diff(ts_sink *, const char *text, size_t n);

#endif
