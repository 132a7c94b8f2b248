/* The C emitter: how values and elements are typed, and literals. What differs between dialects of
 * C stands in the table at the top; CUDA and OpenCL add a column. */
#include <inttypes.h>
#include <math.h>

#include "data/array.h"
#include "emit/c_emit.h"

static const struct {
  const char *name;   /* of the scalar */
  const char *suffix; /* in names of helpers and vector types */
  unsigned bytes;
} bases[TS_C_NUM_BASES] = {[TS_C_F64] = {"double", "f64", 8},  [TS_C_F32] = {"float", "f32", 4},
                           [TS_C_I64] = {"int64_t", "i64", 8}, [TS_C_I32] = {"int32_t", "i32", 4},
                           [TS_C_I16] = {"int16_t", "i16", 2}, [TS_C_I8] = {"int8_t", "i8", 1},
                           [TS_C_BOOL] = {"bool", "i1", 1}};

static const struct {
  const char *memory; /* of an element in memory */
  ts_c_base base;     /* what its value is */
} elements[TS_NUM_DTYPES] = {[TS_F64] = {"double", TS_C_F64},   [TS_F32] = {"float", TS_C_F32},
                             [TS_F16] = {"ts_f16", TS_C_F32},   [TS_BF16] = {"ts_bf16", TS_C_F32},
                             [TS_I64] = {"int64_t", TS_C_I64},  [TS_I32] = {"int32_t", TS_C_I32},
                             [TS_I8] = {"int8_t", TS_C_I8},     [TS_I1] = {"uint8_t", TS_C_BOOL},
                             [TS_INDEX] = {"int64_t", TS_C_I64}};

const char *ts_c_memory_type(ts_dtype d) { return elements[d].memory; }

const char *ts_c_narrow(ts_dtype d) { return d == TS_F16 ? "f16" : d == TS_BF16 ? "bf16" : NULL; }

unsigned ts_c_base_bytes(ts_c_base b) { return bases[b].bytes; }

bool ts_c_is_float(ts_c_rep r) { return r.base == TS_C_F64 || r.base == TS_C_F32; }

bool ts_c_same_rep(ts_c_rep a, ts_c_rep b) { return a.base == b.base && a.lanes == b.lanes; }

int64_t ts_c_padded(int64_t lanes) {
  int64_t p = 1;
  while (p < lanes)
    p *= 2;
  return p;
}

ts_c_rep ts_c_rep_of_type(const ts_type *t) {
  ts_c_base base = elements[t->dtype].base;
  if (t->kind != TS_TYPE_VECTOR) return (ts_c_rep){base, 0};
  return (ts_c_rep){base == TS_C_BOOL ? TS_C_I32 : base, ts_c_padded(t->dims[0])};
}

/* An integer vector of lanes as wide. */
ts_c_rep ts_c_mask_of(ts_c_rep r) {
  if (r.lanes == 0) return (ts_c_rep){TS_C_BOOL, 0};
  unsigned bytes = bases[r.base].bytes;
  return (ts_c_rep){bytes == 8   ? TS_C_I64
                    : bytes == 4 ? TS_C_I32
                    : bytes == 2 ? TS_C_I16
                                 : TS_C_I8,
                    r.lanes};
}

/* ---- vectors of bf16 ---- */

ts_c_rep ts_c_packed_rep(const ts_type *t) { return (ts_c_rep){TS_C_I16, ts_c_padded(t->dims[0])}; }

bool ts_c_is_packed(ts_c_rep r) { return r.base == TS_C_I16; }

/* Does the use want only the bits? */
static bool moves_bits(const ts_use *u) {
  const ts_op *op = u->owner;
  unsigned which = (unsigned)(u - op->operands);
  return op->opcode == TS_OP_SPLAT || (op->opcode == TS_OP_STORE && which == 0) ||
         (op->opcode == TS_OP_DOT && which < 2);
}

static ts_c_rep bf16_rep(const ts_value *v) {
  bool packed =
      v->kind == TS_VALUE_RESULT &&
      (v->def->opcode == TS_OP_LOAD ||
       (v->def->opcode == TS_OP_SPLAT && ts_is_kind(ts_operand(v->def, 0)->type, TS_TYPE_VECTOR)));
  for (const ts_use *u = v->uses; u && packed; u = u->next)
    packed = moves_bits(u);
  return packed ? ts_c_packed_rep(v->type) : ts_c_rep_of_type(v->type);
}

/* ---- masks ---- */

enum { MASK_DEPTH = 16 };

static bool mask_of_use(ts_c_emit *, const ts_use *, int depth, ts_c_base *);

/* The lanes' type that serves the uses of a mask best: that of what the first one chooses
 * between. */
static ts_c_base mask_wanted(ts_c_emit *e, const ts_value *v, int depth) {
  ts_c_base b = TS_C_I32;
  for (const ts_use *u = v->uses; u && depth > 0; u = u->next)
    if (mask_of_use(e, u, depth - 1, &b)) break;
  return b;
}

static bool mask_of_use(ts_c_emit *e, const ts_use *u, int depth, ts_c_base *out) {
  const ts_op *op = u->owner;
  unsigned which = (unsigned)(u - op->operands);
  const ts_value *v = NULL;
  if (op->opcode == TS_OP_SELECT && which == 0) v = ts_op_result(op, 0);
  if (op->opcode == TS_OP_LOAD && which > 0) v = ts_op_result(op, 0);
  if (op->opcode == TS_OP_STORE && which > 1) v = ts_operand(op, 0);
  if (v && v->type->dtype != TS_I1) {
    *out = ts_c_mask_of(ts_c_rep_of(e, v)).base;
    return true;
  }
  bool passes_on = op->num_results == 1 && ts_op_result(op, 0)->type == u->value->type;
  if (passes_on) *out = mask_wanted(e, ts_op_result(op, 0), depth);
  return passes_on;
}

static ts_c_rep mask_rep(ts_c_emit *e, const ts_value *v) {
  ts_c_rep r = ts_c_rep_of_type(v->type);
  if (v->kind == TS_VALUE_RESULT &&
      (v->def->opcode == TS_OP_CMPF ||
       (v->def->opcode == TS_OP_CMPI && ts_operand(v->def, 0)->type->dtype != TS_I1)))
    r = ts_c_mask_of(ts_c_rep_of_type(ts_operand(v->def, 0)->type));
  else
    r.base = mask_wanted(e, v, MASK_DEPTH);
  return r;
}

ts_c_rep ts_c_rep_of(ts_c_emit *e, const ts_value *v) {
  ts_dtype d = (ts_dtype)v->type->dtype;
  if (v->type->kind != TS_TYPE_VECTOR || (d != TS_I1 && d != TS_BF16) || ts_is_literal(v))
    return ts_c_rep_of_type(v->type);
  ts_c_rep *known = ts_ptrmap_get(&e->reps, v);
  if (known) return *known;
  ts_c_rep r = d == TS_I1 ? mask_rep(e, v) : bf16_rep(v);
  known = ts_new(e->arena, ts_c_rep);
  *known = r;
  ts_ptrmap_put(&e->reps, v, known);
  return r;
}

/* ---- names of types ---- */

const char *ts_c_suffix(ts_c_emit *e, ts_c_rep r) {
  const char *s = bases[r.base].suffix;
  return r.lanes ? ts_sprintf(e->arena, "%sx%" PRId64, s, r.lanes) : s;
}

const char *ts_c_type(ts_c_emit *e, ts_c_rep r) {
  if (r.lanes == 0) return bases[r.base].name;
  ts_c_rep as_float = {bases[r.base].bytes == 8 ? TS_C_F64 : TS_C_F32, r.lanes};
  bool in_prelude = bases[r.base].bytes >= 4 &&
                    ts_c_use_section(e, ts_sprintf(e->arena, "ts_%s", ts_c_suffix(e, as_float)));
  size_t i = 0;
  while (i < e->vectors.n && !ts_c_same_rep(e->vectors.at[i], r))
    i++;
  if (i == e->vectors.n && !in_prelude) ts_push(e->arena, &e->vectors, r);
  return ts_sprintf(e->arena, "ts_%s", ts_c_suffix(e, r));
}

const char *ts_c_unsigned(ts_c_base b) {
  unsigned bytes = bases[b].bytes;
  return bytes == 8 ? "uint64_t" : bytes == 4 ? "uint32_t" : bytes == 2 ? "uint16_t" : "uint8_t";
}

const char *ts_c_unsigned_vector(ts_c_emit *e, ts_c_rep r) {
  r.base = ts_c_mask_of(r).base;
  size_t i = 0;
  while (i < e->unsigned_vectors.n && !ts_c_same_rep(e->unsigned_vectors.at[i], r))
    i++;
  if (i == e->unsigned_vectors.n) ts_push(e->arena, &e->unsigned_vectors, r);
  return ts_sprintf(e->arena, "ts_bits%s", ts_c_suffix(e, r) + 1);
}

static void print_vector_type(ts_c_emit *e, ts_c_rep r, const char *scalar, const char *name) {
  ts_c_printf(e, "typedef %s %s __attribute__((vector_size(%" PRId64 ")));\n", scalar, name,
              r.lanes * bases[r.base].bytes);
}

void ts_c_print_vector_types(ts_c_emit *e) {
  for (size_t i = 0; i < e->vectors.n; i++) {
    ts_c_rep r = e->vectors.at[i];
    print_vector_type(e, r, bases[r.base].name, ts_c_type(e, r));
  }
  for (size_t i = 0; i < e->unsigned_vectors.n; i++) {
    ts_c_rep r = e->unsigned_vectors.at[i];
    print_vector_type(e, r, ts_c_unsigned(r.base), ts_c_unsigned_vector(e, r));
  }
}

/* ---- literals ---- */

static ts_c_text float_literal(ts_c_emit *e, ts_c_base base, double v) {
  const char *f = base == TS_C_F32 ? "f" : "";
  if (isnan(v)) {
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    uint64_t payload = base == TS_C_F32 ? (bits >> 29) & 0x3fffff : bits & 0x7ffffffffffff;
    return ts_c_expr(e, TS_C_UNARY, "%s__builtin_nan%s(\"0x%" PRIx64 "\")", signbit(v) ? "-" : "",
                     f, payload);
  }
  if (isinf(v)) return ts_c_expr(e, TS_C_UNARY, "%s__builtin_inf%s()", v < 0 ? "-" : "", f);
  char text[40];
  size_t n = ts_format_float(text, v, base == TS_C_F32 ? 32 : 64);
  return (ts_c_text){ts_sprintf(e->arena, "%.*s%s", (int)n, text, f),
                     signbit(v) ? TS_C_UNARY : TS_C_ATOM, 0};
}

static ts_c_text int_literal(ts_c_emit *e, int64_t v) {
  if (v == INT64_MIN) return ts_c_atom("INT64_MIN");
  return (ts_c_text){ts_sprintf(e->arena, "%" PRId64, v), v < 0 ? TS_C_UNARY : TS_C_ATOM, 0};
}

ts_c_text ts_c_literal(ts_c_emit *e, ts_c_rep r, ts_dtype d, uint64_t image) {
  double v;
  memcpy(&v, &image, sizeof v);
  if (r.base == TS_C_I16) {
    int16_t bits;
    ts_number_store(d, image, &bits);
    return int_literal(e, bits);
  }
  if (ts_is_float(d)) return float_literal(e, r.base, v);
  if (d != TS_I1) return int_literal(e, (int64_t)image);
  if (r.base == TS_C_BOOL) return ts_c_atom(image ? "true" : "false");
  return int_literal(e, -(int64_t)(image != 0));
}
