/* Source text and the list of messages about it. The library collects; only tools print. */
#ifndef TS_SUPPORT_DIAG_H
#define TS_SUPPORT_DIAG_H

#include "support/stop.h"
#include "support/support.h"

/* Byte range [begin, end) of a source. Files are limited to 1 GiB, so 32 bits do. */
typedef struct ts_loc {
  uint32_t begin, end;
} ts_loc;

typedef struct ts_source {
  const char *name; /* "<stdin>" or a path, for messages */
  /* two NULs follow the `n` bytes; a byte-order mark is not part of it. In writable
   * memory: the scanner puts a NUL behind the word it reads, and takes it away */
  const char *text;
  size_t n;
  uint32_t first_line; /* 1 but for a later part of a -split-input-file input */
} ts_source;

struct ts_diag {
  struct ts_diag *next, *notes;
  ts_severity severity;
  const ts_source *source; /* NULL: no place (command line, array file) */
  ts_loc loc;
  const char *message; /* lower-case start, no final period */
  const char *pass;    /* remarks: the pass that speaks; else NULL */
  const char *kind;    /* remarks: "passed", "missed" or "analysis" */
};

/* A context: the memory account, the collected messages, the limits. One thread at a time. */
struct ts_context {
  ts_memory memory;
  ts_arena arena;    /* of things that outlive modules */
  ts_arena messages; /* of the messages; dropped when they are cleared */
  ts_diag *first, *last;
  unsigned num_errors;
  unsigned max_errors;     /* further errors are counted, not kept (default 20) */
  bool dropping;           /* the last message was counted, not kept; its notes go with it */
  const ts_source *source; /* messages are about this text unless said otherwise */
  uint64_t next_module_id;
  /* of the public API: who hears of messages, the last one that was handed on, and the kinds of remarks that are
   * kept (NULL: all) */
  ts_handler handler;
  void *handler_user;
  ts_diag *delivered;
  const char *wanted_remarks;
  ts_stop stop;   /* memory.stop, while a call of the API runs */
  double seconds; /* that each of those may take; 0: no limit */
  /* Called before machine code that a compiler made is loaded into the process, by who wants to choose when, and on
   * which processors its threads will be. NULL: nothing is. */
  void (*loading)(void *user);
  void *loading_user;
  ts_diag out_of_memory; /* kept ready, since saying so must not need memory */
  char out_of_memory_text[96];
};

/* Adds a message about `source` (may be NULL). Returns TS_ERR so that `return ts_error(...)` reads
 * well. A note belongs to the last error, warning or remark. */
ts_result ts_error(ts_context *, ts_loc, const char *fmt, ...) TS_PRINTF(3, 4);
void ts_warning(ts_context *, ts_loc, const char *fmt, ...) TS_PRINTF(3, 4);
void ts_note(ts_context *, ts_loc, const char *fmt, ...) TS_PRINTF(3, 4);
/* A remark of pass `pass`; `kind` is "passed", "missed" or "analysis". */
void ts_remark(ts_context *, ts_loc, const char *pass, const char *kind, const char *fmt, ...)
    TS_PRINTF(5, 6);
/* A message without a place, such as about a command line or an array file. */
ts_result ts_error_plain(ts_context *, const char *fmt, ...) TS_PRINTF(2, 3);
/* Says that the work was stopped, and why, at this place. TS_LIMIT. */
ts_result ts_stopped(ts_context *, ts_loc);
void ts_warning_plain(ts_context *, const char *fmt, ...) TS_PRINTF(2, 3);
void ts_note_plain(ts_context *, const char *fmt, ...) TS_PRINTF(2, 3);
/* A note that belongs to no other message: what the tool did of its own accord. */
void ts_inform_plain(ts_context *, const char *fmt, ...) TS_PRINTF(2, 3);

/* Refuses NUL bytes and invalid UTF-8 by position; drops a byte-order mark. */
ts_result ts_source_check(ts_context *, ts_source *);
/* 1-based line and column (columns count code points) of byte `at`. */
void ts_source_position(const ts_source *, uint32_t at, unsigned *line, unsigned *column);
/* Is the message about a range of its source? */
bool ts_diag_has_place(const ts_diag *);
/* One message in the form  file:line:col: error: text / source line / carets, with its notes. */
void ts_diag_render(ts_sink *, const ts_diag *, bool colour);

/* A range without a length: `begin` alone, for messages about one place. */
static inline ts_loc ts_loc_at(uint32_t begin) { return (ts_loc){begin, begin + 1}; }

/* Runs `body` with the context's recovery point set; out of memory becomes TS_LIMIT and a message.
 * Nested entries keep the outer point. */
ts_result ts_protect(ts_context *, ts_result (*body)(void *), void *arg);
/* The same with `source` as what messages are about. */
ts_result ts_protect_about(ts_context *, const ts_source *source, ts_result (*body)(void *),
                           void *arg);
/* Runs `body` and then, also when memory ran out in it, `cleanup` with the same argument. Out of memory
 * then goes on to the outer point, or is reported as by ts_protect. */
ts_result ts_protect_cleanup(ts_context *, ts_result (*body)(void *), void (*cleanup)(void *),
                             void *arg);

#endif
