/* Are marks `parallel` true? By the analysis that `-parallel` asks; see marks.h. */
#include "analysis/poly/marks.h"

#include "analysis/poly/dependence.h"

typedef struct checker {
  ts_module *module;
  ts_marks how;
  ts_arena scratch;
  ts_result result;
} checker;

static const char *name_of(const checker *c, const ts_op *loop) {
  const ts_value *iv = ts_for_parts(loop).iv;
  return iv->name ? ts_str_text(c->module, iv->name) : "";
}

static void tell(checker *c, const ts_op *loop, const ts_verdict *v) {
  ts_context *ctx = c->module->ctx;
  const char *what =
      ts_sprintf(&c->scratch, "run the iterations of %%%s at once", name_of(c, loop));
  const char *line = ts_dep_refusal(&ctx->messages, what, v);
  if (c->how == TS_MARKS_ERROR)
    c->result = ts_error(ctx, loop->loc, "%s", line);
  else
    ts_warning(ctx, loop->loc, "%s", line);
  ts_dep_explain(ctx, loop->loc, v, "the loop without its mark 'parallel'");
}

static void check_loop(void *ctx, ts_op *op) {
  checker *c = ctx;
  ts_verdict v;
  if (op->opcode != TS_OP_FOR || !ts_attr_find(op, TS_ATTR_PARALLEL)) return;
  if (ts_dep_marked(c->module->ctx, &c->scratch, op, &v))
    ts_remark(c->module->ctx, op->loc, "verify-parallel", "missed",
              "whether one can run the iterations of %%%s at once takes too many steps to decide",
              name_of(c, op));
  else if (!v.exact)
    ts_remark(
        c->module->ctx, op->loc, "verify-parallel", "missed",
        "nothing proves that the iterations of %%%s may run at once: %s depends on what is computed "
        "at run time; the loop VM looks while it runs",
        name_of(c, op), v.conflict.element);
  else if (!v.legal)
    tell(c, op, &v);
}

static ts_result check_all(void *ctx) {
  checker *c = ctx;
  for (ts_func *f = c->module->first_func; f; f = f->next)
    ts_walk(f->body, check_loop, c);
  return c->result;
}

static void drop(void *ctx) { ts_arena_drop(&((checker *)ctx)->scratch); }

ts_result ts_verify_marks(ts_module *m, ts_marks how) {
  if (how == TS_MARKS_OFF) return TS_OK;
  checker c = {.module = m, .how = how};
  ts_arena_init(&c.scratch, &m->ctx->memory);
  return ts_protect_cleanup(m->ctx, check_all, drop, &c);
}
