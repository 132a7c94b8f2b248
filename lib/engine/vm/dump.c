/* The VM's code as text: one instruction a line, its number in front, jumps by the number they go
 * to, and behind it the op that it checks for. */
#include <inttypes.h>

#include "ir/scalar.h"
#include "engine/vm/vm.h"

static const char *const texts[] = {
#define INSN(e, text, ...) text,
#define FAR(e, text, ...) text,
#define ELT(e, text, ...) text, "v." text " x%h",
#include "engine/vm/ops.def"
#undef INSN
#undef FAR
#undef ELT
};

static void print_field(ts_sink *s, const ts_insn *insn, size_t at, char field) {
  switch (field) {
  case 'a': ts_sink_printf(s, "r%d", insn->a); break;
  case 'b': ts_sink_printf(s, "r%d", insn->b); break;
  case 'c': ts_sink_printf(s, "r%d", insn->c); break;
  case 'd': ts_sink_printf(s, "r%d", insn->d); break;
  case 'A': ts_sink_int(s, insn->a); break;
  case 'B': ts_sink_int(s, insn->b); break;
  case 'C': ts_sink_int(s, insn->c); break;
  case 'D': ts_sink_int(s, insn->d); break;
  case 'i': ts_sink_int(s, insn->imm); break;
  case 'l': ts_sink_int(s, insn->lo); break;
  case 'h': ts_sink_int(s, insn->hi); break;
  default: ts_sink_int(s, (int64_t)at + insn->d); break;
  }
}

static void print_insn(ts_sink *s, const ts_vm_code *code, size_t at, ts_vm_opcode op) {
  ts_sink_printf(s, "  %4zu  ", at);
  for (const char *t = texts[op]; *t; t++)
    if (*t == '%')
      print_field(s, &code->insns[at], at, *++t);
    else
      ts_sink_write(s, t, 1);
  const ts_op *why = code->sites.at[code->sites_of[at]].op;
  if (why) ts_sink_printf(s, "  ; %s", ts_info(why)->name);
  ts_sink_puts(s, "\n");
}

static void print_code(ts_sink *s, const ts_vm_program *p, const ts_vm_code *code) {
  ts_sink_printf(s, "@%s", ts_str_text(p->module, code->func->name));
  for (unsigned i = 0; i < code->bindings.n; i++)
    ts_sink_printf(s, "%s%s = %" PRId64, i ? ", " : " with ",
                   ts_str_text(p->module, code->bindings.at[i].name), code->bindings.at[i].value);
  ts_sink_printf(s, ": %" PRId64 " registers, %" PRId64 " bytes of buffers\n", code->num_slots,
                 code->mem_bytes);
  for (size_t i = 0; i < code->n; i++)
    print_insn(s, code, i, (ts_vm_opcode)code->ops[i]);
}

void ts_vm_print(ts_sink *s, const ts_vm_program *p) {
  print_code(s, p, p->entry);
  for (unsigned n = p->num_codes; n-- > 0;) {
    const ts_vm_code *k = p->first;
    for (unsigned i = 0; i < n; i++)
      k = k->next;
    if (k != p->entry) print_code(s, p, k);
  }
}
