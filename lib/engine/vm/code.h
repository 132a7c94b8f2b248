/* Inside the VM's compiler: what scan.c finds out, form.c's linear forms, and the state that
 * the translation of ops (compile.c, memory.c, arith.c) shares.
 *
 * Code is emitted level by level. A level is a function body, a loop body or a launch body; each
 * has a list `pre` that runs once before it, where whatever does not change inside is computed, and
 * a loop a list of registers that its back-edge bumps. So an address that is linear in the loop
 * variables costs one addition a loop iteration, shared by all accesses that differ from it by a
 * constant. */
#ifndef TS_ENGINE_VM_CODE_H
#define TS_ENGINE_VM_CODE_H

#include "ir/scalar.h"
#include "analysis/index/linear.h"
#include "engine/vm/vm.h"

enum { TS_VM_TERMS = 12, TS_VM_FACTS = 32, TS_VM_PROMOTED_SLOTS = 1024 };

/* Something a linear form is made of: an index value, a buffer's address, a loop variable. */
typedef struct ts_vm_atom {
  int32_t reg;   /* -1: a loop variable, which has a register only where one is wanted */
  int32_t level; /* depth at which it is defined */
  bool inherent; /* the loop variable or launch index of that level */
  int64_t lo, hi;
} ts_vm_atom;

/* Forms are linear over these atoms, which their terms call by number. Their arithmetic wraps, as addresses do;
 * one of more than TS_VM_TERMS terms becomes an atom of its own. */
static inline int32_t ts_vm_atom_of(const ts_linear_term *t) { return (int32_t)t->atom; }

/* What is known of a result, a block argument or (for ops without a result) an op. */
typedef struct ts_vm_val {
  int32_t reg;           /* first slot; 0: none */
  int32_t into;          /* promoted slot that the result is computed in; 0: none */
  int32_t atom;          /* + 1 */
  int32_t buffer;        /* + 1; of a memref */
  int32_t level;         /* depth at which it is defined */
  uint32_t end;          /* tag of the last op inside; of an op with regions */
  bool pinned;           /* lives in a promoted slot, which later stores change */
  bool aliased;          /* load: the promoted slot itself serves as the result */
  bool as_f64;           /* an f32 held as f64: all its uses want that */
  bool narrow;           /* an f64 with at most 24 significant bits, by its making */
  bool unsure;           /* a read that may find an element not written yet */
  const ts_linear *form; /* of an apply */
  ts_vm_state *states;   /* of a call's buffers */
} ts_vm_val;

typedef struct ts_vm_buffer {
  const ts_value *value;
  const ts_op *alloc; /* NULL: a parameter or global */
  const ts_type *type;
  const char *name;
  int64_t dims[TS_MAX_RANK], strides[TS_MAX_RANK], count; /* in elements */
  int64_t lanes, bytes;                                   /* of an element */
  bool written; /* all of it, before the function starts */
  bool full;    /* all of it, at this point of the scan */
  bool shadowed, promoted;
  int32_t slots; /* promoted: of element 0 */
  struct ts_vm_elem *elems;
  int32_t atom, shadow_atom; /* + 1, once there */
  uint32_t stat;             /* index into the program's buffers */
} ts_vm_buffer;

/* One element of a promoted buffer. */
typedef struct ts_vm_elem {
  uint32_t first, last; /* of its accesses, + 1 */
  int32_t flag;         /* slot that says whether it was written; 0: always so when read */
  bool wants_flag;
} ts_vm_elem;
typedef struct ts_vm_access {
  const ts_op *op;
  uint32_t next, prev; /* + 1 */
} ts_vm_access;

typedef TS_VEC(ts_insn) ts_vm_list;
typedef struct ts_vm_bump {
  int32_t reg;
  int64_t step;
} ts_vm_bump;

/* A parallel loop being compiled, which may be one that is watched while it runs. */
typedef struct ts_vm_watch ts_vm_watch;
struct ts_vm_watch {
  ts_vm_watch *outer; /* NULL: none */
  int32_t index;      /* among the program's */
  int32_t iv;         /* atom */
  ts_ptrmap written;  /* buffers that it writes and does not allocate → anything */
};

typedef enum { TS_VM_IN_FUNC, TS_VM_IN_LOOP, TS_VM_IN_LAUNCH } ts_vm_level_kind;
typedef struct ts_vm_level {
  ts_vm_level_kind kind;
  uint32_t id; /* unique in the function */
  const ts_op *op;
  ts_vm_list pre, head, body;
  TS_VEC(ts_vm_bump) bumps;
  size_t fence; /* in body: no instruction before it may be combined with a later one */
  int32_t iv;   /* atom */
  ts_linear lo;
  int64_t step;
  double cost;        /* fuel of one run of the body */
  unsigned ifs;       /* enclosing ifs inside this level */
  const ts_op *worst; /* the loop of the nest with the most iterations */
  double worst_trip;
} ts_vm_level;

typedef struct ts_vmc {
  ts_vm_program *prog;
  ts_context *ctx;
  ts_module *module;
  ts_arena *arena; /* scratch */
  ts_vm_code *code;
  const ts_func *func;
  ts_result result; /* first failure; compilation goes on to the end of the op */
  ts_vm_val *vals;
  TS_VEC(ts_vm_buffer) buffers;
  TS_VEC(ts_vm_access) touches;
  TS_VEC(ts_vm_atom) atoms;
  TS_VEC(ts_linear) facts; /* each is <= 0 here */
  ts_vm_level *levels[TS_MAX_NESTING + 2];
  int depth;
  uint32_t next_level;
  ts_ptrmap literals; /* → slot */
  struct ts_vm_cached *cache;
  size_t cache_n, cache_cap;
  int64_t next_slot;
  int64_t mem_at, mem_peak, shared_at, shared_peak;
  ts_vm_launch *launch; /* around the current op */
  ts_vm_watch *watch;   /* likewise; NULL: none */
  TS_VEC(ts_vm_range) shared_shadows;
  uint32_t region;
} ts_vmc;

/* ---- shared by the parts ---- */

ts_vm_val *ts_vmc_val(ts_vmc *, const ts_value *);
static inline ts_vm_val *ts_vmc_op(ts_vmc *c, const ts_op *op) { return &c->vals[op->tag]; }
ts_vm_buffer *ts_vmc_buffer(ts_vmc *, const ts_value *memref);
int32_t ts_vmc_slots(ts_vmc *, int64_t n); /* new registers */
/* Appends to the code of level `depth`: to its body, or before the level inside it. */
ts_insn *ts_vmc_emit_at(ts_vmc *, int depth, ts_vm_opcode, int32_t a, int32_t b, int32_t c,
                        int32_t d, int64_t imm);
ts_insn *ts_vmc_emit(ts_vmc *, ts_vm_opcode, int32_t a, int32_t b, int32_t c, int32_t d,
                     int64_t imm);
/* An instruction of `lanes` lanes (its _V form when that is not 1), `lo` beside it. */
ts_insn *ts_vmc_emit_lanes(ts_vmc *, ts_vm_opcode, int64_t lanes, int32_t a, int32_t b, int32_t c,
                           int32_t d, int32_t lo);
void ts_vmc_fence(ts_vmc *);
/* What an EVAL_ instruction has in `lo`. */
static inline int32_t ts_vmc_row(ts_scalar row, ts_dtype type) {
  return (int32_t)((unsigned)row | (unsigned)type << 16);
}
/* value.c: the value's first register. */
int32_t ts_vmc_use(ts_vmc *, const ts_value *);
/* Where a result goes: a promoted slot or a new register, noted as the value's. */
int32_t ts_vmc_dest(ts_vmc *, const ts_op *);
int64_t ts_vmc_lanes(const ts_type *); /* slots of a value */
int64_t ts_vmc_symbol(void *, ts_str); /* for ts_aff_eval, with the ts_vmc */
int64_t ts_vmc_extent(ts_vmc *, ts_extent);
void ts_vmc_limit(ts_vmc *, ts_loc, const char *fmt, ...) TS_PRINTF(3, 4);
uint32_t ts_vmc_site(ts_vmc *, const ts_op *, unsigned access);
uint32_t ts_vmc_op_site(ts_vmc *, const ts_op *); /* without the values of its dims */
int64_t ts_vmc_saturate(double cost);
void ts_vmc_add_cost(ts_vm_level *, double cost, const ts_op *worst, double worst_trip);
int64_t ts_vmc_aligned(int64_t bytes); /* to 64 */
void ts_vmc_open_region(ts_vmc *);     /* ops from here on are counted on their own */
/* The pattern is X loaded twice and multiplied into `acc`: makes one instruction of it. */
bool ts_vmc_try_mac(ts_vmc *, const ts_op *, int32_t acc, const ts_value *x, const ts_value *y);

/* scan.c: numbers the ops (ts_op.tag), decides which buffers become registers, which loads need
 * a check for being written. */
void ts_vmc_scan(ts_vmc *, const ts_vm_state *states);

/* form.c */
void ts_vmc_form_add(ts_vmc *, ts_linear *, const ts_linear *, int64_t times);
ts_linear ts_vmc_form_of(ts_vmc *, const ts_op *, const ts_aff *);
int32_t ts_vmc_new_atom(ts_vmc *, int32_t reg, int level, int64_t lo, int64_t hi);
ts_linear ts_vmc_form_atom(ts_vmc *, int32_t atom);
/* A register holding the form, its constant left out / included. */
int32_t ts_vmc_linear(ts_vmc *, const ts_linear *);
int32_t ts_vmc_whole(ts_vmc *, const ts_linear *);
/* Least and greatest value from the atoms' ranges and the facts; saturated far beyond int64. */
__int128 ts_vmc_max(ts_vmc *, const ts_linear *);
__int128 ts_vmc_min(ts_vmc *, const ts_linear *);
/* 0 <= form < limit, whenever this place is reached. */
bool ts_vmc_proved(ts_vmc *, const ts_linear *, int64_t limit);
void ts_vmc_assume(ts_vmc *, const ts_linear *at_most_zero);

/* compile.c */
void ts_vmc_block(ts_vmc *, const ts_block *);
/* control.c */
void ts_vmc_for(ts_vmc *, const ts_op *);
void ts_vmc_if(ts_vmc *, const ts_op *);
void ts_vmc_launch_op(ts_vmc *, const ts_op *);
void ts_vmc_call(ts_vmc *, const ts_op *);
/* memory.c */
void ts_vmc_alloc(ts_vmc *, const ts_op *);
void ts_vmc_get_global(ts_vmc *, const ts_op *);
void ts_vmc_load(ts_vmc *, const ts_op *);
void ts_vmc_store(ts_vmc *, const ts_op *);
void ts_vmc_atomic_add(ts_vmc *, const ts_op *);
void ts_vmc_copy(ts_vmc *, const ts_op *);
void ts_vmc_async_copy(ts_vmc *, const ts_op *);
/* race.c: before and behind a loop's body; and an access in it, of `lanes` elements from the address
 * on, those of a mask register if that is not 0. */
void ts_vmc_race_open(ts_vmc *, const ts_op *loop, ts_vm_watch *);
void ts_vmc_race_close(ts_vmc *, const ts_vm_watch *);
void ts_vmc_race_call(ts_vmc *, const ts_op *call, const ts_func *callee);
void ts_vmc_race_access(ts_vmc *, const ts_value *memref, const ts_linear *address, int32_t mask,
                        int32_t lanes, int32_t lane_bytes, ts_vm_race_kind, uint32_t site);
/* arith.c */
void ts_vmc_arith(ts_vmc *, const ts_op *);

#endif
