/* What a person sees of a session: the line that tells how it goes, the table at its end, plots. */
#ifndef TS_TUNE_REPORT_REPORT_H
#define TS_TUNE_REPORT_REPORT_H

#include "tune/session/tune.h"

typedef struct ts_tune_report {
  const char *title; /* "mlp M=512 K=768 N=512, native, 2 threads" */
  const ts_domain *domain;
  ts_objective objective;
  const ts_tune_outcome *outcome;
  ts_frontier frontier;
  size_t
      recipe; /* the place of the recipe's own choice in outcome->points; SIZE_MAX: it is not among them */
  double
      optimum; /* the least cost that is recorded, of a replay: then JSON has it, `fraction` (optimum over the
                     best found) and a curve of fractions, one after each trial; 0: it is not known */
  const char *taken; /* "median of 10" */
} ts_tune_report;

/* One line without a newline, at most `columns` wide: done, best, rate, time left. */
void ts_report_progress(ts_sink *, const ts_domain *, ts_objective, const ts_tune_progress *,
                        unsigned columns);
/* Best, recipe and gain; what failed, by verdict; with `frontier` its points: index, parameters, time, power, energy,
 * measured or modelled. */
void ts_report_table(ts_sink *, const ts_tune_report *, bool frontier);
/* Everything as JSON: best, curve (the best cost after each trial), points, frontier. */
void ts_report_json(ts_sink *, const ts_tune_report *);
/* How much of the variance of log cost each parameter explains, by an ensemble of trees over the good points: Sobol
 * indices of first order (functional ANOVA: Hutter et al., ICML 2014). n values, summing to at most 1. */
void ts_report_importance(ts_context *, const ts_tune_report *, double *importance);
/* How a plot is drawn: as characters for a terminal, or as a picture. */
typedef enum { TS_PLOT_TEXT, TS_PLOT_SVG, TS_PLOT_PNG } ts_plot;
/* By the ending of the file, .svg or .png; false: it has another. */
bool ts_report_plot_kind(const char *path, ts_plot *out);
/* Draws, by gnuplot, all candidates with frontier and knee by time and energy (without energy: by trial and time), the best
 * so far after each trial, and how much parameters matter. The picture, or text of so many columns, goes to the sink when
 * it is whole. TS_ERR when gnuplot is missing, with the name of its package, or fails, with its words. */
ts_result ts_report_plot(ts_context *, const ts_tune_report *, ts_plot, unsigned columns,
                         ts_sink *);
/* Whether there is a gnuplot: TS_ERR, with a message, where there is none. */
ts_result ts_report_check_plot(ts_context *);

#endif
