/* Rows of values as choices from lists. */
#include <math.h>
#include <stdlib.h>

#include "records/rows_impl.h"

void ts_rows_begin(ts_rows *rows, ts_context *ctx, ts_arena *arena, const char *file,
                   const char *what) {
  *rows = (ts_rows){.ctx = ctx, .arena = arena, .file = file, .what = what};
  ts_arena_init(&rows->scratch, &ctx->memory);
  ts_interner_init(&rows->texts, &ctx->memory, &rows->scratch);
  ts_ptrmap_init(&rows->places, &rows->scratch);
}

void ts_rows_drop(ts_rows *rows) {
  if (!rows->ctx) return;
  ts_interner_drop(&rows->texts);
  ts_arena_drop(&rows->scratch);
}

void ts_rows_column(ts_rows *rows, const char *name) {
  ts_push(&rows->scratch, &rows->columns, (ts_column){.name = ts_strdup(rows->arena, name)});
}

ts_result ts_rows_error(ts_rows *rows, const char *fmt, ...) {
  va_list args;
  va_start(args, fmt);
  const char *text = ts_vsprintf(&rows->scratch, fmt, args);
  va_end(args);
  return ts_error_plain(rows->ctx, "%s: %s %zu %s", rows->file, rows->what, rows->trials.n + 1,
                        text);
}

ts_result ts_rows_place(ts_rows *rows, unsigned j, ts_value value, ts_choice *out) {
  ts_column *column = &rows->columns.at[j];
  ts_str id = ts_intern(&rows->texts, value.text);
  const void *key = (const void *)((uintptr_t)id * rows->columns.n + j + 1);
  uintptr_t place = (uintptr_t)ts_ptrmap_get(&rows->places, key);
  if (!place) {
    if (column->values.n == TS_MAX_CHOICES)
      return ts_rows_error(rows, "is the %uth with another '%s', which is more than are kept",
                           TS_MAX_CHOICES + 1, column->name);
    value.text = ts_intern_text(&rows->texts, id);
    ts_push(&rows->scratch, &column->values, value);
    place = column->values.n;
    ts_ptrmap_put(&rows->places, key, (void *)place);
  }
  *out = (ts_choice)(place - 1);
  return TS_OK;
}

void ts_rows_push_place(ts_rows *rows, ts_choice place) {
  ts_push(&rows->scratch, &rows->cells, place);
}

ts_result ts_rows_push(ts_rows *rows, ts_value value) {
  ts_choice place = 0;
  ts_result result =
      ts_rows_place(rows, (unsigned)(rows->cells.n % rows->columns.n), value, &place);
  if (!result) ts_rows_push_place(rows, place);
  return result;
}

ts_trial *ts_rows_trial(ts_rows *rows) {
  ts_push(&rows->scratch, &rows->trials, (ts_trial){0});
  return &rows->trials.at[rows->trials.n - 1];
}

/* ---- the end ---- */

/* The values of a column that rows have, in their order in the result. */
typedef struct kept {
  unsigned column, n;
  ts_value *values;
  ts_choice *from, *to; /* places in the column of those, and back */
} kept;

static int compare_values(const void *a, const void *b, void *values) {
  const ts_value *x = (const ts_value *)values + *(const ts_choice *)a;
  const ts_value *y = (const ts_value *)values + *(const ts_choice *)b;
  if (x->number < y->number) return -1;
  if (x->number > y->number) return 1;
  return strcmp(x->text, y->text);
}

static bool all_numbers(const ts_column *column) {
  for (size_t i = 0; i < column->values.n; i++)
    if (isnan(column->values.at[i].number)) return false;
  return true;
}

static int compare_texts(const void *a, const void *b, void *values) {
  return strcmp(((const ts_value *)values)[*(const ts_choice *)a].text,
                ((const ts_value *)values)[*(const ts_choice *)b].text);
}

static kept keep_values(ts_rows *rows, unsigned j, bool sorted) {
  ts_column *column = &rows->columns.at[j];
  size_t n = column->values.n;
  kept k = {.column = j,
            .from = ts_new_array(&rows->scratch, ts_choice, n + 1),
            .to = ts_new_array(&rows->scratch, ts_choice, n + 1)};
  bool *used = ts_new_array(&rows->scratch, bool, n + 1);
  for (size_t i = j; i < rows->cells.n; i += rows->columns.n)
    used[rows->cells.at[i]] = true;
  for (size_t i = 0; i < n; i++)
    if (used[i]) k.from[k.n++] = (ts_choice)i;
  if (sorted && k.n)
    qsort_r(k.from, k.n, sizeof *k.from, all_numbers(column) ? compare_values : compare_texts,
            column->values.at);
  for (unsigned i = 0; i < k.n; i++)
    k.to[k.from[i]] = (ts_choice)i;
  return k;
}

static ts_parameter parameter_of(ts_rows *rows, const kept *k) {
  const ts_column *column = &rows->columns.at[k->column];
  ts_parameter p = {.name = column->name, .n = k->n};
  p.texts = ts_new_array(rows->arena, const char *, k->n);
  if (all_numbers(column)) p.numbers = ts_new_array(rows->arena, double, k->n);
  for (unsigned i = 0; i < k->n; i++) {
    const ts_value *value = &column->values.at[k->from[i]];
    p.texts[i] = ts_strdup(rows->arena, value->text);
    if (p.numbers) p.numbers[i] = value->number;
  }
  return p;
}

static int compare_rows(const void *a, const void *b, void *rows_) {
  const ts_rows *rows = rows_;
  size_t x = *(const size_t *)a, y = *(const size_t *)b;
  int order = memcmp(rows->cells.at + x * rows->columns.n, rows->cells.at + y * rows->columns.n,
                     rows->columns.n * sizeof(ts_choice));
  return order ? order : x < y ? -1 : 1;
}

static ts_result refuse_twins(ts_rows *rows) {
  size_t n = rows->trials.n, *order = ts_new_array(&rows->scratch, size_t, n);
  for (size_t i = 0; i < n; i++)
    order[i] = i;
  qsort_r(order, n, sizeof *order, compare_rows, rows);
  for (size_t i = 1; i < n; i++)
    if (memcmp(rows->cells.at + order[i - 1] * rows->columns.n,
               rows->cells.at + order[i] * rows->columns.n,
               rows->columns.n * sizeof(ts_choice)) == 0)
      return ts_error_plain(rows->ctx, "%s: %s %zu has the parameters of %s %zu", rows->file,
                            rows->what, order[i] + 1, rows->what, order[i - 1] + 1);
  return TS_OK;
}

static const char *row_text(ts_rows *rows, const ts_recorded *r, size_t row) {
  ts_sink text;
  ts_sink_buffer(&text, &rows->ctx->memory);
  for (unsigned i = 0; i < r->num_parameters; i++)
    ts_sink_printf(&text, "%s%s=%s", i ? " " : "", r->parameters[i].name,
                   r->parameters[i].texts[r->choices[row * r->num_parameters + i]]);
  const char *copy = ts_strndup(rows->arena, text.buf ? text.buf : "", text.n);
  ts_sink_drop(&text);
  return copy;
}

ts_result ts_rows_end(ts_rows *rows, bool sorted, ts_recorded *out) {
  ts_result result = refuse_twins(rows);
  if (result) return result;
  unsigned n = 0;
  kept *columns = ts_new_array(&rows->scratch, kept, rows->columns.n + 1);
  for (unsigned j = 0; j < rows->columns.n; j++) {
    columns[n] = keep_values(rows, j, sorted);
    n += columns[n].n > 1 || rows->trials.n == 1;
  }
  if (n > TS_MAX_PARAMETERS)
    return ts_error_plain(rows->ctx, "%s: %u parameters are more than the %u that can be kept",
                          rows->file, n, TS_MAX_PARAMETERS);
  out->num_parameters = n;
  out->parameters = ts_new_array(rows->arena, ts_parameter, n);
  for (unsigned i = 0; i < n; i++)
    out->parameters[i] = parameter_of(rows, &columns[i]);
  out->num_rows = rows->trials.n;
  out->choices = ts_new_array(rows->arena, ts_choice, out->num_rows * n);
  out->trials = ts_new_array(rows->arena, ts_trial, out->num_rows);
  if (out->num_rows) memcpy(out->trials, rows->trials.at, out->num_rows * sizeof *out->trials);
  for (size_t row = 0; row < out->num_rows; row++) {
    for (unsigned i = 0; i < n; i++)
      out->choices[row * n + i] =
          columns[i].to[rows->cells.at[row * rows->columns.n + columns[i].column]];
    if (!out->trials[row].parameters) out->trials[row].parameters = row_text(rows, out, row);
  }
  return TS_OK;
}
