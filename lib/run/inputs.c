/* The arrays of a run: inputs from files, literals and generators, extents bound by their shapes,
 * outputs allocated. */
#include <math.h>

#include "run/run_impl.h"

static const struct {
  const char *name;
  ts_fill fill;
} fills[] = {{"normal", TS_FILL_NORMAL},
             {"uniform", TS_FILL_UNIFORM},
             {"iota", TS_FILL_IOTA},
             {"zeros", TS_FILL_ZEROS}};

/* "normal", or "normal:0.05" for 0.05 times that. */
static bool find_fill(const char *text, ts_fill *out, double *scale) {
  size_t n = strcspn(text, ":");
  *scale = 1;
  for (unsigned i = 0; i < ts_countof(fills); i++) {
    if (strlen(fills[i].name) != n || strncmp(fills[i].name, text, n) != 0) continue;
    *out = fills[i].fill;
    if (!text[n]) return true;
    bool scalable = *out == TS_FILL_NORMAL || *out == TS_FILL_UNIFORM;
    return scalable && ts_parse_double(text + n + 1, strlen(text + n + 1), scale) &&
           isfinite(*scale);
  }
  return false;
}

/* Arrays may be empty, tensors and buffers not. */
static ts_result check_extents(ts_run *run, unsigned i) {
  const ts_array *a = &run->arrays[i];
  for (unsigned d = 0; d < a->rank; d++)
    if (a->dims[d] == 0)
      return ts_error_plain(run->ctx,
                            "input %s: dimension %u of %s is 0, but extents are at least 1",
                            run->names[i], d, run->sources[i]);
  return TS_OK;
}

static ts_result read_one(ts_run *run, unsigned i, const char *text) {
  run->sources[i] = text;
  ts_result result = TS_OK;
  bool file = text[0] == '@';
  if (file) result = ts_array_read(run->ctx, text + 1, &run->arrays[i]);
  if (!file && strchr(text, '=')) result = ts_array_parse(run->ctx, text, &run->arrays[i]);
  if (file || strchr(text, '=')) return result ? result : check_extents(run, i);
  return ts_run_usage(
      run->ctx,
      "'%s%s=%s': wanted @FILE, normal, uniform, normal:0.05, iota, zeros or a literal "
      "such as 2x3xf32=1 2 3 4 5 6",
      run->request->words->input, run->names[i], text);
}

/* Reads the inputs that come with a shape; the others are left without data for ts_bind to see. */
static ts_result read_shaped(ts_run *run) {
  for (unsigned i = 0; i < run->sig.n; i++) {
    const char *text =
        ts_run_is_input(run, i) ? ts_setting_find(&run->request->inputs, run->names[i]) : NULL;
    ts_fill fill;
    double scale;
    if (!text || find_fill(text, &fill, &scale)) continue;
    ts_result result = read_one(run, i, text);
    if (result) return result;
  }
  return TS_OK;
}

static bool has_extent(const ts_run *run, ts_str name) {
  for (unsigned i = 0; i < run->bindings.n; i++)
    if (run->bindings.at[i].name == name) return true;
  return false;
}

/* Every extent has a value, and every value given an extent. */
static ts_result check_all_bound(ts_run *run) {
  for (unsigned i = 0; i < run->fixed.n; i++)
    if (!has_extent(run, run->fixed.at[i].name))
      return ts_run_usage(run->ctx, "'%s': @%s has no extent %s", run->fixed.at[i].who,
                          ts_str_text(run->module, run->func->name),
                          ts_str_text(run->module, run->fixed.at[i].name));
  for (unsigned i = 0; i < run->bindings.n; i++) {
    const struct ts_binding *b = &run->bindings.at[i];
    if (b->value) continue;
    const char *name = ts_str_text(run->module, b->name);
    return ts_run_usage(run->ctx,
                        "nothing says what the extent %s of @%s is: give %s%s=n or an input "
                        "whose shape has it",
                        name, ts_str_text(run->module, run->func->name),
                        run->request->words->define, name);
  }
  return TS_OK;
}

static ts_result create_and_fill(ts_run *run, unsigned i) {
  const ts_type *type = run->sig.entries[i].type;
  int64_t dims[TS_MAX_RANK];
  ts_bound_dims(&run->bindings, type, dims);
  ts_result result = ts_array_create(run->ctx, type->dtype, type->rank, dims, &run->arrays[i]);
  if (result || !ts_run_is_input(run, i)) return result;
  ts_fill fill = TS_FILL_NORMAL;
  double scale = 1;
  const char *text = ts_setting_find(&run->request->inputs, run->names[i]);
  if (text) find_fill(text, &fill, &scale);
  run->sources[i] = text ? text : "normal";
  ts_array_fill(&run->arrays[i], fill, scale, run->request->seed, run->names[i]);
  return TS_OK;
}

ts_result ts_run_read_inputs(ts_run *run) {
  ts_result result = read_shaped(run);
  if (!result) result = ts_bind(run->ctx, run->func, run->arrays, &run->fixed, &run->bindings);
  if (!result) result = check_all_bound(run);
  for (unsigned i = 0; !result && i < run->sig.n; i++)
    if (!run->arrays[i].data) result = create_and_fill(run, i);
  return result;
}

/* ---- the program's own files ---- */

static const ts_data *rebased(ts_module *module, const ts_data *data, const char *dir) {
  if (data->form != TS_DATA_FILE || data->path[0] == '/') return data;
  ts_data *copy = ts_new(&module->arena, ts_data);
  *copy = *data;
  copy->path = ts_sprintf(&module->arena, "%s/%s", dir, data->path);
  return copy;
}

struct rebase {
  ts_module *module;
  const char *dir;
};

static void rebase_op(void *user, ts_op *op) {
  const struct rebase *r = user;
  const ts_attr *value = op->opcode == TS_OP_CONST ? ts_attr_find(op, TS_ATTR_VALUE) : NULL;
  if (value)
    ts_attr_set_data(r->module, op, TS_ATTR_VALUE, rebased(r->module, value->data, r->dir));
}

void ts_run_rebase_files(ts_module *module, const char *dir) {
  struct rebase r = {module, dir};
  for (ts_func *f = module->first_func; f; f = f->next)
    ts_walk(f->body, rebase_op, &r);
  for (ts_global *g = module->first_global; g; g = g->next)
    g->data = rebased(module, g->data, dir);
}
