/* Writes outputs to files, and checks beforehand that no two of them go to the same file. */
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "run/run_impl.h"

/* ---- which file a path is ---- */

/* Without the links in it; NULL for what takes more than one output, such as a device. */
static const char *real_file(ts_context *ctx, const char *path) {
  char real[PATH_MAX];
  struct stat st;
  if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) return NULL;
  if (realpath(path, real)) return ts_strdup(&ctx->arena, real);
  const char *slash = strrchr(path, '/');
  const char *folder = slash ? ts_strndup(&ctx->arena, path, (size_t)(slash - path) + 1) : ".";
  if (!realpath(folder, real)) return path; /* which writing will report */
  return ts_sprintf(&ctx->arena, "%s/%s", real, slash ? slash + 1 : path);
}

/* What an option writes. */
typedef struct target {
  const char *option;
  const char *file;   /* NULL: takes more than one */
  const char *tensor; /* of a safetensors file; else NULL */
} target;

static target output_target(ts_context *ctx, const ts_run_words *words, const ts_setting *output) {
  const char *path = *output->text == '@' ? output->text + 1 : output->text, *tensor;
  size_t n = ts_array_path_length(path, &tensor);
  return (target){ts_sprintf(&ctx->arena, "%s%s=%s", words->output, output->name, output->text),
                  real_file(ctx, ts_strndup(&ctx->arena, path, n)), tensor};
}

static bool same_file(const target *a, const target *b) {
  return a->file && b->file && strcmp(a->file, b->file) == 0;
}

static ts_result check_pair(ts_context *ctx, const target *a, const target *b) {
  if (!same_file(a, b)) return TS_OK;
  bool tensors = a->tensor && b->tensor;
  if (tensors && strcmp(a->tensor, b->tensor) != 0) return TS_OK;
  return ts_run_usage(ctx,
                      "'%s' and '%s' write the same %s, which can hold one of them only; several "
                      "outputs go to one file as @file.safetensors#name",
                      a->option, b->option, tensors ? "tensor" : "file");
}

ts_result ts_run_check_outputs(ts_context *ctx, const ts_run_request *request) {
  size_t n = 0;
  ts_result result = TS_OK;
  target *targets = ts_new_array(&ctx->arena, target, request->outputs.n + 1);
  for (size_t k = 0; k < request->outputs.n; k++)
    targets[n++] = output_target(ctx, request->words, &request->outputs.at[k]);
  if (request->json && strcmp(request->json, "-") != 0)
    targets[n++] = (target){ts_sprintf(&ctx->arena, "%s%s", request->words->json, request->json),
                            real_file(ctx, request->json), NULL};
  for (size_t j = 1; j < n; j++)
    for (size_t i = 0; i < j && !result; i++)
      result = check_pair(ctx, &targets[i], &targets[j]);
  return result;
}

/* ---- writing ---- */

/* Writes the file of output k and with it, for a safetensors file, all others that go there. */
static ts_result write_file(ts_run *run, const target *targets, size_t k) {
  const ts_settings *outputs = &run->request->outputs;
  ts_array *arrays = ts_new_array(&run->ctx->arena, ts_array, outputs->n);
  const char **names = ts_new_array(&run->ctx->arena, const char *, outputs->n);
  unsigned n = 0, i = 0;
  for (size_t j = 0; j < outputs->n; j++) {
    if (j != k && !same_file(&targets[j], &targets[k])) continue;
    if (j < k) return TS_OK; /* written with that one */
    ts_result result =
        ts_run_entry_named(run, run->request->words->output, outputs->at[j].name, true, &i);
    if (result) return result;
    names[n] = targets[j].tensor;
    arrays[n++] = run->arrays[i];
  }
  const char *path = outputs->at[k].text + 1;
  if (!targets[k].tensor) return ts_array_write(run->ctx, path, &arrays[0]);
  path = ts_strndup(&run->ctx->arena, path, ts_array_path_length(path, &(const char *){NULL}));
  return ts_safetensors_write(run->ctx, path, n, names, arrays);
}

ts_result ts_run_write_outputs(ts_run *run) {
  const ts_settings *outputs = &run->request->outputs;
  target *targets = ts_new_array(&run->ctx->arena, target, outputs->n + 1);
  for (size_t k = 0; k < outputs->n; k++)
    targets[k] = output_target(run->ctx, run->request->words, &outputs->at[k]);
  ts_result result = TS_OK;
  for (size_t k = 0; k < outputs->n && !result; k++)
    result = write_file(run, targets, k);
  return result;
}
