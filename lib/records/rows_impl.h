/* Rows on their way to a recorded space. */
#ifndef TS_RECORDS_ROWS_IMPL_H
#define TS_RECORDS_ROWS_IMPL_H

#include "records/recorded.h"

/* A value as it stands in a pipeline; NaN: a word. Two are one when their texts are. */
typedef struct ts_value {
  const char *text;
  double number;
} ts_value;

typedef struct ts_column {
  const char *name;
  TS_VEC(ts_value) values; /* as they came */
} ts_column;

/* How many columns there are is known before the first row; their values come by and by. */
typedef struct ts_rows {
  ts_context *ctx;
  ts_arena *arena; /* of the result */
  ts_arena scratch;
  const char *file, *what; /* of messages: "a.json", "result" */
  TS_VEC(ts_column) columns;
  ts_interner texts;
  ts_ptrmap places; /* of a value in its column, by text and column */
  TS_VEC(ts_choice) cells;
  TS_VEC(ts_trial) trials;
} ts_rows;

void ts_rows_begin(ts_rows *, ts_context *, ts_arena *, const char *file, const char *what);
void ts_rows_drop(ts_rows *);
/* Adds a column, before the first value. */
void ts_rows_column(ts_rows *, const char *name);
/* The place of the value in column j, where it is put behind the others when it is new. TS_ERR: there are too many. */
ts_result ts_rows_place(ts_rows *, unsigned j, ts_value, ts_choice *);
/* Puts a value, or what has this place, into the next cell: row by row, in each column by column. */
ts_result ts_rows_push(ts_rows *, ts_value);
void ts_rows_push_place(ts_rows *, ts_choice);
/* Closes a row with its trial, which is to be filled. */
ts_trial *ts_rows_trial(ts_rows *);
/* An error about the row that is being filled, by its number. */
ts_result ts_rows_error(ts_rows *, const char *fmt, ...) TS_PRINTF(2, 3);
/* Fills what `out` says of parameters, rows and trials: values that no row has and columns of a single value are left
 * out, values sorted when `sorted`, else in the order they came; trials get the text of their parameters. */
ts_result ts_rows_end(ts_rows *, bool sorted, ts_recorded *out);

#endif
