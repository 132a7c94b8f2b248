/* The C emitter: arithmetic. What ir/scalar.def says that an op means is printed in place where it is one
 * operator of C, else as a call of the helper that returns it; what is special about an op has a function of
 * its own below. */
#include <inttypes.h>

#include "emit/c_emit.h"

static ts_dtype dtype_of(const ts_value *v) { return (ts_dtype)v->type->dtype; }

static int64_t lanes_of(const ts_value *v) {
  return v->type->kind == TS_TYPE_VECTOR ? v->type->dims[0] : 0;
}

/* ---- values ---- */

static ts_c_text splat(ts_c_emit *e, ts_c_rep r, ts_c_text x) {
  return ts_c_call_helper(e, "splat", r, r.lanes, TS_F32, x.s);
}

static ts_c_text use_literal(ts_c_emit *e, const ts_value *v, ts_c_rep r) {
  ts_c_text x = ts_c_literal(e, r, dtype_of(v), v->bits);
  return r.lanes ? splat(e, r, x) : x;
}

ts_c_text ts_c_use(ts_c_emit *e, const ts_value *v) {
  if (ts_is_literal(v)) return use_literal(e, v, ts_c_rep_of(e, v));
  const ts_c_text *t = ts_ptrmap_get(&e->values, v);
  return t ? ts_c_nest_value(e, v, *t) : ts_c_atom("0"); /* of an op that was refused */
}

ts_c_text ts_c_use_mask(ts_c_emit *e, const ts_value *v, ts_c_rep like) {
  ts_c_rep want = ts_c_mask_of(like), have = ts_c_rep_of(e, v);
  if (ts_is_literal(v)) return use_literal(e, v, want);
  ts_c_text t = ts_c_use(e, v);
  if (ts_c_same_rep(want, have)) return t;
  return ts_c_expr(e, TS_C_ATOM, "__builtin_convertvector(%s, %s)", t.s, ts_c_type(e, want));
}

ts_c_text ts_c_repack(ts_c_emit *e, ts_c_rep from, ts_c_text x, bool packed) {
  if (ts_c_is_packed(from) == packed) return x;
  return ts_c_call_helper(e, packed ? "pack" : "unpack", from, from.lanes, TS_BF16, x.s);
}

ts_c_text ts_c_use_bf16(ts_c_emit *e, const ts_value *v, bool packed) {
  if (ts_is_literal(v) && packed) return use_literal(e, v, ts_c_packed_rep(v->type));
  return ts_c_repack(e, ts_c_rep_of(e, v), ts_c_use(e, v), packed);
}

/* As an operand of an op whose values are `r`: literals and masks take that form. */
static ts_c_text use_as(ts_c_emit *e, const ts_value *v, ts_c_rep r) {
  if (v->type->kind == TS_TYPE_VECTOR && dtype_of(v) == TS_I1) return ts_c_use_mask(e, v, r);
  return ts_c_use(e, v);
}

/* ---- results ---- */

enum { MAX_INLINE_OPS = 4, MAX_INLINE_TEXT = 72 };

/* Reads the only use better with the expression in its place? */
static bool reads_well(const ts_op *op, ts_c_text t) {
  const ts_value *v = ts_op_result(op, 0);
  const ts_use *u = v->uses;
  if (!ts_has_one_use(v) || u->owner->block != op->block || u->owner->num_regions) return false;
  if ((unsigned)(u - u->owner->operands) >= u->owner->num_plain && op->opcode != TS_OP_APPLY)
    return false;
  return t.ops <= MAX_INLINE_OPS && strlen(t.s) <= MAX_INLINE_TEXT;
}

static void define(ts_c_emit *e, const ts_op *op, ts_c_text t, bool inlined) {
  const ts_value *v = ts_op_result(op, 0);
  ts_c_text *kept = ts_new(e->arena, ts_c_text);
  *kept = t;
  ts_ptrmap_put(&e->values, v, kept);
  if (!ts_has_uses(v) || inlined) return;
  const char *name = ts_c_name(e, v);
  ts_c_stmt(e, "const %s %s = %s;", ts_c_type(e, ts_c_rep_of(e, v)), name, t.s);
  *kept = ts_c_atom(name);
}

/* What is computed later instead depends on nothing that changes in between. */
void ts_c_define(ts_c_emit *e, const ts_op *op, ts_c_text t) {
  define(e, op, t, t.ops == 0 || (ts_has_flag(op, TS_FLAG_PURE) && reads_well(op, t)));
}

enum { LOOK_AHEAD = 16 };

/* Is the value used up, by way of values that are used once, before anything is written? */
static bool is_used_at_once(const ts_op *load) {
  const ts_op *user = load;
  unsigned steps = 0;
  for (const ts_op *op = load; op->num_results && op->block == load->block; op = user) {
    if (!ts_has_one_use(ts_op_result(op, 0)) || steps++ == LOOK_AHEAD) break;
    user = ts_op_result(op, 0)->uses->owner;
    if (!ts_has_flag(user, TS_FLAG_PURE)) break;
  }
  if (user->block != load->block) return false;
  steps = 0;
  for (const ts_op *op = load->next; op != user && steps < LOOK_AHEAD; op = op->next, steps++)
    if (!op || (!ts_has_flag(op, TS_FLAG_PURE) && op->opcode != TS_OP_LOAD)) return false;
  return steps < LOOK_AHEAD;
}

void ts_c_define_load(ts_c_emit *e, const ts_op *op, ts_c_text t) {
  define(e, op, t, reads_well(op, t) && is_used_at_once(op));
}

static ts_c_text with_ops(ts_c_emit *e, const ts_op *op, ts_c_text t) {
  t.ops = 1;
  for (unsigned i = 0; i < op->num_plain; i++)
    t.ops += ts_c_use(e, ts_operand(op, i)).ops;
  return t;
}

/* ---- ops by the table ---- */

static const char *arguments(ts_c_emit *e, const ts_op *op, ts_c_rep r) {
  ts_c_out args = {0};
  for (unsigned i = 0; i < op->num_plain; i++)
    ts_c_list_add(e, &args, ", ", "%s", use_as(e, ts_operand(op, i), r).s);
  return ts_c_list_text(&args);
}

/* What the op means on numbers of its type, as scalar.def has it; NULL: it is no row's. */
static const char *meaning_of(ts_c_emit *e, const ts_op *op) {
  ts_scalar scalar = ts_scalar_of(op);
  if (scalar == TS_NUM_SCALARS) return NULL;
  const ts_scalar_info *row = &ts_scalar_infos[scalar];
  return ts_c_is_float(ts_c_rep_of(e, ts_op_result(op, 0))) ? row->float_meaning : row->int_meaning;
}

/* A meaning of one operator, "a + b" or "-a"; `op` is 0 for any other. */
typedef struct operation {
  char op;
  bool unary;
  ts_c_prec prec;
} operation;

static operation operation_of(const char *meaning) {
  static const struct {
    const char *operators;
    ts_c_prec prec;
  } of[] = {{"+-", TS_C_ADD}, {"*/", TS_C_MUL}, {"&|^", TS_C_BIT}};
  char a, b, op;
  int end = 0;
  if (strcmp(meaning, "-a") == 0) return (operation){'-', true, TS_C_UNARY};
  if (sscanf(meaning, "%c %c %c%n", &a, &op, &b, &end) != 3 || meaning[end])
    return (operation){0, false, TS_C_ATOM};
  for (size_t i = 0; i < ts_countof(of); i++)
    if (strchr(of[i].operators, op)) return (operation){op, false, of[i].prec};
  ts_unreachable("an operator that is not printed");
}

static ts_c_text infix(ts_c_emit *e, const ts_op *op, operation o, ts_c_rep r) {
  ts_c_prec left = o.prec == TS_C_BIT ? TS_C_UNARY : o.prec;
  ts_c_text a = use_as(e, ts_operand(op, 0), r);
  if (o.unary) return ts_c_expr(e, TS_C_UNARY, "%c%s", o.op, ts_c_paren(e, a, TS_C_ATOM));
  ts_c_text b = use_as(e, ts_operand(op, 1), r);
  return ts_c_expr(e, o.prec, "%s %c %s", ts_c_paren(e, a, left), o.op,
                   ts_c_paren(e, b, o.prec == TS_C_BIT ? TS_C_UNARY : o.prec + 1));
}

/* The float rounded to the narrow type `d`, which is one of them. */
static ts_c_text narrowed(ts_c_emit *e, ts_c_rep r, int64_t lanes, ts_dtype d, const char *x) {
  return ts_c_call_helper(e, ts_sprintf(e->arena, "round_%s", ts_c_narrow(d)), r, lanes, d, x);
}

/* Is the f64 only ever rounded to a narrower float? */
static bool is_rounded(const ts_value *v) {
  for (const ts_use *u = v->uses; u; u = u->next)
    if (u->owner->opcode != TS_OP_TRUNCF) return false;
  return dtype_of(v) == TS_F64 && ts_has_uses(v);
}

/* For some ops there are several helpers. */
static const char *helper_of(ts_c_emit *e, const ts_op *op, ts_scalar scalar, ts_c_rep r) {
  const ts_value *v = ts_op_result(op, 0);
  if (scalar == TS_SCALAR_GELU_TANH) return "gelu_tanh";
  if (scalar == TS_SCALAR_GELU && is_rounded(v)) return "gelu_brief";
  if (scalar == TS_SCALAR_FMA && ts_c_narrow(dtype_of(v))) return "fma_odd";
  return ts_c_scalar_helper(e, scalar, !ts_c_is_float(r));
}

static ts_c_text by_table(ts_c_emit *e, const ts_op *op, const char *meaning) {
  const ts_value *v = ts_op_result(op, 0);
  ts_scalar scalar = ts_scalar_of(op);
  ts_c_rep r = ts_c_rep_of(e, v);
  int64_t lanes = lanes_of(v);
  ts_dtype d = dtype_of(v);
  operation o = operation_of(meaning);
  ts_c_text t =
      o.op ? infix(e, op, o, r)
           : ts_c_call_helper(e, helper_of(e, op, scalar, r), r, lanes, d, arguments(e, op, r));
  return ts_c_narrow(d) && !ts_scalar_infos[scalar].exact ? narrowed(e, r, lanes, d, t.s) : t;
}

/* The check that a division needs before it. */
static void divide(ts_c_emit *e, const ts_op *op) {
  const ts_value *d = ts_operand(op, 1);
  bool sure = ts_is_literal(d) && d->bits != 0;
  ts_c_rep r = ts_c_rep_of(e, ts_op_result(op, 0));
  ts_c_text t = ts_c_use(e, d);
  if (!sure && r.lanes == 0)
    ts_c_fail_if(e, op, ts_sprintf(e->arena, "%s == 0", ts_c_paren(e, t, TS_C_SHIFT)),
                 TS_FAILURE_DIVISION, "0", "0");
  if (!sure && r.lanes) {
    const char *lane = ts_c_unique(e, "lane");
    ts_c_text first = ts_c_call_helper(e, "zero_lane", r, lanes_of(d), TS_F32, t.s);
    ts_c_stmt(e, "const int64_t %s = %s;", lane, first.s);
    ts_c_fail_if(e, op, ts_sprintf(e->arena, "%s >= 0", lane), TS_FAILURE_DIVISION, lane, "0");
  }
}

/* ---- comparisons, choice ---- */

/* A mask orders like the i1 it stands for, 0 before 1, when it is negated. */
static ts_c_text compare(ts_c_emit *e, const ts_op *op) {
  ts_pred pred = ts_op_pred(op);
  ts_c_rep r = ts_c_rep_of(e, ts_op_result(op, 0)), of = ts_c_rep_of(e, ts_operand(op, 0));
  bool masks = r.lanes && dtype_of(ts_operand(op, 0)) == TS_I1;
  if (ts_is_literal(ts_operand(op, 0))) of = ts_c_rep_of(e, ts_operand(op, 1));
  if (masks) of = r;
  const char *a = ts_c_paren(e, use_as(e, ts_operand(op, 0), of), TS_C_SHIFT),
             *b = ts_c_paren(e, use_as(e, ts_operand(op, 1), of), TS_C_SHIFT);
  if (masks) {
    const char *swap = a;
    a = b;
    b = swap;
  }
  ts_c_prec prec = pred == TS_EQ || pred == TS_NE ? TS_C_EQUAL : TS_C_LESS;
  if (r.lanes == 0) return ts_c_expr(e, prec, "%s %s %s", a, ts_pred_symbol(pred), b);
  return ts_c_expr(e, TS_C_UNARY, "(%s)(%s %s %s)", ts_c_type(e, r), a, ts_pred_symbol(pred), b);
}

static ts_c_text choose(ts_c_emit *e, const ts_op *op) {
  const ts_value *v = ts_op_result(op, 0), *flag = ts_operand(op, 0);
  ts_c_rep r = ts_c_rep_of(e, v);
  ts_c_text a = use_as(e, ts_operand(op, 1), r), b = use_as(e, ts_operand(op, 2), r);
  if (flag->type->kind == TS_TYPE_SCALAR)
    return ts_c_expr(e, TS_C_COND, "%s ? %s : %s", ts_c_paren(e, ts_c_use(e, flag), TS_C_OR),
                     ts_c_paren(e, a, TS_C_OR), ts_c_paren(e, b, TS_C_OR));
  return ts_c_call_helper(
      e, "select", r, r.lanes, TS_F32,
      ts_sprintf(e->arena, "%s, %s, %s", ts_c_use_mask(e, flag, r).s, a.s, b.s));
}

/* ---- conversions ---- */

static ts_c_text converted(ts_c_emit *e, ts_c_rep to, ts_c_text x) {
  if (to.lanes == 0)
    return ts_c_expr(e, TS_C_UNARY, "(%s)%s", ts_c_type(e, to), ts_c_paren(e, x, TS_C_UNARY));
  return ts_c_expr(e, TS_C_ATOM, "__builtin_convertvector(%s, %s)", x.s, ts_c_type(e, to));
}

/* A mask's lanes are 0 and -1, an i1 counts 0 or 1. */
static ts_c_text counted(ts_c_emit *e, ts_c_rep r, ts_c_text x) {
  return r.lanes ? ts_c_expr(e, TS_C_UNARY, "-%s", ts_c_paren(e, x, TS_C_ATOM)) : x;
}

static ts_c_text to_narrow(ts_c_emit *e, const ts_op *op, ts_c_rep from, ts_c_rep to, ts_dtype d,
                           ts_c_text x) {
  int64_t lanes = lanes_of(ts_op_result(op, 0));
  if (ts_c_is_float(from)) {
    const char *y = from.base == TS_C_F64 ? ts_c_call_helper(e, "odd", from, lanes, d, x.s).s : x.s;
    return narrowed(e, to, lanes, d, y);
  }
  ts_c_rep wide = {TS_C_I64, to.lanes};
  if (!ts_c_same_rep(from, wide)) x = converted(e, wide, x);
  return narrowed(e, to, lanes, d, ts_c_call_helper(e, "odd_i64", wide, lanes, d, x.s).s);
}

static ts_c_text convert(ts_c_emit *e, const ts_op *op) {
  const ts_value *v = ts_op_result(op, 0), *in = ts_operand(op, 0);
  ts_c_rep from = ts_c_rep_of(e, in), to = ts_c_rep_of(e, v);
  ts_dtype d = dtype_of(v);
  ts_c_text x = ts_c_use(e, in);
  if (dtype_of(in) == TS_I1) x = counted(e, from, x);
  if (op->opcode == TS_OP_FPTOSI)
    return ts_c_call_helper(
        e, ts_sprintf(e->arena, "fptosi_%s", ts_c_suffix(e, (ts_c_rep){to.base, 0})), from,
        lanes_of(v), d, x.s);
  bool rounds = op->opcode == TS_OP_TRUNCF || op->opcode == TS_OP_SITOFP;
  if (rounds && ts_c_narrow(d)) return to_narrow(e, op, from, to, d, x);
  return ts_c_same_rep(from, to) ? x : converted(e, to, x);
}

static bool is_same(ts_c_emit *e, const ts_op *op, ts_c_text t) {
  return op->num_plain == 1 && t.s == ts_c_use(e, ts_operand(op, 0)).s;
}

/* ---- vectors ---- */

static ts_c_text extract(ts_c_emit *e, const ts_op *op) {
  const ts_value *v = ts_operand(op, 0);
  const char *text = ts_c_paren(e, ts_c_use(e, v), TS_C_ATOM);
  int64_t lane = ts_attr_int(op, TS_ATTR_LANE, 0);
  if (dtype_of(v) == TS_I1) return ts_c_expr(e, TS_C_EQUAL, "%s[%" PRId64 "] != 0", text, lane);
  return ts_c_expr(e, TS_C_ATOM, "%s[%" PRId64 "]", text, lane);
}

/* A scalar as what a lane of `r` holds. */
static ts_c_text as_lane(ts_c_emit *e, const ts_value *x, ts_c_rep r) {
  if (dtype_of(x) != TS_I1) return ts_c_use(e, x);
  if (ts_is_literal(x)) return ts_c_literal(e, r, TS_I1, x->bits);
  return ts_c_expr(e, TS_C_UNARY, "-%s", ts_c_paren(e, ts_c_use(e, x), TS_C_ATOM));
}

/* A vector of `from` again and again as one of `r`: small ones as the integers that they fill. */
static ts_c_text repeat_vector(ts_c_emit *e, ts_c_text x, ts_c_rep from, int64_t lanes,
                               ts_c_rep r) {
  int64_t bytes = from.lanes * ts_c_base_bytes(from.base);
  if (ts_c_same_rep(from, r)) return x;
  if (lanes != from.lanes || bytes > 8) return ts_c_call_helper(e, "repeat", r, lanes, TS_F32, x.s);
  ts_c_rep whole = {bytes == 8   ? TS_C_I64
                    : bytes == 4 ? TS_C_I32
                    : bytes == 2 ? TS_C_I16
                                 : TS_C_I8,
                    r.lanes / from.lanes};
  const char *name = ts_sprintf(e->arena, "bits_%s", ts_c_suffix(e, (ts_c_rep){whole.base, 0}));
  ts_c_text bits = ts_c_call_helper(e, name, from, from.lanes, TS_F32, x.s);
  return ts_c_expr(e, TS_C_UNARY, "(%s)%s", ts_c_type(e, r), splat(e, whole, bits).s);
}

static ts_c_text repeat(ts_c_emit *e, const ts_value *v, ts_c_rep r) {
  if (v->type->kind == TS_TYPE_SCALAR) return splat(e, r, as_lane(e, v, r));
  if (ts_is_literal(v)) return use_literal(e, v, r);
  ts_c_rep from = {r.base, ts_c_padded(v->type->dims[0])};
  ts_c_text x =
      dtype_of(v) == TS_BF16 ? ts_c_use_bf16(e, v, ts_c_is_packed(r)) : use_as(e, v, from);
  return repeat_vector(e, x, from, v->type->dims[0], r);
}

/* The factors take the sum's form: a group of lanes in each of its. */
static ts_c_text dot(ts_c_emit *e, const ts_op *op) {
  ts_c_rep r = ts_c_rep_of(e, ts_op_result(op, 0));
  const char *type = ts_c_type(e, r), *name = "dot_bf16";
  const char *factors[2];
  for (unsigned i = 0; i < 2; i++) {
    const ts_value *v = ts_operand(op, i);
    ts_c_text x = dtype_of(v) == TS_BF16 ? ts_c_use_bf16(e, v, true) : ts_c_use(e, v);
    factors[i] = ts_c_expr(e, TS_C_UNARY, "(%s)%s", type, ts_c_paren(e, x, TS_C_UNARY)).s;
  }
  if (dtype_of(ts_operand(op, 0)) == TS_I8)
    name = ts_attr_find(op, TS_ATTR_UNSIGNED) ? "dot_u8" : "dot_i8";
  return ts_c_call_helper(e, name, r, r.lanes, TS_F32,
                          ts_sprintf(e->arena, "%s, %s, %s", factors[0], factors[1],
                                     use_as(e, ts_operand(op, 2), r).s));
}

static ts_c_text insert(ts_c_emit *e, const ts_op *op) {
  ts_c_rep r = ts_c_rep_of(e, ts_op_result(op, 0));
  return ts_c_call_helper(
      e, "insert", r, r.lanes, TS_F32,
      ts_sprintf(e->arena, "%s, %s, %" PRId64, as_lane(e, ts_operand(op, 0), r).s,
                 use_as(e, ts_operand(op, 1), r).s, ts_attr_int(op, TS_ATTR_LANE, 0)));
}

static ts_c_text reduce(ts_c_emit *e, const ts_op *op) {
  const ts_value *v = ts_operand(op, 0);
  ts_c_rep r = ts_c_rep_of(e, v);
  const char *name = ts_info(op)->name, *narrow = ts_c_narrow(dtype_of(v));
  ts_scalar scalar = ts_scalar_with((ts_opcode)ts_info(op)->combine, op);
  if (narrow && !ts_scalar_infos[scalar].exact)
    name = ts_sprintf(e->arena, "%s_%s", name, narrow);
  else if (!ts_c_is_float(r))
    name = ts_sprintf(e->arena, "%si", name);
  return ts_c_call_helper(e, name, r, lanes_of(v), dtype_of(v), ts_c_use(e, v).s);
}

static ts_c_text lanes_below(ts_c_emit *e, const ts_op *op) {
  const ts_value *v = ts_op_result(op, 0);
  ts_c_rep r = ts_c_rep_of(e, v);
  const char *name = r.base == TS_C_I8 && r.lanes > INT8_MAX ? "lanes_below_each" : "lanes_below";
  return ts_c_call_helper(e, name, r, lanes_of(v), TS_I1, ts_c_affine(e, op, op->map->exprs[0]).s);
}

static ts_c_text constant(ts_c_emit *e, const ts_op *op) {
  const ts_value *v = ts_op_result(op, 0);
  const ts_data *data = ts_attr_find(op, TS_ATTR_VALUE)->data;
  ts_dtype d = dtype_of(v);
  ts_c_rep r = ts_c_rep_of(e, v);
  if (data->form == TS_DATA_FILE) {
    ts_c_refuse(e, op->loc, "a register constant cannot come from a file; a `global` can");
    return ts_c_atom("0");
  }
  ts_c_text first = ts_c_literal(e, r, d, ts_number_load(d, data->bytes));
  if (r.lanes == 0) return first;
  if (data->form == TS_DATA_SPLAT) return splat(e, r, first);
  ts_c_out list = {0};
  for (int64_t i = 0; i < lanes_of(v); i++) {
    uint64_t image = ts_number_load(d, (const char *)data->bytes + (size_t)i * ts_dtype_bytes(d));
    ts_c_list_add(e, &list, ", ", "%s", ts_c_literal(e, r, d, image).s);
  }
  return ts_c_expr(e, TS_C_ATOM, "(%s){%s}", ts_c_type(e, r), ts_c_list_text(&list));
}

void ts_c_arith(ts_c_emit *e, const ts_op *op) {
  const ts_value *v = ts_op_result(op, 0);
  ts_c_rep r = ts_c_rep_of(e, v);
  ts_c_text t;
  if (ts_divides(op)) divide(e, op);
  if (!ts_has_uses(v)) return;
  switch (op->opcode) {
  case TS_OP_APPLY: t = ts_c_affine(e, op, op->map->exprs[0]); break;
  case TS_OP_CONST: t = constant(e, op); break;
  case TS_OP_CMPF:
  case TS_OP_CMPI: t = compare(e, op); break;
  case TS_OP_SELECT: t = choose(e, op); break;
  case TS_OP_EXTF:
  case TS_OP_TRUNCF:
  case TS_OP_SITOFP:
  case TS_OP_FPTOSI:
  case TS_OP_EXTSI:
  case TS_OP_TRUNCI: t = convert(e, op); break;
  case TS_OP_SPLAT: t = repeat(e, ts_operand(op, 0), r); break;
  case TS_OP_DOT: t = dot(e, op); break;
  case TS_OP_LANES_BELOW: t = lanes_below(e, op); break;
  case TS_OP_EXTRACT: t = extract(e, op); break;
  case TS_OP_INSERT: t = insert(e, op); break;
  case TS_OP_REDUCE_ADD:
  case TS_OP_REDUCE_MAXIMUM: t = reduce(e, op); break;
  default:
    if (!meaning_of(e, op)) {
      ts_c_refuse(e, op->loc, "`%s` has no form in C; the loop VM runs it (ts-run --engine=loop)",
                  ts_info(op)->name);
      return;
    }
    t = by_table(e, op, meaning_of(e, op));
  }
  ts_c_define(e, op, op->num_plain == 0 || is_same(e, op, t) ? t : with_ops(e, op, t));
}
