/* Tilesmith: parse, build, transform and run tensor programs.
 *
 * Everything hangs off a context, which one thread uses at a time; two contexts in two threads share
 * nothing. Functions that can fail return a ts_result and leave messages in the context; nothing
 * here prints, exits or keeps global state. */
#ifndef TILESMITH_H
#define TILESMITH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TS_VERSION "0.1.0"

/* The values are the tools' exit codes. */
typedef enum ts_result {
  TS_OK = 0,
  TS_ERR = 1,   /* the input is bad */
  TS_USAGE = 2, /* the call is bad: an unknown pass, option or engine */
  TS_LIMIT = 3, /* memory, fuel or time ran out */
  TS_CHECK = 4, /* a check failed: out of bounds, uninitialised read, a wrong answer */
} ts_result;

typedef struct ts_context ts_context;
typedef struct ts_module ts_module;

#ifdef __cplusplus
}
#endif
#endif
