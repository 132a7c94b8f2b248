/* A space as it was read, and the reading of it. */
#ifndef TS_TUNE_SPACE_SPACE_IMPL_H
#define TS_TUNE_SPACE_SPACE_IMPL_H

#include "tune/space/expr_impl.h"
#include "tune/space/space.h"

/* ---- what a space holds ---- */

typedef struct ts_space_constant {
  const char *name;
  ts_loc loc;
  double value;
} ts_space_constant;

typedef struct ts_space_list {
  TS_VEC(ts_space_expr *) at;
} ts_space_list;

/* The values of a parameter as they are written. */
typedef struct ts_space_values {
  enum { TS_SPACE_SET, TS_SPACE_STEPS, TS_SPACE_POWERS } kind;
  ts_space_list *list; /* of a range: first, last, step or factor (NULL: 1) */
  ts_loc loc;
} ts_space_values;

typedef struct ts_space_parameter {
  ts_loc loc;
  ts_space_type type;
  ts_parameter known;
  ts_space_range *values; /* known.n */
  ts_space_range bounds;  /* of all of them, and of being absent */
  bool rising;            /* each is a number larger than the one before */
  ts_space_values written;
  const ts_space_expr *condition; /* NULL: always there */
} ts_space_parameter;

typedef struct ts_space_rule {
  ts_loc loc;
  const ts_space_expr *expr;
  const char *why; /* NULL: not said */
} ts_space_rule;

/* A piece of the pipeline. */
typedef struct ts_space_piece ts_space_piece;
typedef struct ts_space_template {
  TS_VEC(ts_space_piece) at;
} ts_space_template;
struct ts_space_piece {
  enum { TS_SPACE_TEXT, TS_SPACE_QUOTED, TS_SPACE_HOLE, TS_SPACE_CASE } kind;
  const char *text;                    /* TEXT, QUOTED */
  const ts_space_expr *expr;           /* HOLE, CASE: its condition */
  ts_space_template *then, *otherwise; /* CASE; NULL: nothing */
};

/* What stands in a file, in its order. */
typedef enum {
  TS_SPACE_ITEM_NAME,
  TS_SPACE_ITEM_CONSTANT,
  TS_SPACE_ITEM_PARAMETER,
  TS_SPACE_ITEM_RULE,
  TS_SPACE_ITEM_PIPELINE,
  TS_SPACE_ITEM_POWER,
  TS_SPACE_ITEM_TOLERANCE,
  TS_SPACE_ITEM_WARMUP,
  TS_SPACE_ITEM_TAKE
} ts_space_item_kind;
typedef struct ts_space_item {
  ts_space_item_kind kind;
  size_t at; /* of several of a kind */
  ts_loc loc;
} ts_space_item;

struct ts_tune_space {
  const ts_source *source;
  const char *name;
  TS_VEC(ts_space_item) items;
  TS_VEC(ts_space_constant) constants;
  TS_VEC(ts_space_parameter) parameters;
  TS_VEC(ts_space_rule) rules;
  ts_space_template *pipeline;
  ts_loc pipeline_text; /* between its braces */
  const ts_space_expr *power;
  ts_tune_space_terms terms;
  uint64_t most_nodes;
};

/* ---- reading ---- */

typedef struct ts_space_named {
  const char *name;
  ts_loc loc;
} ts_space_named;

enum { TS_SPACE_MAX_DEPTH = 250 /* of expressions and of braces in a pipeline */ };

typedef struct ts_space_reader {
  ts_context *ctx;
  ts_arena *arena, scratch; /* of the space; of the scanner and the parser */
  const ts_tune_space_setting *setting;
  ts_tune_space *space;
  const char *base; /* the text being scanned: a copy of the source's */
  uint32_t n;
  ts_ptrmap words; /* by their hash, for one address each */
  /* names that were not known where they stood, told at the end, when it is known what comes later */
  TS_VEC(struct ts_space_stranger {
    const ts_space_expr *expr;
    size_t condition_of; /* place of the parameter; SIZE_MAX: in no condition */
  })
  strangers;

  /* the scanner within a pipeline */
  unsigned depth; /* of braces that the grammar knows */
  unsigned
      braces[TS_SPACE_MAX_DEPTH]; /* of those of the pipeline's text that are open, at each depth */
  ts_loc opened[TS_SPACE_MAX_DEPTH];
  bool in_hole, in_condition; /* within $( and $if( */
  unsigned parentheses;       /* of those that are open there */
  int back;                   /* the state to go back to behind it */
  bool recovering;
  ts_loc surprise;
} ts_space_reader;

/* ---- names and types (check.c) ---- */

/* Adds to a list; NULL: to a new one. */
ts_space_list *ts_space_list_add(ts_space_reader *, ts_space_list *, ts_space_expr *);
/* One address for equal words. */
const char *ts_space_intern(ts_space_reader *, const char *text, size_t n);
/* Each makes an expression; after a report one in error, about which nothing more is said. */
ts_space_expr *ts_space_literal(ts_space_reader *, ts_space_range, ts_loc);
ts_space_expr *ts_space_use(ts_space_reader *, ts_space_named);
ts_space_expr *ts_space_make(ts_space_reader *, ts_space_op, ts_space_list *, ts_loc);
ts_space_expr *ts_space_make2(ts_space_reader *, ts_space_op, ts_space_expr *, ts_space_expr *,
                              ts_loc);
ts_space_expr *ts_space_make_call(ts_space_reader *, ts_space_named, ts_space_list *, ts_loc);
/* Reports an expression of another type, and one that is in error (then only false). */
bool ts_space_demand(ts_space_reader *, ts_space_expr *, ts_space_type);
/* The value of one without parameters; one without a value after a report. */
ts_space_range ts_space_fixed(ts_space_reader *, ts_space_expr *, const char *what);
/* Makes a name that nothing is known by a word. */
void ts_space_become_word(ts_space_reader *, ts_space_expr *);
/* Reports the names that nothing is known by, now that all is read. */
void ts_space_report_strangers(ts_space_reader *);
/* Whether something that stands before is called so; then what it is, "a parameter". */
const char *ts_space_what_is(const ts_space_reader *, const char *name);
/* Words that the grammar keeps for itself (space.l). */
bool ts_space_is_reserved(const char *word);

/* ---- actions of the grammar (parse.c) ---- */

void ts_space_read_name(ts_space_reader *, ts_space_named, ts_loc);
void ts_space_read_constant(ts_space_reader *, ts_space_named, ts_space_expr *, ts_loc);
void ts_space_read_parameter(ts_space_reader *, ts_space_named, ts_space_values,
                             ts_space_expr *condition, ts_loc);
void ts_space_read_rule(ts_space_reader *, ts_space_expr *, const char *why, ts_loc);
void ts_space_read_pipeline(ts_space_reader *, ts_space_template *, ts_loc inside, ts_loc);
void ts_space_read_power(ts_space_reader *, ts_space_expr *, ts_loc);
void ts_space_read_tolerance(ts_space_reader *, ts_space_expr *, ts_loc);
void ts_space_read_warmup(ts_space_reader *, ts_space_expr *, ts_loc);
void ts_space_read_take(ts_space_reader *, ts_space_named, ts_loc);
ts_space_template *ts_space_add_piece(ts_space_reader *, ts_space_template *, ts_space_piece);
void ts_space_unexpected(ts_space_reader *, ts_loc, bool at_end, int n,
                         const char *const *expected);

/* ---- values of parameters (values.c) ---- */

/* Fills in type, values and texts; false after a report. */
bool ts_space_list_values(ts_space_reader *, const ts_space_values *, ts_space_parameter *);

/* ---- points ---- */

/* Whether there may be values of the parameters, legal or not, at which the expression has none. */
bool ts_space_may_lack(const ts_tune_space *, const ts_space_expr *);
/* The values of the parameters at a point; absent ones have none. */
void ts_space_values_at(const ts_tune_space *, const ts_choice *point, ts_space_range *values);

#endif
