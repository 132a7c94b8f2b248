/* The C emitter: what holds other ops, calls, and leaving a function that fails.
 *
 * A failing statement returns, but for one inside a parallel loop, which no statement may leave: it
 * fills the iteration's own record and goes to the iteration's end. The record of the first
 * iteration, in the order that one thread would run them, is the function's; so it does not depend
 * on the threads. */
#include <inttypes.h>

#include "emit/c_emit.h"

/* ---- failing ---- */

const char *ts_c_record(ts_c_emit *e) {
  if (!e->fail) {
    e->current->fails = true;
    return "failure";
  }
  e->fail->used = true;
  return ts_sprintf(e->arena, "&%s", e->fail->record);
}

static const char *leaving(const ts_c_emit *e) {
  return e->fail ? ts_sprintf(e->arena, "goto %s", e->fail->label) : "return 1";
}

void ts_c_leave_if(ts_c_emit *e, const char *condition) {
  ts_c_stmt(e, "if (%s) %s;", condition, leaving(e));
}

static void fail_if(ts_c_emit *e, const char *condition, const char *call) {
  if (!e->fail) {
    ts_c_stmt(e, "if (%s)", condition);
    ts_c_stmt(e, "  return %s;", call);
    return;
  }
  ts_c_stmt(e, "if (%s) {", condition);
  ts_c_stmt(e, "  %s;", call);
  ts_c_stmt(e, "  %s;", leaving(e));
  ts_c_stmt(e, "}");
}

void ts_c_fail_if(ts_c_emit *e, const ts_op *op, const char *condition, ts_failure_kind kind,
                  const char *index, const char *extent) {
  const char *record = ts_c_record(e);
  fail_if(e, condition,
          ts_sprintf(e->arena, "%s(%s, %d, %s, %s, %s)", ts_c_plain_helper(e, "fail"), record,
                     (int)kind, ts_c_nest_position(e, op), index, extent));
}

void ts_c_fail_bounds_if(ts_c_emit *e, const ts_op *op, const char *condition, unsigned dimension,
                         const char *index, const char *extent) {
  const char *record = ts_c_record(e);
  ts_c_out variables = {0};
  for (unsigned i = 0; i < ts_num_dims(op) && i < TS_FAILURE_VARIABLES; i++)
    ts_c_list_add(e, &variables, ", ", "%s", ts_c_use(e, ts_dim(op, i)).s);
  fail_if(e, condition,
          ts_sprintf(e->arena, "%s(%s, %s, %u, %s, %s, (const int64_t[%d]){%s})",
                     ts_c_plain_helper(e, "fail_bounds"), record, ts_c_nest_position(e, op),
                     dimension, index, extent, TS_FAILURE_VARIABLES,
                     variables.n ? variables.at : "0"));
}

/* ---- loops ---- */

static void define_index(ts_c_emit *e, const ts_value *v, const char *name) {
  ts_c_text *t = ts_new(e->arena, ts_c_text);
  *t = ts_c_atom(name);
  ts_ptrmap_put(&e->values, v, t);
}

/* Does `i + step` stay in int64_t in every iteration, the last included? An end that is made of symbolic
 * extents is far enough below 2^63, as arrays are. */
bool ts_c_step_fits(ts_c_emit *e, const ts_op *op, int64_t step) {
  static const int64_t small = (int64_t)1 << 32;
  ts_for loop = ts_for_parts(op);
  for (unsigned i = 0; i < loop.num_hi; i++) {
    int64_t last = ts_range_of(e->ranges, op, loop.hi[i]).hi, constant;
    bool far = last == INT64_MAX && !ts_aff_is_const(loop.hi[i], &constant);
    if (far ? step < small : last <= INT64_MAX - (step - 1)) return true;
  }
  return false;
}

static bool step_fits(ts_c_emit *e, const ts_op *op) {
  return ts_c_step_fits(e, op, ts_for_parts(op).step);
}

/* Counts iterations, where the variable would run past int64_t. */
static void print_counted_for(ts_c_emit *e, const ts_op *op, const char *iv, ts_c_text lo,
                              ts_c_text hi) {
  int64_t step = ts_for_parts(op).step;
  const char *n = ts_c_unique(e, ts_sprintf(e->arena, "%s_n", iv));
  ts_c_stmt(e, "for (uint64_t %s = 0; %s < %s(%s, %s, %" PRId64 "); %s++) {", n, n,
            ts_c_plain_helper(e, "trips"), lo.s, hi.s, step, n);
  ts_c_stmt(e, "  const int64_t %s = (int64_t)((uint64_t)%s + %s * %" PRId64 ");", iv,
            ts_c_paren(e, lo, TS_C_UNARY), n, step);
}

typedef struct bounds {
  ts_c_text lo, hi;
} bounds;

static bounds bounds_of(ts_c_emit *e, const ts_op *op) {
  ts_for loop = ts_for_parts(op);
  return (bounds){ts_c_bound(e, op, loop.num_lo, loop.lo, true),
                  ts_c_bound(e, op, loop.num_hi, loop.hi, false)};
}

static void print_for(ts_c_emit *e, const ts_op *op, const char *iv, bounds b) {
  ts_for loop = ts_for_parts(op);
  ts_c_text lo = b.lo, hi = b.hi;
  if (!step_fits(e, op)) {
    print_counted_for(e, op, iv, lo, hi);
    return;
  }
  const char *step = loop.step == 1 ? ts_sprintf(e->arena, "%s++", iv)
                                    : ts_sprintf(e->arena, "%s += %" PRId64, iv, loop.step);
  ts_c_stmt(e, "for (int64_t %s = %s; %s < %s; %s) {", iv, lo.s, iv, ts_c_paren(e, hi, TS_C_SHIFT),
            step);
}

/* What stands between the braces of a loop, whose index is in scope, or of an if. It begins with a look whether the
 * loop `polled` is to stop; NULL: it does not. */
static void print_block(ts_c_emit *e, ts_block *block, const ts_op *polled) {
  e->indent++;
  ts_ranges_enter(e->ranges, block);
  size_t mark = ts_c_scope_open(e);
  if (polled) ts_c_poll(e, polled);
  ts_c_block(e, block);
  ts_c_scope_close(e, mark);
  ts_ranges_leave(e->ranges);
  e->indent--;
}

enum { MAX_UNROLL = 65534, UNROLL_UNKNOWN = 4 };

static int64_t unroll_count(const ts_for *loop) {
  int64_t lo, hi;
  if (loop->num_lo != 1 || loop->num_hi != 1 || !ts_aff_is_const(loop->lo[0], &lo) ||
      !ts_aff_is_const(loop->hi[0], &hi))
    return UNROLL_UNKNOWN;
  if (hi <= lo) return 1;
  return (int64_t)ts_min(ts_trip_count(lo, hi, loop->step), (uint64_t)MAX_UNROLL);
}

static void print_marks(ts_c_emit *e, const ts_op *op) {
  ts_for loop = ts_for_parts(op);
  if (ts_attr_find(op, TS_ATTR_VECTOR)) ts_c_stmt(e, "TS_IVDEP");
  if (ts_attr_find(op, TS_ATTR_UNROLL)) ts_c_stmt(e, "TS_UNROLL(%" PRId64 ")", unroll_count(&loop));
}

static void serial_for(ts_c_emit *e, const ts_op *op) {
  ts_for loop = ts_for_parts(op);
  size_t mark = ts_c_scope_open(e);
  const char *iv = ts_c_name(e, loop.iv);
  bounds b = bounds_of(e, op);
  bool strips = ts_c_polls_in_strips(e, op);
  if (strips) ts_c_open_strips(e, op, iv, &b.lo, &b.hi);
  print_marks(e, op);
  print_for(e, op, iv, b);
  define_index(e, loop.iv, iv);
  print_block(e, loop.body, !strips && ts_c_polls(e, op) ? op : NULL);
  ts_c_stmt(e, "}");
  if (strips) {
    e->indent--;
    ts_c_stmt(e, "}");
  }
  ts_c_scope_close(e, mark);
}

/* ---- parallel loops ---- */

static bool is_parallel(const ts_op *op) {
  return op->opcode == TS_OP_FOR && ts_attr_find(op, TS_ATTR_PARALLEL);
}

/* The loop right inside, when it is parallel too, all there is, and the same for every iteration
 * outside. */
static const ts_op *band_inside(ts_c_emit *e, const ts_op *op) {
  const ts_block *body = ts_for_parts(op).body;
  const ts_op *inner = body->first;
  bool alone = inner && (!inner->next || inner->next->opcode == TS_OP_RETURN);
  if (!alone || !is_parallel(inner) || !step_fits(e, op) || !step_fits(e, inner)) return NULL;
  return ts_num_dims(inner) == 0 ? inner : NULL;
}

/* The body into a buffer of its own, to see whether anything in it can fail. */
static ts_c_out body_apart(ts_c_emit *e, const ts_op *op, ts_c_fail *fail, const ts_op *polled) {
  ts_c_out text = {0}, *outer = e->out;
  ts_c_fail *outer_fail = e->fail;
  e->out = &text;
  e->fail = fail;
  print_block(e, ts_for_parts(op).body, polled);
  e->out = outer;
  e->fail = outer_fail;
  return text;
}

/* The text with its lines one step further in. */
static void put_indented(ts_c_emit *e, const ts_c_out *text) {
  for (const char *line = text->at; line && *line;) {
    const char *end = strchr(line, '\n') + 1;
    if (*line != '#') ts_c_put(e, "  ");
    ts_c_out_add(e->arena, e->out, line, (size_t)(end - line));
    line = end;
  }
}

/* The body in braces of its own, since a goto out of them frees what was allocated inside; what
 * failed in it is kept when no earlier iteration failed. */
static void failing_body(ts_c_emit *e, const ts_c_out *body, const ts_c_fail *fail, const char *iv,
                         const char *first) {
  ts_c_stmt(e, "struct ts_failure %s = {0};", fail->record);
  ts_c_stmt(e, "{");
  put_indented(e, body);
  ts_c_stmt(e, "}");
  ts_c_stmt(e, "%s:", fail->label);
  ts_c_stmt(e, "  if (%s.kind) {", fail->record);
  ts_c_stmt(e, "#pragma omp critical(ts_failure)");
  ts_c_stmt(e, "    if (%s < %s) {", iv, first);
  ts_c_stmt(e, "      %s = %s;", first, iv);
  ts_c_stmt(e, "      if (failure) *failure = %s;", fail->record);
  ts_c_stmt(e, "    }");
  ts_c_stmt(e, "  }");
}

/* The heads of the band's loops. */
static void print_band(ts_c_emit *e, const ts_op *op, unsigned depth, const char *const *ivs) {
  for (unsigned i = 0; i < depth; i++) {
    print_for(e, op, ivs[i], bounds_of(e, op));
    e->indent++;
    op = ts_for_parts(op).body->first;
  }
}

enum { MAX_BAND = 8 };

/* A name that no other parallel loop of the function has. Scopes do not see to that: labels have
 * none, and the variable stands outside the loop. */
static const char *name_of_loop(ts_c_emit *e, const char *name) {
  unsigned n = e->current->num_parallel;
  return ts_c_unique(e, n > 1 ? ts_sprintf(e->arena, "%s_%u", name, n) : name);
}

static void parallel_for(ts_c_emit *e, const ts_op *op) {
  const char *ivs[MAX_BAND];
  const ts_op *inner = op, *polled = NULL;
  unsigned depth = 0;
  size_t mark = ts_c_scope_open(e);
  e->current->num_parallel++;
  ts_c_fail fail = {ts_c_unique(e, "failed"), name_of_loop(e, "end"), false};
  const char *first = name_of_loop(e, "first_failed");
  for (const ts_op *at = op; at && depth < MAX_BAND; at = band_inside(e, at)) {
    inner = at;
    if (ts_c_polls(e, at)) polled = at;
    ivs[depth] = ts_c_name(e, ts_for_parts(at).iv);
    define_index(e, ts_for_parts(at).iv, ivs[depth++]);
    if (depth > 1) ts_ranges_enter(e->ranges, at->block);
  }
  e->parallel = true;
  e->indent += (int)depth - 1;
  ts_c_out body = body_apart(e, inner, &fail, polled);
  e->indent -= (int)depth - 1;
  e->parallel = false;
  for (unsigned i = 1; i < depth; i++)
    ts_ranges_leave(e->ranges);
  if (fail.used) ts_c_stmt(e, "int64_t %s = INT64_MAX;", first);
  if (depth > 1 && !fail.used)
    ts_c_stmt(e, "#pragma omp parallel for schedule(static) collapse(%u)", depth);
  else
    ts_c_stmt(e, "#pragma omp parallel for schedule(static)");
  print_band(e, op, depth, ivs);
  if (fail.used)
    failing_body(e, &body, &fail, ivs[0], first);
  else
    ts_c_out_add(e->arena, e->out, body.at ? body.at : "", body.n);
  for (unsigned i = 0; i < depth; i++) {
    e->indent--;
    ts_c_stmt(e, "}");
  }
  if (fail.used) {
    e->current->fails = true;
    ts_c_leave_if(e, ts_sprintf(e->arena, "%s != INT64_MAX", first));
  }
  ts_c_scope_close(e, mark);
}

static void print_loop(ts_c_emit *e, const ts_op *op) {
  if (is_parallel(op) && !e->parallel && e->options->openmp)
    parallel_for(e, op);
  else
    serial_for(e, op);
}

/* ---- conditions ---- */

static const char *condition(ts_c_emit *e, const ts_op *op) {
  ts_if test = ts_if_parts(op);
  if (test.n == 0) return ts_c_use(e, test.flag).s;
  ts_c_out text = {0};
  for (unsigned i = 0; i < test.n; i++) {
    ts_c_text a = ts_c_affine(e, op, test.sides[2 * i]),
              b = ts_c_affine(e, op, test.sides[2 * i + 1]);
    ts_c_list_add(e, &text, " && ", "%s %s %s", ts_c_paren(e, a, TS_C_SHIFT),
                  ts_pred_symbol((ts_pred)test.preds[i]), ts_c_paren(e, b, TS_C_SHIFT));
  }
  return ts_c_list_text(&text);
}

static void print_if(ts_c_emit *e, const ts_op *op) {
  ts_if test = ts_if_parts(op);
  ts_c_stmt(e, "if (%s) {", condition(e, op));
  print_block(e, test.then_block, NULL);
  if (test.else_block->first) {
    ts_c_stmt(e, "} else {");
    print_block(e, test.else_block, NULL);
  }
  ts_c_stmt(e, "}");
}

/* ---- launches ---- */

static void find_shared(void *found, ts_op *op) {
  bool shared = op->opcode == TS_OP_ALLOC && ts_op_result(op, 0)->type->space == TS_SPACE_SHARED;
  if (shared || op->opcode == TS_OP_BARRIER || op->opcode == TS_OP_ASYNC_COPY)
    *(const ts_op **)found = op;
}

/* Threads that share nothing run one after another, the first index fastest. */
static void print_launch(ts_c_emit *e, const ts_op *op) {
  ts_launch launch = ts_launch_parts(op);
  const ts_op *shares = NULL;
  ts_walk(launch.body, find_shared, &shares);
  if (shares) {
    ts_c_refuse(e, op->loc,
                "a launch whose threads work together has no form in C; the loop VM runs it "
                "(ts-run --engine=loop)");
    ts_note(e->ctx, shares->loc, "here they do");
    return;
  }
  size_t mark = ts_c_scope_open(e);
  unsigned depth = 0;
  for (int clause = TS_CLAUSE_BLOCKS; clause <= TS_CLAUSE_THREADS; clause++)
    for (unsigned i = launch.n; i-- > 0;) {
      if (launch.clauses[i] != clause) continue;
      const char *iv = ts_c_name(e, launch.body->args[i]);
      define_index(e, launch.body->args[i], iv);
      ts_c_stmt(e, "for (int64_t %s = 0; %s < %s; %s++) {", iv, iv,
                ts_c_paren(e, ts_c_affine(e, op, launch.extents[i]), TS_C_SHIFT), iv);
      e->indent++;
      depth++;
    }
  e->indent--;
  print_block(e, launch.body, ts_c_polls(e, op) ? op : NULL);
  e->indent++;
  for (; depth; depth--) {
    e->indent--;
    ts_c_stmt(e, "}");
  }
  ts_c_scope_close(e, mark);
}

/* ---- calls ---- */

/* What the caller calls the callee's extent: the extent of an argument. */
static ts_c_text extent_for(ts_c_emit *e, const ts_op *op, const ts_c_func *callee, ts_str extent) {
  for (unsigned i = 0; i < op->num_plain; i++) {
    const ts_type *want = callee->sig.entries[i].type, *have = ts_operand(op, i)->type;
    for (unsigned d = 0; d < want->rank; d++)
      if (ts_is_symbolic(want->dims[d]) && ts_extent_name(want->dims[d]) == extent)
        return ts_c_extent(e, have->dims[d]);
  }
  ts_unreachable("a call that leaves an extent open");
}

void ts_c_call(ts_c_emit *e, const ts_op *op) {
  const ts_func *to = ts_func_find(e->m, ts_attr_find(op, TS_ATTR_CALLEE)->word);
  const ts_c_func *callee = to ? ts_ptrmap_get(&e->func_of, to) : NULL;
  if (!callee) ts_unreachable("a call of no function");
  ts_c_out args = {0};
  for (unsigned i = 0; i < op->num_plain; i++)
    ts_c_list_add(e, &args, ", ", "%s", ts_c_base_address(e, ts_c_buffer_of(e, ts_operand(op, i))));
  for (unsigned i = 0; i < callee->num_extents; i++)
    ts_c_list_add(e, &args, ", ", "%s", extent_for(e, op, callee, callee->extents[i]).s);
  ts_c_add_hidden(e, &args, false);
  ts_c_list_add(e, &args, ", ", "%s", callee->fails ? ts_c_record(e) : "NULL");
  const char *call = ts_sprintf(e->arena, "%s(%s)", callee->name, ts_c_list_text(&args));
  if (callee->fails)
    ts_c_leave_if(e, call);
  else
    ts_c_stmt(e, "%s;", call);
}

/* ---- blocks ---- */

static bool has_fragment(const ts_op *op) {
  for (unsigned i = 0; i < op->num_plain; i++)
    if (ts_is_kind(ts_operand(op, i)->type, TS_TYPE_FRAGMENT)) return true;
  return op->num_results == 1 && ts_is_kind(ts_op_result(op, 0)->type, TS_TYPE_FRAGMENT);
}

void ts_c_print_op(ts_c_emit *e, const ts_op *op) {
  if (has_fragment(op)) {
    ts_c_refuse(e, op->loc,
                "fragments have no form in C; the loop VM runs them (ts-run --engine=loop)");
    return;
  }
  switch (op->opcode) {
  case TS_OP_FOR: print_loop(e, op); break;
  case TS_OP_IF: print_if(e, op); break;
  case TS_OP_LAUNCH: print_launch(e, op); break;
  case TS_OP_CALL: ts_c_call(e, op); break;
  case TS_OP_RETURN: break;
  case TS_OP_ALLOC: ts_c_alloc(e, op); break;
  case TS_OP_GLOBAL: ts_c_get_global(e, op); break;
  case TS_OP_LOAD: ts_c_load(e, op); break;
  case TS_OP_STORE: ts_c_store(e, op); break;
  case TS_OP_COPY: ts_c_copy(e, op); break;
  case TS_OP_PREFETCH: ts_c_prefetch(e, op); break;
  case TS_OP_ATOMIC_ADD: ts_c_atomic_add(e, op); break;
  default:
    if (op->num_results != 1)
      ts_c_refuse(e, op->loc, "`%s` has no form in C; the loop VM runs it (ts-run --engine=loop)",
                  ts_info(op)->name);
    else
      ts_c_arith(e, op);
  }
}

void ts_c_block(ts_c_emit *e, const ts_block *block) {
  for (const ts_op *op = block->first; op && e->result == TS_OK; op = op->next) {
    ts_c_line_directive(e, op);
    if (e->current->num_nests && !block->parent && op->num_regions)
      ts_c_print_nest(e, op);
    else
      ts_c_print_op(e, op);
  }
}
