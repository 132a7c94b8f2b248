/* Candidates and trials as bytes, to be sent from rank to rank.
 *
 * A function for each type does both ways: it appends the value to what is written, or takes it off what is read, as the
 * wire was begun. Numbers are LEB128 (7 bits a byte, the least first), doubles their 8 bytes with the least first, a text its
 * length plus one and its bytes, 0 for none. What is read comes from elsewhere: lengths, words and ends are looked at, and
 * from the first thing that is not right on the wire is bad and gives zeros. */
#ifndef TS_TUNE_SPREAD_WIRE_H
#define TS_TUNE_SPREAD_WIRE_H

#include "records/trial.h"
#include "tune/measure/evaluator.h"

typedef struct ts_wire {
  ts_arena *arena;           /* of what is written, and of texts and lists that are read */
  bool reading, bad;         /* bad: what was read is not what it should be */
  const uint8_t *next, *end; /* what is left to read */
  TS_VEC(uint8_t) written;
} ts_wire;

ts_wire ts_wire_write(ts_arena *);
ts_wire ts_wire_read(ts_arena *, const void *bytes, size_t n);
/* Whether all was read and all of it was right. */
bool ts_wire_is_whole(const ts_wire *);

void ts_wire_number(ts_wire *, uint64_t *);
void ts_wire_text(ts_wire *, const char **);
/* Everything but the parameters, which whoever sent the candidate has. */
void ts_wire_trial(ts_wire *, ts_trial *);
/* `num_parameters` are the choices of its point. */
void ts_wire_candidate(ts_wire *, unsigned num_parameters, ts_candidate *);

#endif
