/* The C emitter: code that can be stopped.
 *
 * Long loops look at a flag that their caller may raise, and leave as if they had failed. A loop is long when its
 * trip count is not known, or when it and the loops inside take more than POLL_WORK steps; loops inside whose trip
 * counts are not known look for themselves. A loop without loops inside looks once in a strip of iterations, so
 * that compilers can still make vectors of these. */
#include <inttypes.h>
#include <math.h>

#include "emit/c_emit.h"

enum { POLL_WORK = 1 << 20, STRIP = 1 << 14 };

static double work_of(const ts_block *);

/* Infinite when not known. */
static double trips_of(const ts_op *op) {
  ts_for loop = ts_for_parts(op);
  int64_t lo, hi;
  if (loop.num_lo != 1 || loop.num_hi != 1 || !ts_aff_is_const(loop.lo[0], &lo) ||
      !ts_aff_is_const(loop.hi[0], &hi))
    return INFINITY;
  return (double)ts_trip_count(lo, hi, loop.step);
}

/* One for each op, and for each loop that looks for itself. */
static double work_of_op(const ts_op *op) {
  double trips = op->opcode == TS_OP_FOR ? trips_of(op) : 1, work = 1;
  if (isinf(trips)) return 1;
  for (unsigned i = 0; i < op->num_regions; i++)
    work += work_of(ts_op_regions(op)[i]);
  return trips * work;
}

static double work_of(const ts_block *block) {
  double work = 0;
  for (const ts_op *op = block->first; op; op = op->next)
    work += work_of_op(op);
  return work;
}

bool ts_c_polls(const ts_c_emit *e, const ts_op *op) {
  if (!e->options->stoppable) return false;
  return op->opcode != TS_OP_FOR || isinf(trips_of(op)) || work_of_op(op) > POLL_WORK;
}

bool ts_c_polls_in_strips(ts_c_emit *e, const ts_op *op) {
  int64_t strip;
  ts_for loop = ts_for_parts(op);
  if (!ts_c_polls(e, op) || __builtin_mul_overflow(loop.step, STRIP, &strip)) return false;
  for (const ts_op *inner = loop.body->first; inner; inner = inner->next)
    if (inner->num_regions || inner->opcode == TS_OP_CALL) return false;
  return ts_c_step_fits(e, op, strip);
}

void ts_c_poll(ts_c_emit *e, const ts_op *op) {
  if (e->nest) e->nest_polls = true;
  ts_c_fail_if(e, op, "__atomic_load_n(ts_stop, __ATOMIC_RELAXED)", TS_FAILURE_STOPPED, "0", "0");
}

void ts_c_open_strips(ts_c_emit *e, const ts_op *op, const char *iv, ts_c_text *lo, ts_c_text *hi) {
  int64_t strip = ts_for_parts(op).step * STRIP;
  const char *from = ts_c_unique(e, ts_sprintf(e->arena, "%s_from", iv)),
             *to = ts_c_unique(e, ts_sprintf(e->arena, "%s_to", iv));
  ts_c_stmt(e, "for (int64_t %s = %s; %s < %s; %s += %" PRId64 ") {", from, lo->s, from,
            ts_c_paren(e, *hi, TS_C_SHIFT), from, strip);
  e->indent++;
  ts_c_poll(e, op);
  ts_c_stmt(e,
            "const int64_t %s = (uint64_t)%s - (uint64_t)%s > %" PRId64 " ? %s + %" PRId64 " : %s;",
            to, ts_c_paren(e, *hi, TS_C_UNARY), from, strip, from, strip, hi->s);
  *lo = ts_c_atom(from);
  *hi = ts_c_atom(to);
}
