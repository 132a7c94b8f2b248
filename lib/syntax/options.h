/* Options as text: "acc=f32 threads=2" to the struct that a pass or an engine is given, and back.
 *
 * A table says what options there are and where each stands in the struct. A value with white space, commas or
 * braces stands in quotes; # begins a comment, up to the end of the line. Every message points into what the
 * user wrote. */
#ifndef TS_SYNTAX_OPTIONS_H
#define TS_SYNTAX_OPTIONS_H

#include "ir/ir.h"

/* ---- tables ---- */

/* What an option's value is, and what holds it in the struct. */
typedef enum {
  TS_OPT_BOOL,    /* bool; the name alone means true */
  TS_OPT_INT,     /* int64_t */
  TS_OPT_SIZE,    /* uint64_t: bytes, as "64M" */
  TS_OPT_SECONDS, /* double: a duration, as "500ms" */
  TS_OPT_DTYPE,   /* ts_dtype; TS_NUM_DTYPES: not set */
  TS_OPT_STRING,  /* const char * */
  TS_OPT_FUNC,    /* const char *: the name of a function, kept without its @ */
  TS_OPT_LOOP,    /* const char *: the name of a loop */
  TS_OPT_LOOPS /* ts_loop_list: every word that is no other option's name, such as `i=96 j=64` or `k i.i j.i` */
} ts_opt_kind;

/* The loops (or buffers) that a scheduling pass is told about, in the order of the text. */
typedef struct ts_loop_item {
  const char *name;  /* without its % */
  const char *value; /* what stands after '='; NULL: nothing */
} ts_loop_item;
typedef struct ts_loop_list {
  TS_VEC(ts_loop_item) items;
} ts_loop_list;

typedef struct ts_option {
  const char *name;
  ts_opt_kind kind;
  size_t offset;                   /* in the struct */
  const char *otherwise, *summary; /* default as text ("" for none); one line */
  int64_t least, most;             /* of INT */
  const char *value_name;          /* what a help text calls the value; NULL: by its kind */
  bool embedded; /* for programs that use the library: no tool has a flag for it */
} ts_option;

typedef struct ts_option_table {
  const ts_option *at;
  unsigned n;
  size_t bytes; /* of the struct */
} ts_option_table;
#define TS_OPTIONS(table, type) {(table), ts_countof(table), sizeof(type)} /* an initialiser */

/* Whose options these are, as messages call it: "pass" and "tile". */
typedef struct ts_options_owner {
  const char *kind, *name;
  const ts_option_table *table;
} ts_options_owner;

const ts_option *ts_option_find(const ts_option_table *, const char *name); /* NULL: none */
/* A struct with every option at its default, in the arena. */
void *ts_options_default(ts_arena *, const ts_option_table *);
/* What stands for a value in a help text: "<int>". */
const char *ts_option_value_name(const ts_option *);

/* ---- reading ---- */

/* A text being read. The source must live as long as the context's messages. */
typedef struct ts_text_reader {
  ts_context *ctx;
  const ts_source *source;
  size_t at;
  bool refers; /* loops may be called by how they were made, j:i (pass/made.h) */
} ts_text_reader;

/* The text copied into the context as a source of that name, for messages to point into. */
const ts_source *ts_text_source(ts_context *, const char *name, const char *text);
char ts_text_peek(const ts_text_reader *); /* NUL at the end */
bool ts_text_at_end(const ts_text_reader *);
void ts_text_skip_space(ts_text_reader *); /* and comments */
/* Letters, digits, '-' and '_'; "" when none stands here. */
const char *ts_text_name(ts_text_reader *);
/* "expected WHAT, found 'x'". TS_USAGE. */
ts_result ts_text_expected(ts_text_reader *, const char *what);

/* Options up to the end, into the struct. TS_USAGE, with a message, for an unknown option and a bad value. */
ts_result ts_options_read(ts_text_reader *, const ts_options_owner *, void *values);
/* The same between braces, when a '{' stands here; what follows is left in place. */
ts_result ts_options_read_braced(ts_text_reader *, const ts_options_owner *, void *values);

/* ---- printing ---- */

bool ts_option_is_default(const ts_option *, const void *values);
/* Those that are not at their defaults, with `open` before the first; whether there was any. */
bool ts_options_print(ts_sink *, const ts_option_table *, const void *values, const char *open);

#endif
