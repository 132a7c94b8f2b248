/* What ts-tune prints: how it goes, the table, and the result. */
#include <sys/ioctl.h>
#include <unistd.h>

#include "syntax/syntax.h"
#include "tune.h"

/* ---- how it goes ---- */

static unsigned columns_of(FILE *file) {
  struct winsize size;
  if (!isatty(fileno(file)) || ioctl(fileno(file), TIOCGWINSZ, &size) != 0) return 0;
  return size.ws_col ? size.ws_col : 80;
}

void tune_progress(void *user, const ts_tune_progress *p) {
  tune *o = user;
  unsigned columns = columns_of(stderr);
  if (!columns) return;
  ts_sink line;
  ts_sink_buffer(&line, NULL);
  const ts_domain *domain = &(o->symbolic.running ? o->symbolic.running : &o->job)->domain;
  ts_report_progress(&line, domain, o->job.objective, p, columns - 1);
  if (!ts_sink_finish(&line)) fprintf(stderr, "\r\033[K%s", line.buf);
  fflush(stderr);
  ts_sink_drop(&line);
}

void tune_end_progress(const tune *o) {
  (void)o;
  if (columns_of(stderr)) fputs("\r\033[K", stderr);
}

void tune_say_end(tune *o, const ts_tune_outcome *outcome) {
  if (outcome->end == TS_END_INTERRUPTED)
    ts_inform_plain(o->tool.ctx, "interrupted: the best of the %zu that were tried",
                    outcome->points.n);
  if (outcome->recalled)
    ts_inform_plain(o->tool.ctx, "%llu of %zu trials were known from the records",
                    (unsigned long long)outcome->recalled, outcome->points.n);
}

/* ---- the space ---- */

ts_result tune_print_space(tune *o, const ts_tune_job *job) {
  ts_output out;
  ts_result result = ts_output_open(&o->tool, &out, o->output);
  if (result) return result;
  ts_tune_space_print(&out.sink, job->space);
  return ts_output_commit(&o->tool, &out);
}

ts_result tune_print_count(ts_tune_job *job) {
  ts_result result = ts_tune_job_count(job);
  if (!result) printf("%llu\n", (unsigned long long)job->domain.count);
  return result;
}

/* ---- the result ---- */

/* What won and how it was found, in front of the program. */
static void print_provenance(ts_sink *out, const tune *o, const ts_tune_report *r) {
  const ts_trial *best = &r->outcome->points.at[r->outcome->best].trial;
  ts_sink_printf(out, "// Tuned: %s\n// %s: %.4g ms, %s, 95 %% within [%.4g, %.4g]\n", r->title,
                 best->parameters, best->ms.value, r->taken, best->ms.low, best->ms.high);
  if (r->recipe != SIZE_MAX && ts_trial_ok(&r->outcome->points.at[r->recipe].trial))
    ts_sink_printf(out, "// The recipe alone: %.4g ms. The best of %zu that were tried.\n",
                   r->outcome->points.at[r->recipe].trial.ms.value, r->outcome->points.n);
  ts_sink_puts(out, "//   ts-opt");
  for (size_t i = 0; i < o->request.defines.n; i++)
    ts_sink_printf(out, " -D %s=%lld", o->request.defines.at[i].name,
                   (long long)o->request.defines.at[i].value);
  ts_sink_printf(out, " --pass-pipeline='%s'\n", best->pipeline);
}

static void export_trials(ts_sink *out, const tune *o, const ts_tune_report *r) {
  ts_arena *arena = &o->tool.ctx->arena;
  size_t n = r->outcome->points.n, width = r->domain->n;
  ts_recorded recorded = {.name = r->title,
                          .objective = "time",
                          .num_parameters = r->domain->n,
                          .parameters = r->domain->parameters,
                          .num_rows = n,
                          .choices = ts_new_array(arena, ts_choice, n * width + 1),
                          .trials = ts_new_array(arena, ts_trial, n + 1)};
  for (size_t i = 0; i < n; i++) {
    memcpy(recorded.choices + i * width, r->outcome->points.at[i].point, width * sizeof(ts_choice));
    recorded.trials[i] = r->outcome->points.at[i].trial;
  }
  ts_recorded_write(out, (ts_export)o->export, &recorded);
}

static void print_result(ts_sink *out, const tune *o, const ts_tune_report *r, ts_module *module) {
  if (o->export != TUNE_EXPORT_NOTHING) {
    export_trials(out, o, r);
  } else if (o->emit == TUNE_EMIT_JSON) {
    ts_report_json(out, r);
  } else if (o->emit == TUNE_EMIT_PIPELINE) {
    ts_sink_printf(out, "%s\n", r->outcome->points.at[r->outcome->best].trial.pipeline);
  } else if (module) {
    print_provenance(out, o, r);
    ts_print_module(out, module);
  }
}

/* Records of other tuners have none. */
static bool lacks_pipeline(const tune *o, const ts_tune_report *r) {
  const ts_tune_outcome *outcome = r->outcome;
  return o->export == TUNE_EXPORT_NOTHING && o->emit == TUNE_EMIT_PIPELINE &&
         (outcome->best == SIZE_MAX || !outcome->points.at[outcome->best].trial.pipeline);
}

static ts_result write_result(tune *o, const ts_tune_report *r, ts_module *module) {
  ts_output out;
  if (lacks_pipeline(o, r))
    return ts_error_plain(o->tool.ctx, "the records of '%s' hold no pipelines", o->replay);
  ts_result result = ts_output_open(&o->tool, &out, o->output);
  if (result) return result;
  print_result(&out.sink, o, r, module);
  return ts_output_commit(&o->tool, &out);
}

static unsigned text_columns(void) {
  unsigned columns = columns_of(stderr);
  return columns ? columns : 100;
}

static ts_result write_plot(tune *o, const ts_tune_report *r) {
  ts_output out;
  ts_plot kind;
  if (!o->plot_path) return TS_OK;
  (void)ts_report_plot_kind(o->plot_path, &kind); /* seen to when the command line was read */
  ts_result result = ts_output_open(&o->tool, &out, o->plot_path);
  if (result) return result;
  result = ts_report_plot(o->tool.ctx, r, kind, 0, &out.sink);
  if (!result) return ts_output_commit(&o->tool, &out);
  ts_output_discard(&out);
  return result;
}

static ts_result print_table(tune *o, const ts_tune_report *r) {
  ts_sink err;
  ts_sink_file(&err, NULL, stderr);
  ts_report_table(&err, r, o->frontier || o->plot || o->objective != TS_OBJECTIVE_TIME);
  ts_result result = TS_OK;
  if (o->plot && !o->plot_path)
    result = ts_report_plot(o->tool.ctx, r, TS_PLOT_TEXT, text_columns(), &err);
  (void)!ts_sink_finish(&err);
  ts_sink_drop(&err);
  return result ? result : write_plot(o, r);
}

/* What is measured again at the end has more samples than others. */
static const char *taken(tune *o, const ts_tune_outcome *outcome) {
  const ts_trial *best = &outcome->points.at[outcome->best].trial;
  return ts_tune_job_taken(&o->job, ts_max(best->num_samples, o->job.repeats));
}

ts_result tune_tell(tune *o, const char *title, const ts_domain *domain,
                    const ts_tune_outcome *outcome, size_t recipe, double optimum,
                    ts_module *module) {
  ts_tune_report r = {.title = title,
                      .domain = domain,
                      .objective = o->job.objective,
                      .outcome = outcome,
                      .frontier = ts_frontier_of(&o->tool.ctx->arena, outcome),
                      .recipe = recipe,
                      .optimum = optimum,
                      .taken = o->replay ? "recorded" : taken(o, outcome)};
  ts_result plotted = print_table(o, &r);
  ts_result result = write_result(o, &r, module);
  return result ? result : plotted;
}
