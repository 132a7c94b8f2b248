/* The choices of a function's nests: what the recipe cpu would decide, told instead of done. */
#include "support/remarks.h"
#include "transforms/recipe/recipe_impl.h"

ts_result ts_recipe_choices_of(ts_context *ctx, ts_arena *arena, ts_func *func,
                               const ts_target *target, unsigned threads, ts_recipe_choices *out) {
  ts_arena scratch;
  ts_arena_init(&scratch, &ctx->memory);
  ts_pass_ctx pass = {.ctx = ctx, .scratch = &scratch, .name = "recipe"};
  *out = (ts_recipe_choices){0};
  ts_recipe r = {.pass = &pass,
                 .m = func->module,
                 .func = func,
                 .target = *target,
                 .threads = threads,
                 .nests = "",
                 .listed = out,
                 .list_arena = arena};
  ts_diag *last = ctx->last;
  ts_recipe_cpu(&r);
  ts_remarks_drop_after(ctx, last);
  ts_arena_drop(&scratch);
  return r.result;
}
