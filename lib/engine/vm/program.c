/* Programs of the loop VM: an entry with all it calls, for one binding of its extents. */
#include "engine/vm/vm.h"

void ts_vm_program_open(ts_vm_program *p, ts_context *ctx, ts_module *module) {
  *p = (ts_vm_program){.ctx = ctx, .module = module};
  ts_arena_init(&p->arena, &ctx->memory);
  ts_arena_init(&p->scratch, &ctx->memory);
  unsigned n = 0;
  for (const ts_global *g = module->first_global; g; g = g->next)
    n++;
  p->globals = ts_new_array(&p->arena, ts_array, n + 1);
  p->num_globals = n;
}

void ts_vm_program_close(ts_vm_program *p) {
  ts_vm_drop_frames(p);
  for (size_t i = 0; i < p->races.n; i++)
    ts_vm_race_drop(&p->ctx->memory, p->races.at[i]);
  for (unsigned i = 0; i < p->num_globals; i++)
    if (p->globals[i].data) ts_array_drop(p->ctx, &p->globals[i]);
  ts_arena_drop(&p->scratch);
  ts_arena_drop(&p->arena);
}

ts_result ts_vm_program_compile(ts_vm_program *p, const ts_func *f, const ts_bindings *b) {
  const ts_block *body = f->body;
  ts_vm_state *states = ts_new_array(&p->scratch, ts_vm_state, body->num_args + 1);
  for (unsigned i = 0; i < body->num_args; i++)
    states[i] = f->roles[i] == TS_ROLE_OUT ? TS_VM_FRESH : TS_VM_WRITTEN;
  ts_vm_code *code;
  ts_result r = ts_vm_compile(p, f, b, states, &code);
  ts_arena_drop(&p->scratch);
  return r;
}

ts_result ts_vm_dump(ts_sink *s, ts_module *module, const ts_func *f, const ts_bindings *b) {
  ts_vm_program p;
  ts_vm_program_open(&p, module->ctx, module);
  ts_result r = ts_vm_program_compile(&p, f, b);
  if (r == TS_OK) ts_vm_print(s, &p);
  ts_vm_program_close(&p);
  return r;
}
