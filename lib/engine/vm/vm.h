/* The loop VM: loop IR as a register bytecode, run by direct threading.
 *
 * A function is compiled for one binding of its symbolic extents, so every shape is a number by
 * then: most subscripts are proved in bounds, small local buffers become registers, and addresses
 * become registers that loops bump. A register is a slot of 8 bytes; a vector is one slot a lane, a
 * fragment one slot an element (every thread of a warp holds the whole tile and computes the whole
 * product). f64, f16 and bf16 are held as f64 images, f32 as f32, integers sign-extended. Layouts
 * (pad, swizzle, strides) move bytes and mean nothing else, so buffers are row-major here whatever
 * their layout. */
#ifndef TS_ENGINE_VM_VM_H
#define TS_ENGINE_VM_VM_H

#include "data/shape_binding.h"
#include "engine/engine.h"

typedef union ts_slot {
  int64_t i;
  double d;
  float f;
  char *p;
} ts_slot;

/* Types as they lie in memory: X(enumerator, text, C type, slot ← element, element ← slot). The
 * statements are in run.c. */
#define TS_VM_MEMTYPES(X)                                                                          \
  X(F64, "f64", double, TS_VM_GET_D, TS_VM_PUT_D)                                                  \
  X(F32, "f32", float, TS_VM_GET_F, TS_VM_PUT_F)                                                   \
  X(F16, "f16", uint16_t, TS_VM_GET_F16, TS_VM_PUT_F16)                                            \
  X(BF16, "bf16", uint16_t, TS_VM_GET_BF16, TS_VM_PUT_BF16)                                        \
  X(I64, "i64", int64_t, TS_VM_GET_I, TS_VM_PUT_I)                                                 \
  X(I32, "i32", int32_t, TS_VM_GET_I, TS_VM_PUT_I)                                                 \
  X(I8, "i8", int8_t, TS_VM_GET_I, TS_VM_PUT_I)                                                    \
  X(I1, "i1", uint8_t, TS_VM_GET_I1, TS_VM_PUT_I)

typedef enum ts_vm_opcode {
#define INSN(e, ...) TS_VM_OP_##e,
#define FAR(e, ...) TS_VM_OP_##e,
#define ELT(e, ...) TS_VM_OP_##e, TS_VM_OP_##e##_V,
#include "engine/vm/ops.def"
#undef INSN
#undef FAR
#undef ELT
  TS_VM_NUM
} ts_vm_opcode;

/* Registers a to d are slots of the frame; what else the fields mean stands in ops.def. */
typedef struct ts_insn {
  union {
    const void *go; /* once loaded: where the handler is */
    struct {
      uint32_t op;   /* while compiling: ts_vm_opcode */
      uint32_t site; /* while compiling: what to say when it fails; 0 nothing */
    };
  };
  int32_t a, b, c, d;
  union {
    int64_t imm;
    double fimm;
    struct {
      int32_t lo, hi;
    };
  };
} ts_insn;

/* Slots every frame starts with. */
enum { TS_VM_MEM = 0, TS_VM_SHARED = 1, TS_VM_FIRST = 2 };
enum {
  TS_VM_MAX_SLOTS = 1 << 22,
  TS_VM_MAX_DEPTH = 512,
  TS_VM_MAX_CODES = 4096,
  TS_VM_MAX_NESTING = 2048
};

/* What a failing instruction speaks of: an op, which of its accesses, and where the frame holds the
 * dims of its map. */
typedef struct ts_vm_site {
  const ts_op *op;
  unsigned access;
  const int32_t *dims; /* registers, one for each dim of the op; -1 unknown */
} ts_vm_site;

/* Execution counts of one stretch of straight-line ops (a body, a branch) and what one execution
 * does. */
typedef struct ts_vm_region {
  uint64_t count, ops, loads, stores, flops;
} ts_vm_region;
typedef struct ts_vm_traffic {
  uint32_t region, buffer;
  uint64_t read, written; /* bytes of one execution */
} ts_vm_traffic;

typedef struct ts_vm_range {
  int64_t begin, size;
} ts_vm_range;

typedef struct ts_vm_launch {
  const ts_op *op;
  unsigned n;
  bool barriers;                /* threads need frames of their own */
  const bool *is_thread;        /* of each id */
  const int32_t *extents, *ids; /* registers */
  int64_t shared_begin;         /* in the frame's memory */
  int64_t private_begin;        /* where a thread's memory begins in it */
  ts_vm_range *shadows;         /* of shared buffers: cleared for each block */
  unsigned num_shadows;
  int64_t cost; /* fuel a thread */
} ts_vm_launch;

typedef struct ts_vm_call {
  struct ts_vm_code *callee;
  unsigned n;
  int32_t (*moves)[2]; /* from a slot of the caller to one of the callee */
} ts_vm_call;

/* How a function gets a buffer: wholly written; with a shadow byte an element; or not written, with
 * a shadow only where the function turns out to want one (the entry's outputs). */
typedef enum { TS_VM_WRITTEN, TS_VM_SHADOWED, TS_VM_FRESH } ts_vm_state;

/* One function under one binding. */
typedef struct ts_vm_code {
  struct ts_vm_code *next;
  const ts_func *func;
  ts_bindings bindings;
  ts_vm_state *states; /* of the parameters */
  bool busy;           /* being compiled: a call to it would be a recursion */
  ts_insn *insns;
  uint32_t *sites_of; /* of each instruction */
  uint16_t *ops;      /* likewise: ts_vm_opcode, which a loaded instruction no longer has */
  size_t n;
  int64_t num_slots, total_slots; /* without and with callees */
  int64_t mem_bytes, total_mem;
  double cost;        /* fuel of one call, but for loops whose trip counts vary */
  const ts_op *worst; /* the loop in there with the most iterations, or NULL */
  double worst_trip;
  const ts_op *largest; /* the alloc to name when memory does not suffice */
  int64_t largest_bytes;
  TS_VEC(ts_vm_site) sites;
  TS_VEC(ts_vm_launch *) launches;
  TS_VEC(ts_vm_call *) calls;
  int32_t *param_regs, *shadow_regs;
  int64_t *param_counts; /* elements */
} ts_vm_code;

/* What is done to an element in a parallel loop that is watched (race.c). */
typedef enum {
  TS_VM_RACE_READ,
  TS_VM_RACE_WRITE,
  TS_VM_RACE_ADD,
  TS_VM_RACE_KINDS
} ts_vm_race_kind;
/* Iterations that did one thing to one element: the first two different ones. */
typedef struct ts_vm_race_set {
  unsigned n;
  int64_t at[2];
} ts_vm_race_set;
typedef struct ts_vm_race_slot {
  const char *at; /* NULL: free */
  ts_vm_race_set sets[TS_VM_RACE_KINDS];
} ts_vm_race_slot;
/* One such loop: which iterations of the run at hand touched what, by address. */
typedef struct ts_vm_race {
  const ts_op *loop;
  ts_vm_race_slot *slots;
  size_t n, cap;
  /* once two have met: */
  int64_t iteration, other;
  ts_vm_race_kind kind, other_kind;
} ts_vm_race;

/* A compiled entry with all it calls. */
typedef struct ts_vm_program {
  ts_context *ctx;
  ts_module *module;
  ts_arena arena, scratch;  /* the second is empty but while compiling */
  unsigned nesting;         /* of blocks through calls, while compiling */
  bool counting, stoppable; /* what the code does besides */
  ts_vm_code *first;
  unsigned num_codes;
  ts_vm_code *entry;
  void *frames; /* of the threads of the launch that is running; NULL: none */
  size_t frame_bytes;
  ts_array *globals; /* one for each global of the module; no data until used */
  unsigned num_globals;
  TS_VEC(ts_vm_region) regions;
  TS_VEC(ts_vm_traffic) traffic;
  TS_VEC(const char *) buffers; /* names */
  TS_VEC(ts_vm_race *) races;
} ts_vm_program;

/* A running program. */
typedef struct ts_vm {
  ts_vm_program *prog;
  uint64_t fuel, fuel_given;
  const ts_stop *stop;    /* what the code looks at; NULL: it does not */
  const ts_insn *stopped; /* at a barrier */
} ts_vm;

typedef enum { TS_VM_DONE, TS_VM_WAITING, TS_VM_FAILED_CHECK, TS_VM_FAILED_LIMIT } ts_vm_status;

/* compile.c: `prog` with entry, compiled for the bindings; recompiles nothing already there. */
ts_result ts_vm_compile(ts_vm_program *, const ts_func *, const ts_bindings *,
                        const ts_vm_state *states, ts_vm_code **out);
/* global.c: the data of a global, read or filled at its first use. */
ts_result ts_vm_global(ts_vm_program *, const ts_op *get_global, const ts_array **out,
                       unsigned *index);

/* program.c: a program without code; its code for an entry and its bindings, the name of every extent; and giving
 * all of it back. */
void ts_vm_program_open(ts_vm_program *, ts_context *, ts_module *);
ts_result ts_vm_program_compile(ts_vm_program *, const ts_func *, const ts_bindings *);
void ts_vm_program_close(ts_vm_program *);

/* run.c: runs from `at` until the frame returns, waits at a barrier or fails. */
ts_vm_status ts_vm_exec(ts_vm *, const ts_vm_code *, const ts_insn *at, ts_slot *frame);
/* Puts the handlers' addresses in. */
void ts_vm_load(ts_vm_code *);
/* launch.c: every block and thread of the launch at `at`. */
ts_vm_status ts_vm_launch_run(ts_vm *, const ts_vm_code *, const ts_insn *at, ts_slot *frame);

void ts_vm_drop_frames(ts_vm_program *);

/* race.c: forgets what was touched; gives the memory back; notes that iteration `i` touches the element
 * at `at`, false when another one did so that the two must not run at once. */
void ts_vm_race_clear(ts_vm_race *);
void ts_vm_race_drop(ts_memory *, ts_vm_race *);
bool ts_vm_race_touch(ts_memory *, ts_vm_race *, const char *at, int64_t i, ts_vm_race_kind);

/* error.c: what went wrong at an instruction, put in words. */
typedef enum {
  TS_VM_OUT_OF_BOUNDS,
  TS_VM_UNINIT,
  TS_VM_DIV_ZERO,
  TS_VM_NO_FUEL,
  TS_VM_STOPPED,
  TS_VM_BARRIER_MISSED,
  TS_VM_BARRIER_MIXED,
  TS_VM_NO_MEMORY,
  TS_VM_RACE
} ts_vm_failure;
/* `what` is the dimension (bounds), the element or lane past the first (uninit), the bytes (memory),
 * the thread (barrier) or which of the program's watched loops (race). */
ts_vm_status ts_vm_fail(ts_vm *, const ts_vm_code *, const ts_insn *at, const ts_slot *frame,
                        ts_vm_failure, int64_t what);

/* dump.c: the entry and its callees as readable text. */
void ts_vm_print(ts_sink *, const ts_vm_program *);
/* program.c: the code of `func` as text, one instruction a line, with the IR op that each may
 * fail for. `bindings` give every symbolic extent of the function. */
ts_result ts_vm_dump(ts_sink *, ts_module *, const ts_func *func, const ts_bindings *bindings);

#endif
