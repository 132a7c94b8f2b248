/* The choices of a function's nests: what the recipe cpu would decide, told instead of done. */
#include "support/remarks.h"
#include "transforms/recipe/recipe_impl.h"

/* Combinations that a search can make something of. */
static const double most_combinations = 3e5;

typedef struct listing {
  ts_context *ctx;
  ts_arena *arena;
  ts_func *func;
  const ts_target *target;
  unsigned threads;
} listing;

/* But for those of these names. */
static ts_result list_choices(const listing *l, const ts_recipe_names *left_out,
                              ts_recipe_choices *out) {
  ts_arena scratch;
  ts_arena_init(&scratch, &l->ctx->memory);
  ts_pass_ctx pass = {.ctx = l->ctx, .scratch = &scratch, .name = "recipe"};
  *out = (ts_recipe_choices){0};
  ts_recipe r = {.pass = &pass,
                 .m = l->func->module,
                 .func = l->func,
                 .target = *l->target,
                 .threads = l->threads,
                 .nests = "",
                 .listed = out,
                 .list_arena = l->arena,
                 .left_out = *left_out};
  ts_diag *last = l->ctx->last;
  ts_recipe_cpu(&r);
  ts_remarks_drop_after(l->ctx, last);
  ts_arena_drop(&scratch);
  return r.result;
}

/* The choice that matters least, of those the last one. */
static size_t least_of(const ts_recipe_choices *choices, const bool *out) {
  size_t least = SIZE_MAX;
  for (size_t i = 0; i < choices->at.n; i++) {
    bool less = least == SIZE_MAX || choices->at.at[i].rank >= choices->at.at[least].rank;
    if (!out[i] && less) least = i;
  }
  return least;
}

static ts_recipe_names leave_out(const listing *l, const ts_recipe_choices *choices) {
  ts_recipe_names names = {0};
  bool *out = ts_new_array(l->arena, bool, choices->at.n + 1);
  double combinations = 1;
  for (size_t i = 0; i < choices->at.n; i++)
    combinations *= choices->at.at[i].n;
  while (combinations > most_combinations) {
    size_t least = least_of(choices, out);
    combinations /= choices->at.at[least].n;
    out[least] = true;
    ts_push(l->arena, &names, choices->at.at[least].parameter);
  }
  return names;
}

ts_result ts_recipe_choices_of(ts_context *ctx, ts_arena *arena, ts_func *func,
                               const ts_target *target, unsigned threads, ts_recipe_choices *out) {
  const listing l = {ctx, arena, func, target, threads};
  ts_recipe_names names = {0};
  ts_result result = list_choices(&l, &names, out);
  if (!result) names = leave_out(&l, out);
  return result || !names.n ? result : list_choices(&l, &names, out);
}
