/* Recorded trials for other programs: CSV (RFC 4180) and JSON. Both hold all that a trial has. */
#include "support/json.h"
#include "records/fields_impl.h"
#include "records/trial_fields_impl.h"

/* ---- CSV ---- */

void ts_write_cell(ts_sink *sink, const char *text) {
  if (!strpbrk(text, ",\"\r\n")) {
    ts_sink_puts(sink, text);
    return;
  }
  ts_sink_putc(sink, '"');
  for (; *text; text++) {
    if (*text == '"') ts_sink_putc(sink, '"');
    ts_sink_putc(sink, *text);
  }
  ts_sink_putc(sink, '"');
}

static void write_samples(ts_sink *sink, const ts_trial *t) {
  for (unsigned i = 0; i < t->num_samples; i++) {
    if (i) ts_sink_putc(sink, ' ');
    ts_json_number(sink, t->samples[i]);
  }
}

static void write_csv_field(ts_sink *sink, const ts_trial *t, const ts_trial_field *f) {
  const char *text;
  switch (f->kind) {
  case TS_FIELD_REAL: ts_json_number(sink, ts_trial_real(t, f)); break;
  case TS_FIELD_FLAG: ts_sink_puts(sink, ts_trial_flag(t, f) ? "true" : "false"); break;
  case TS_FIELD_TIME: ts_sink_int(sink, t->when); break;
  case TS_FIELD_SAMPLES: write_samples(sink, t); break;
  default:
    text = ts_trial_text(t, f);
    if (text) ts_write_cell(sink, text);
  }
}

static void write_line(ts_sink *sink, const ts_recorded *r, size_t row) {
  for (unsigned i = 0; i < r->num_parameters; i++) {
    ts_write_cell(sink, r->parameters[i].texts[r->choices[row * r->num_parameters + i]]);
    ts_sink_putc(sink, ',');
  }
  for (unsigned i = TS_TRIAL_FIELD_parameters + 1; i < TS_NUM_TRIAL_FIELDS; i++) {
    write_csv_field(sink, &r->trials[row], &ts_trial_fields[i]);
    ts_sink_puts(sink, i + 1 < TS_NUM_TRIAL_FIELDS ? "," : "\r\n");
  }
}

void ts_write_csv(ts_sink *sink, const ts_recorded *r) {
  for (unsigned i = 0; i < r->num_parameters; i++) {
    ts_write_cell(sink, r->parameters[i].name);
    ts_sink_putc(sink, ',');
  }
  for (unsigned i = TS_TRIAL_FIELD_parameters + 1; i < TS_NUM_TRIAL_FIELDS; i++)
    ts_sink_printf(sink, "%s%s", ts_trial_fields[i].name,
                   i + 1 < TS_NUM_TRIAL_FIELDS ? "," : "\r\n");
  for (size_t row = 0; row < r->num_rows; row++)
    write_line(sink, r, row);
}

/* ---- JSON ---- */

static void write_text(ts_sink *sink, const char *text) {
  if (text)
    ts_json_text(sink, text);
  else
    ts_sink_puts(sink, "null");
}

static void write_json_field(ts_sink *sink, const ts_trial *t, const ts_trial_field *f) {
  ts_sink_printf(sink, ", \"%s\": ", f->name);
  switch (f->kind) {
  case TS_FIELD_REAL: ts_json_number(sink, ts_trial_real(t, f)); break;
  case TS_FIELD_FLAG: ts_sink_puts(sink, ts_trial_flag(t, f) ? "true" : "false"); break;
  case TS_FIELD_TIME: ts_sink_int(sink, t->when); break;
  case TS_FIELD_SAMPLES: ts_json_numbers(sink, t->num_samples, t->samples); break;
  default: write_text(sink, ts_trial_text(t, f));
  }
}

static void write_trial(ts_sink *sink, const ts_recorded *r, size_t row) {
  ts_sink_puts(sink, "    {\"parameters\": {");
  for (unsigned i = 0; i < r->num_parameters; i++) {
    if (i) ts_sink_puts(sink, ", ");
    ts_json_text(sink, r->parameters[i].name);
    ts_sink_puts(sink, ": ");
    ts_field_write_value(sink, &r->parameters[i], r->choices[row * r->num_parameters + i]);
  }
  ts_sink_puts(sink, "}");
  for (unsigned i = TS_TRIAL_FIELD_parameters + 1; i < TS_NUM_TRIAL_FIELDS; i++)
    write_json_field(sink, &r->trials[row], &ts_trial_fields[i]);
  ts_sink_puts(sink, "}");
}

static void write_parameter(ts_sink *sink, const ts_parameter *p) {
  ts_sink_puts(sink, "    {\"name\": ");
  ts_json_text(sink, p->name);
  ts_sink_puts(sink, ", \"values\": [");
  for (unsigned i = 0; i < p->n; i++) {
    if (i) ts_sink_puts(sink, ", ");
    ts_field_write_value(sink, p, i);
  }
  ts_sink_puts(sink, "]}");
}

static void write_about(ts_sink *sink, const ts_recorded *r) {
  ts_sink_puts(sink, "{\n  \"name\": ");
  write_text(sink, r->name);
  ts_sink_puts(sink, ", \"kernel\": ");
  write_text(sink, r->kernel);
  ts_sink_puts(sink, ", \"device\": ");
  write_text(sink, r->device);
  ts_sink_puts(sink, ", \"objective\": ");
  write_text(sink, r->objective);
  ts_sink_printf(sink, ", \"higher_is_better\": %s", r->higher ? "true" : "false");
}

void ts_write_json(ts_sink *sink, const ts_recorded *r) {
  write_about(sink, r);
  ts_sink_puts(sink, ",\n  \"parameters\": [\n");
  for (unsigned i = 0; i < r->num_parameters; i++) {
    if (i) ts_sink_puts(sink, ",\n");
    write_parameter(sink, &r->parameters[i]);
  }
  ts_sink_puts(sink, "\n  ],\n  \"trials\": [\n");
  for (size_t row = 0; row < r->num_rows; row++) {
    if (row) ts_sink_puts(sink, ",\n");
    write_trial(sink, r, row);
  }
  ts_sink_puts(sink, "\n  ]\n}\n");
}
