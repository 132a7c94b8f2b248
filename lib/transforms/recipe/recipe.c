/* recipe: which one, and for which functions. */
#include "transforms/recipe/recipe_impl.h"

static bool is_loop_function(const ts_func *f) { return ts_func_level(f) == TS_LEVEL_L; }

/* The recipe's name and, with values, what it is to decide. */
static ts_result read_items(ts_recipe *r, const ts_loop_list *list, const char **name) {
  ts_result result = TS_OK;
  unsigned names = 0;
  for (size_t i = 0; i < list->items.n && !result; i++) {
    const ts_loop_item *item = &list->items.at[i];
    if (item->value) {
      result = ts_recipe_add_option(r, item);
    } else {
      *name = item->name;
      names++;
    }
  }
  bool tuned = !strcmp(*name, "tuned");
  if (result || (names == 1 && (tuned ? !r->options.n : !strcmp(*name, "cpu")))) return result;
  if (names == 1 && tuned)
    ts_error_plain(r->m->ctx, "-recipe=tuned has no choices: they were made when it was tuned");
  else
    ts_error_plain(r->m->ctx, "-recipe wants one of: cpu, tuned");
  return TS_USAGE;
}

/* The steps of the recipe cpu for each function of loops. */
static ts_result schedule_all(ts_recipe *r, bool any) {
  ts_module *m = r->m;
  if (!any && m->first_func)
    ts_warning(m->ctx, m->first_func->loc,
               "a recipe schedules loops, and there are none to schedule: -fuse -lower in front of "
               "it make loops of tensor functions");
  for (r->func = m->first_func; r->func && !r->result; r->func = r->func->next)
    if (is_loop_function(r->func)) ts_recipe_cpu(r);
  return r->result || !any ? r->result : ts_recipe_check_options(r, m->first_func);
}

ts_result ts_pass_recipe(ts_pass_ctx *pass, ts_module *m, const void *options) {
  const ts_recipe_options *o = options;
  ts_recipe r = {.pass = pass, .m = m, .nests = ""};
  const char *name = "";
  ts_result result = read_items(&r, &o->recipes, &name);
  if (!result) result = ts_target_find(m->ctx, o->target, &r.target);
  if (result) return result;
  r.threads = o->threads ? (unsigned)o->threads : r.target.threads;
  unsigned functions = 0;
  for (ts_func *f = m->first_func; f; f = f->next)
    functions += is_loop_function(f);
  r.several = functions > 1;
  return strcmp(name, "cpu") ? ts_recipe_tuned(&r, o) : schedule_all(&r, functions > 0);
}
