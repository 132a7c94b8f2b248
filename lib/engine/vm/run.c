/* The engine room: one direct-threaded function over the instructions of ops.def. Each handler
 * ends by jumping to the next one's address, so the processor predicts every instruction's
 * successor on its own. */
#include <math.h>

#include "support/floats.h"
#include "ir/scalar.h"
#include "engine/vm/vm.h"

#define TS_VM_GET_D(slot, v) ((slot).d = (double)(v))
#define TS_VM_GET_F(slot, v) ((slot).f = (v))
#define TS_VM_GET_F16(slot, v) ((slot).d = ts_f16_to_double(v))
#define TS_VM_GET_BF16(slot, v) ((slot).d = vm_bf16(v))
#define TS_VM_GET_I(slot, v) ((slot).i = (v))
#define TS_VM_GET_I1(slot, v) ((slot).i = (v) != 0)
#define TS_VM_PUT_D(slot) (slot).d
#define TS_VM_PUT_F(slot) (slot).f
#define TS_VM_PUT_F16(slot) ts_f16_from_double((slot).d)
#define TS_VM_PUT_BF16(slot) ts_bf16_from_double((slot).d)
#define TS_VM_PUT_I(slot) (slot).i

static inline double vm_bf16(uint16_t bits) {
  uint32_t wide = (uint32_t)bits << 16;
  float f;
  memcpy(&f, &wide, sizeof f);
  return (double)f;
}

/* The table's meanings as functions of registers: vm_ADD_f64, vm_MUL_i8. Those of f32 round once, since the
 * functions that they call are evaluated in f64 and fma in its operands' type. */
#define fma(a, b, c) _Generic((a), float: fmaf, double: fma)(a, b, c)
#define VM_FLOAT(T, name, ...)                                                                     \
  static inline __attribute__((unused)) T name(T a, T b, T c) {                                    \
    (void)b, (void)c;                                                                              \
    return (T)(__VA_ARGS__);                                                                       \
  }
#define VM_INT(size, name, ...)                                                                    \
  static inline __attribute__((unused)) int64_t name(int64_t wide_a, int64_t wide_b) {             \
    typedef int##size##_t T;                                                                       \
    typedef __attribute__((unused)) uint##size##_t U;                                              \
    T a = (T)wide_a, b = (T)wide_b;                                                                \
    (void)b;                                                                                       \
    return (T)(__VA_ARGS__);                                                                       \
  }
#define FLOAT(name, rounding, ...)                                                                 \
  VM_FLOAT(double, vm_##name##_f64, __VA_ARGS__)                                                   \
  VM_FLOAT(float, vm_##name##_f32, __VA_ARGS__)
#define INT(name, dividing, ...)                                                                   \
  VM_INT(64, vm_##name##_i64, __VA_ARGS__)                                                         \
  VM_INT(32, vm_##name##_i32, __VA_ARGS__)                                                         \
  VM_INT(8, vm_##name##_i8, __VA_ARGS__)
#include "ir/scalar.def"
#undef VM_FLOAT
#undef VM_INT

static double vm_eval(int32_t packed, double a, double b, double c) {
  return ts_eval_float((ts_scalar)(packed & 0xffff), (ts_dtype)(packed >> 16), a, b, c);
}

static bool vm_eval_int(int32_t packed, int64_t a, int64_t b, int64_t *out) {
  return ts_eval_int((ts_scalar)(packed & 0xffff), (ts_dtype)(packed >> 16), a, b, out);
}

/* The first of the rows' elements that was never written, counted through the rows; -1: all
 * were. */
static int64_t vm_shadow_check(const char *shadow, const ts_slot *mask, const ts_insn *at) {
  for (int64_t r = 0, n = 0; r < at->c; r++)
    for (int64_t k = 0; k < at->d; k++, n++)
      if ((!mask || mask[n].i) && !shadow[r * at->imm + k]) return n;
  return -1;
}

static void vm_shadow_set(char *shadow, const ts_slot *mask, const ts_insn *at) {
  for (int64_t r = 0, n = 0; r < at->c; r++)
    for (int64_t k = 0; k < at->d; k++, n++)
      if (!mask || mask[n].i) shadow[r * at->imm + k] = 1;
}

static int64_t vm_no_symbol(void *code, ts_str name) {
  return ts_binding_value(&((const ts_vm_code *)code)->bindings, name);
}

/* A subscript whose value might pass int64 on the way, evaluated with overflow checks. */
static bool vm_exact_check(const ts_vm_code *code, const ts_insn *at, const ts_slot *frame) {
  const ts_vm_site *site = &code->sites.at[code->sites_of[at - code->insns]];
  int64_t *dims = __builtin_alloca(sizeof(int64_t) * (ts_num_dims(site->op) + 1));
  for (unsigned i = 0; i < ts_num_dims(site->op); i++)
    dims[i] = frame[site->dims[i]].i;
  ts_access access;
  int64_t v;
  return ts_access_parts(site->op, site->access, &access) &&
         ts_aff_eval(access.subscripts[at->b], dims, vm_no_symbol, (void *)code, &v) &&
         (uint64_t)v < (uint64_t)at->imm;
}

/* dst = a @ b + c in c's type: for k ascending, fma(a, b, s) rounded to it. lo: m, n, k in 10 bits
 * each; hi: dtype of a and b, and of c << 8. */
static void vm_mma(const ts_insn *at, ts_slot *dst, const ts_slot *a, const ts_slot *b,
                   const ts_slot *c) {
  int m = at->lo >> 20, n = at->lo >> 10 & 1023, k = at->lo & 1023;
  ts_dtype in = (ts_dtype)(at->hi & 0xff), acc = (ts_dtype)(at->hi >> 8);
  for (int i = 0; i < m; i++)
    for (int j = 0; j < n; j++) {
      ts_slot s = c[i * n + j];
      for (int l = 0; l < k; l++) {
        ts_slot x = a[i * k + l], y = b[l * n + j];
        if (!ts_is_float(acc)) {
          s.i = ts_wrap_int(acc, (int64_t)((uint64_t)s.i + (uint64_t)x.i * (uint64_t)y.i));
          continue;
        }
        double p = in == TS_F32 ? (double)x.f : x.d, q = in == TS_F32 ? (double)y.f : y.d;
        if (acc == TS_F32)
          s.f = fmaf((float)p, (float)q, s.f);
        else
          s.d = ts_fma_to(acc, p, q, s.d);
      }
      dst[i * n + j] = s;
    }
}

/* Lane l: c[l] plus the products of its group, the bits of `mask` taken of each lane of a. */
static void vm_dot_i8(const ts_insn *at, ts_slot *dst, const ts_slot *a, const ts_slot *b,
                      const ts_slot *c, int64_t mask) {
  for (int l = 0; l < at->lo; l++) {
    int64_t s = c[l].i;
    for (int g = l * at->hi; g < (l + 1) * at->hi; g++)
      s += (a[g].i & mask) * b[g].i;
    dst[l].i = (int32_t)s;
  }
}

/* The products of a group are added from its last to its first. */
static void vm_dot_bf16(const ts_insn *at, ts_slot *dst, const ts_slot *a, const ts_slot *b,
                        const ts_slot *c) {
  for (int l = 0; l < at->lo; l++) {
    float s = c[l].f;
    for (int g = (l + 1) * at->hi; g-- > l * at->hi;)
      s = fmaf((float)a[g].d, (float)b[g].d, s);
    dst[l].f = s;
  }
}

/* The callee's registers and buffers lie behind the caller's. */
static ts_vm_status vm_call(ts_vm *vm, const ts_vm_code *caller, const ts_insn *insn,
                            ts_slot *frame) {
  const ts_vm_call *call = caller->calls.at[insn->a];
  ts_slot *callee = frame + insn->b;
  callee[TS_VM_MEM].p = frame[TS_VM_MEM].p + caller->mem_bytes;
  for (unsigned i = 0; i < call->n; i++)
    callee[call->moves[i][1]] = frame[call->moves[i][0]];
  return ts_vm_exec(vm, call->callee, call->callee->insns, callee);
}

#define A R[I->a + L]
#define B R[I->b + L]
#define C R[I->c + L]
#define D R[I->d + L]
#define FAIL(kind, what) return ts_vm_fail(vm, code, I, R, (kind), (what))

/* Adds to an address or an integer, wrapping. */
#define STEP(slot, n) ((slot).i = (int64_t)((uint64_t)(slot).i + (uint64_t)(int64_t)(n)))

/* The FAR instructions. */
#define INSN(e, text, ...)
#define FAR(e, text, ...)                                                                          \
  static __attribute__((noinline)) ts_vm_status far_##e(ts_vm *vm, const ts_vm_code *code,         \
                                                        const ts_insn *I, ts_slot *R) {            \
    enum { L = 0 };                                                                                \
    (void)vm, (void)code;                                                                          \
    __VA_ARGS__;                                                                                   \
    return TS_VM_DONE;                                                                             \
  }
#define ELT(e, text, ...)                                                                          \
  static __attribute__((noinline)) ts_vm_status far_##e##_V(ts_vm *vm, const ts_vm_code *code,     \
                                                            const ts_insn *I, ts_slot *R) {        \
    (void)vm, (void)code;                                                                          \
    for (int L = 0, lanes = I->hi; L < lanes; L++) {                                               \
      __VA_ARGS__;                                                                                 \
    }                                                                                              \
    return TS_VM_DONE;                                                                             \
  }
#include "engine/vm/ops.def"
#undef INSN
#undef FAR
#undef ELT

#define JUMP(n)                                                                                    \
  do {                                                                                             \
    I += (n);                                                                                      \
    goto * I->go;                                                                                  \
  } while (0)

#if defined(__GNUC__) && !defined(__clang__) /* keep the jump at each handler's end its own */
#define TS_VM_SPLIT_JUMPS __attribute__((optimize("no-gcse", "no-crossjumping")))
#else
#define TS_VM_SPLIT_JUMPS
#endif

/* With `labels` it only hands out the handlers' addresses. */
TS_VM_SPLIT_JUMPS static ts_vm_status vm_run(ts_vm *vm, const ts_vm_code *code, const ts_insn *I,
                                             ts_slot *R, const void *const **labels) {
  static const void *const table[] = {
#define INSN(e, ...) &&do_##e,
#define FAR(e, ...) &&do_##e,
#define ELT(e, ...) &&do_##e, &&do_##e##_V,
#include "engine/vm/ops.def"
#undef INSN
#undef FAR
#undef ELT
  };
  if (labels) {
    *labels = table;
    return TS_VM_DONE;
  }
  goto * I->go;
#define INSN(e, text, ...)                                                                         \
  do_##e : {                                                                                       \
    enum { L = 0 };                                                                                \
    __VA_ARGS__;                                                                                   \
    JUMP(1);                                                                                       \
  }
#define CALL_FAR(e)                                                                                \
  do_##e : {                                                                                       \
    ts_vm_status s = far_##e(vm, code, I, R);                                                      \
    if (s != TS_VM_DONE) return s;                                                                 \
    JUMP(1);                                                                                       \
  }
#define FAR(e, text, ...) CALL_FAR(e)
#define ELT(e, text, ...) INSN(e, text, __VA_ARGS__) CALL_FAR(e##_V)
#include "engine/vm/ops.def"
#undef INSN
#undef FAR
#undef ELT
}

ts_vm_status ts_vm_exec(ts_vm *vm, const ts_vm_code *code, const ts_insn *at, ts_slot *frame) {
  return vm_run(vm, code, at, frame, NULL);
}

void ts_vm_load(ts_vm_code *code) {
  const void *const *labels;
  (void)vm_run(NULL, NULL, NULL, NULL, &labels);
  for (size_t i = 0; i < code->n; i++)
    code->insns[i].go = labels[code->insns[i].op];
}
