/* Searching for a schedule through the C API: the layer of mlp_symbolic.tir for one shape, over the tiles of
 * original.space. Prints the best, the frontier of time and energy, and runs the tuned program.
 *
 *   cc autotune.c $(pkg-config --cflags --libs tilesmith) -o autotune
 *   ./autotune mlp_symbolic.tir original.space M=64 K=96 N=64 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tilesmith.h>

static void check(ts_context *ctx, ts_result result) {
  if (result == TS_OK) return;
  for (const ts_diag *d = NULL; (d = ts_diagnostic_next(ctx, d));)
    fputs(ts_diagnostic_text(ctx, d), stderr);
  exit((int)result);
}

static char *read_text(const char *path) {
  FILE *file = fopen(path, "rb");
  char *text = calloc(1, 1 << 20);
  if (!file || !text || !fread(text, 1, (1 << 20) - 1, file)) {
    perror(path);
    exit(1);
  }
  fclose(file);
  return text;
}

static bool tell(void *user, const ts_trial_row *trial) {
  (void)user;
  if (strcmp(trial->verdict, "ok") != 0)
    fprintf(stderr, "%s: %s: %s\n", trial->parameters, trial->verdict, trial->reason);
  return true; /* false would end the search here */
}

static const char *kinds[] = {"unknown", "measured", "modelled"};

static void print_frontier(const ts_tuned *tuned) {
  ts_trial_row row = {.size = sizeof row};
  for (size_t k = 0, i; (i = ts_tuned_frontier(tuned, k)) != SIZE_MAX; k++)
    if (ts_tuned_trial(tuned, i, &row))
      printf("%zu: %s  %.4f ms  %.3g J (%s)%s\n", i, row.parameters, row.ms, row.joules,
             kinds[row.energy], i == ts_tuned_knee(tuned) ? "  the knee" : "");
}

int main(int argc, char **argv) {
  if (argc < 3) {
    fprintf(stderr, "usage: %s program.tir tiles.space [M=512 …]\n", argv[0]);
    return 2;
  }
  char extents[256] = "", *text = read_text(argv[1]), *space = read_text(argv[2]);
  for (int i = 3; i < argc; i++)
    snprintf(extents + strlen(extents), sizeof extents - strlen(extents), "%s ", argv[i]);

  ts_context *ctx = ts_context_create();
  ts_module *module, *best;
  ts_tuned *tuned;
  check(ctx, ts_module_parse(ctx, argv[1], text, strlen(text), &module));
  const ts_autotune_options options = {
      .size = sizeof options,
      .extents = extents,
      .inputs = "W=normal:0.05",
      .space = space,
      .objective = TS_OBJECTIVE_ENERGY,
      .energy = "proxy",
      .search = "exhaustive",
      .repeats = 2,
      .seed = 2025,
      .progress = tell,
  };
  check(ctx, ts_autotune(module, &options, &tuned));

  ts_trial_row row = {.size = sizeof row};
  ts_tuned_trial(tuned, ts_tuned_best(tuned), &row);
  printf("best of %zu: %s  %.4f ms  %.3g J (%s)\n", ts_tuned_num_trials(tuned), row.parameters,
         row.ms, row.joules, kinds[row.energy]);
  print_frontier(tuned);

  char *tuned_text;
  check(ctx, ts_tuned_module(tuned, ts_tuned_best(tuned), &best));
  check(ctx, ts_module_text(best, &tuned_text, NULL));
  fputs(tuned_text, stderr);
  ts_text_free(tuned_text);
  ts_module_destroy(best);
  ts_tuned_destroy(tuned);
  ts_module_destroy(module);
  ts_context_destroy(ctx);
  free(text);
  free(space);
  return 0;
}
