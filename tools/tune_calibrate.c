/* ts-tune calibrate: weights of modelled energy, fitted to what counters measured. */
#include <math.h>

#include "tune.h"
#include "tune/energy/energy.h"

typedef struct calibrate {
  ts_tool tool;
  const char *energy, *samples, *keep, *model;
  ts_energy_meter *meter;
} calibrate;

/* Recorded ones, or those of this machine. */
static ts_result get_samples(calibrate *o, ts_energy_samples *out) {
  ts_context *ctx = o->tool.ctx;
  if (o->samples) return ts_energy_samples_read(ctx, &ctx->arena, o->samples, out);
  ts_result result = ts_energy_meter_open(ctx, &ctx->arena, o->energy, &o->meter);
  if (result) return result;
  ts_inform_plain(ctx, "measuring by %s", ts_energy_meter_name(o->meter));
  ts_tool_print_diagnostics(&o->tool);
  return ts_energy_samples_take(ctx, &ctx->arena, o->meter, out);
}

static ts_result write_samples(calibrate *o, const ts_energy_samples *s) {
  ts_output out;
  if (!o->keep) return TS_OK;
  ts_result result = ts_output_open(&o->tool, &out, o->keep);
  if (result) return result;
  ts_energy_samples_print(&out.sink, s);
  return ts_output_commit(&o->tool, &out);
}

static ts_result write_model(calibrate *o, const ts_energy_model *m) {
  ts_output out;
  ts_result result = ts_output_open(&o->tool, &out, o->model);
  if (result) return result;
  ts_energy_model_print(&out.sink, m);
  return ts_output_commit(&o->tool, &out);
}

/* How well the weights say what was measured. */
static void tell(const ts_energy_samples *s, const ts_energy_model *m, double error) {
  fprintf(stderr, "%-30s %10s %10s %8s\n", "sample", "measured/J", "modelled/J", "off");
  for (unsigned i = 0; i < s->n; i++) {
    double modelled = ts_energy_model_joules(m, &s->counted[i]);
    double tenths = round(1000 * (modelled / s->joules[i] - 1));
    fprintf(stderr, "%-30s %10.4g %10.4g %7.1f%%\n", s->names[i], s->joules[i], modelled,
            tenths / 10 + 0.0); /* no -0.0 */
  }
  fprintf(stderr, "%.3g pJ a flop; %.3g, %.3g and %.3g pJ a byte; %.3g W at rest; off by %.1f %%\n",
          1e12 * m->j_flop, 1e12 * m->j_byte[0], 1e12 * m->j_byte[1], 1e12 * m->j_byte[2], m->watts,
          100 * error);
}

static ts_result run(void *arg) {
  calibrate *o = arg;
  ts_energy_samples samples;
  ts_energy_model model;
  double error;
  ts_result result = get_samples(o, &samples);
  if (!result) result = write_samples(o, &samples);
  if (!result)
    result = ts_energy_fit(o->tool.ctx, samples.n, samples.counted, samples.joules, &model, &error);
  if (result) return result;
  tell(&samples, &model, error);
  return write_model(o, &model);
}

static void clean_up(void *arg) { ts_energy_meter_close(((calibrate *)arg)->meter); }

int tune_calibrate_main(int argc, char **argv) {
  calibrate o = {.energy = "any", .model = "-"};
  const ts_flag flags[] = {
      {"model", TS_FLAG_STRING, "file", "where the model goes, for --energy-model", "Output",
       .at = &o.model, .also = "o"},
      {"keep-samples", TS_FLAG_STRING, "file", "write what was measured, too", "Output",
       .at = &o.keep},
      {"samples", TS_FLAG_STRING, "file",
       "fit these samples (JSON) in place of measuring: a list of objects with name, flops, bytes (three: "
       "first-level cache, second-level cache, memory), seconds, joules",
       "Input", .at = &o.samples},
      {"energy", TS_FLAG_STRING, "from",
       "which counters: any (the first that there are), rapl, rapl{sysfs=DIR}, nvml, nvml{device=1}",
       "Input", .at = &o.energy},
  };
  ts_result result =
      ts_tool_begin(&o.tool, "ts-tune calibrate", "fit the weights of modelled energy", &o);
  if (!result) result = ts_tool_parse(&o.tool, argc, argv, flags, ts_countof(flags), 0);
  if (!result && !o.tool.done) result = ts_protect_cleanup(o.tool.ctx, run, clean_up, &o);
  return ts_tool_end(&o.tool, result);
}
