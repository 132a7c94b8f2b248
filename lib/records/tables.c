/* Recorded trials for other programs: CSV (RFC 4180) and JSON. Both hold all that a trial has. */
#include "support/json.h"
#include "records/fields_impl.h"

/* Figures of a trial, by name. */
static const struct {
  const char *name;
  size_t at;
} figures[] = {
    {"ms", offsetof(ts_trial, ms.value)},
    {"ms_low", offsetof(ts_trial, ms.low)},
    {"ms_high", offsetof(ts_trial, ms.high)},
    {"joules", offsetof(ts_trial, energy.joules)},
    {"joules_low", offsetof(ts_trial, energy.low)},
    {"joules_high", offsetof(ts_trial, energy.high)},
    {"error", offsetof(ts_trial, error)},
    {"pass_seconds", offsetof(ts_trial, pass_seconds)},
    {"compile_seconds", offsetof(ts_trial, compile_seconds)},
    {"check_seconds", offsetof(ts_trial, check_seconds)},
    {"measure_seconds", offsetof(ts_trial, measure_seconds)},
    {"clock_mhz", offsetof(ts_trial, clock_mhz)},
    {"load", offsetof(ts_trial, load)},
};

static double figure_of(const ts_trial *t, unsigned i) {
  return *(const double *)((const char *)t + figures[i].at);
}

static const char *energy_word(ts_energy_kind kind) {
  static const char *const words[] = {"", "measured", "modelled"};
  return words[kind];
}

/* Texts of a trial, by name. */
enum { NUM_TEXTS = 6 };
static const char *const text_names[NUM_TEXTS] = {"verdict",    "reason", "energy",
                                                  "energy_how", "code",   "pipeline"};
static const char *text_of(const ts_trial *t, unsigned i) {
  const char *const texts[NUM_TEXTS] = {ts_verdict_word(t->verdict),
                                        t->reason,
                                        energy_word(t->energy.kind),
                                        t->energy.how,
                                        t->code,
                                        t->pipeline};
  return texts[i] ? texts[i] : "";
}

/* ---- CSV ---- */

/* Quoted where it has to be. */
static void write_cell(ts_sink *sink, const char *text) {
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

static void write_line(ts_sink *sink, const ts_recorded *r, size_t row) {
  const ts_trial *t = &r->trials[row];
  for (unsigned i = 0; i < r->num_parameters; i++) {
    write_cell(sink, r->parameters[i].texts[r->choices[row * r->num_parameters + i]]);
    ts_sink_putc(sink, ',');
  }
  for (unsigned i = 0; i < ts_countof(figures); i++) {
    ts_json_number(sink, figure_of(t, i));
    ts_sink_putc(sink, ',');
  }
  for (unsigned i = 0; i < NUM_TEXTS; i++) {
    write_cell(sink, text_of(t, i));
    ts_sink_putc(sink, ',');
  }
  ts_sink_printf(sink, "%d,%d,%lld,", t->hopeless, t->duplicate, (long long)t->when);
  write_samples(sink, t);
  ts_sink_puts(sink, "\r\n");
}

void ts_write_csv(ts_sink *sink, const ts_recorded *r) {
  for (unsigned i = 0; i < r->num_parameters; i++) {
    write_cell(sink, r->parameters[i].name);
    ts_sink_putc(sink, ',');
  }
  for (unsigned i = 0; i < ts_countof(figures); i++)
    ts_sink_printf(sink, "%s,", figures[i].name);
  for (unsigned i = 0; i < NUM_TEXTS; i++)
    ts_sink_printf(sink, "%s,", text_names[i]);
  ts_sink_puts(sink, "hopeless,duplicate,when,samples\r\n");
  for (size_t row = 0; row < r->num_rows; row++)
    write_line(sink, r, row);
}

/* ---- JSON ---- */

static void write_text(ts_sink *sink, const char *name, const char *text) {
  ts_sink_printf(sink, ", \"%s\": ", name);
  if (*text)
    ts_json_text(sink, text);
  else
    ts_sink_puts(sink, "null");
}

static void write_trial(ts_sink *sink, const ts_recorded *r, size_t row) {
  const ts_trial *t = &r->trials[row];
  ts_sink_puts(sink, "    {\"parameters\": {");
  for (unsigned i = 0; i < r->num_parameters; i++) {
    if (i) ts_sink_puts(sink, ", ");
    ts_json_text(sink, r->parameters[i].name);
    ts_sink_puts(sink, ": ");
    ts_field_write_value(sink, &r->parameters[i], r->choices[row * r->num_parameters + i]);
  }
  ts_sink_puts(sink, "}");
  for (unsigned i = 0; i < NUM_TEXTS; i++)
    write_text(sink, text_names[i], text_of(t, i));
  for (unsigned i = 0; i < ts_countof(figures); i++)
    ts_field_write_number(sink, figures[i].name, figure_of(t, i));
  ts_sink_printf(sink, ", \"hopeless\": %s, \"duplicate\": %s, \"when\": %lld, \"samples\": ",
                 t->hopeless ? "true" : "false", t->duplicate ? "true" : "false",
                 (long long)t->when);
  ts_json_numbers(sink, t->num_samples, t->samples);
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

void ts_write_json(ts_sink *sink, const ts_recorded *r) {
  ts_sink_puts(sink, "{\n  \"name\": ");
  ts_json_text(sink, r->name);
  write_text(sink, "kernel", r->kernel ? r->kernel : "");
  write_text(sink, "device", r->device ? r->device : "");
  write_text(sink, "objective", r->objective);
  ts_sink_printf(sink, ", \"higher_is_better\": %s,\n  \"parameters\": [\n",
                 r->higher ? "true" : "false");
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
