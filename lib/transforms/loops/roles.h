/* What passes make of a loop or a buffer, by the word that stands behind its name: of %j, split makes %j.o and
 * %j.i. Where a name is taken, the loop gets another one; recipes therefore speak of roles (pass/made.h). */
#ifndef TS_TRANSFORMS_LOOPS_ROLES_H
#define TS_TRANSFORMS_LOOPS_ROLES_H

/* of a loop */
#define TS_ROLE_OUTER "o"   /* split: over blocks */
#define TS_ROLE_INNER "i"   /* split: within a block */
#define TS_ROLE_HEAD "head" /* peel: first iterations */
#define TS_ROLE_TAIL "tail" /* peel, vectorize: last iterations */
#define TS_ROLE_BEFORE                                                                             \
  "pre" /* distribute: what stood before the largest piece; pre1, pre2 … where it is several */
#define TS_ROLE_BEHIND "post" /* distribute: what stood behind it; post1, post2 … */
#define TS_ROLE_CORRECT                                                                            \
  "c" /* dot: over sums that are corrected; parallel: over partial sums that are combined */
/* of a buffer; loops are numbered, s0, s1 …, one a dimension */
#define TS_ROLE_COPY "s"     /* stage: the copy itself, and the loops that fill it */
#define TS_ROLE_COPY_OUT "w" /* stage: the loops that write it back */
#define TS_ROLE_FILL "z"     /* stage: the loops that set to zero what is not in use */

#endif
