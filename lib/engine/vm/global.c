/* The data of globals, read at their first use. */
#include "data/global.h"

#include "engine/vm/vm.h"

ts_result ts_vm_global(ts_vm_program *p, const ts_op *op, const ts_array **out, unsigned *index) {
  const ts_attr *name = ts_attr_find(op, TS_ATTR_CALLEE);
  unsigned i = 0;
  const ts_global *g = p->module->first_global;
  for (; g && g->name != name->word; g = g->next)
    i++;
  if (!g)
    return ts_error(p->ctx, op->loc, "there is no global @%s", ts_str_text(p->module, name->word));
  *index = i;
  *out = &p->globals[i];
  return p->globals[i].data ? TS_OK : ts_global_read(p->ctx, g, &p->globals[i]);
}
