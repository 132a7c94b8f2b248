/* IR as text: reading, printing, and the names that values are printed under. */
#ifndef TS_SYNTAX_SYNTAX_H
#define TS_SYNTAX_SYNTAX_H

#include "ir/outline.h"

/* Parses text. On errors, messages stand in the context and *out is NULL. `source` is kept by
 * reference and must outlive the module; its text must end in two NUL bytes and lie in writable
 * memory (the scanner terminates each token in place while it reads, and restores it). Every op is
 * typed by inference as it is read; the result is verified only by ts_verify. */
ts_result ts_parse_source(ts_context *, const ts_source *source, ts_module **out);
/* Adds the functions and globals of a text to a module that was itself parsed. On errors no function is
 * added. What `source` is, ts_parse_source says. */
ts_result ts_parse_funcs(ts_module *, const ts_source *source);
/* Adds statements at the end of a function's body. They see the values named in `visible` and no others.
 * On errors nothing is added. The new ops have no place in the module's source. */
typedef struct ts_parse_name {
  ts_str name;
  ts_value *value;
} ts_parse_name;
ts_result ts_parse_ops(ts_func *, const ts_source *source, unsigned n,
                       const ts_parse_name *visible);
void ts_print_module(ts_sink *, const ts_module *);
void ts_print_func(ts_sink *, const ts_func *);
void ts_print_func_bare(ts_sink *, const ts_func *); /* without comments and blank lines */
/* Gives every value the name that it is printed under: numbers to those without one, _1, _2 … to those
 * whose name is visible where they are defined. The module prints as before. */
void ts_name_values(ts_module *);
/* The same of one function, in time that depends on it alone. `marks` is all zeros, before and after:
 * what one call leaves another can use, as long as the arena lives. */
typedef struct ts_name_marks {
  ts_arena *arena;
  uint8_t *at; /* by ts_str */
  size_t n;
} ts_name_marks;
void ts_name_func_values(ts_func *, ts_name_marks *marks);
/* One op with its regions, named as in its function's text. Costs a walk over the function. */
void ts_print_op(ts_sink *, const ts_func *, const ts_op *);
/* A value as it is written in its function's text: %name or a literal; an expression with the op's dims in
 * place of d0, d1, …. As costly. */
void ts_print_value(ts_sink *, const ts_func *, const ts_value *);
void ts_print_aff(ts_sink *, const ts_op *, const ts_aff *);
const char *ts_value_text(ts_arena *, const ts_func *, const ts_value *);
/* Settles the names of these parts, in the order of the text, and of those behind them that they shadow, as
 * ts_name_func_values does. */
void ts_name_parts(ts_func *, ts_name_marks *, const ts_part_list *);

/* The tables as markdown. */
void ts_print_ops(ts_sink *, unsigned levels); /* the ops of exactly these levels */
void ts_print_attrs(ts_sink *);

#endif
