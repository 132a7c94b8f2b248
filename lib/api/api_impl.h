/* What the entry points of the public API share. */
#ifndef TS_API_API_IMPL_H
#define TS_API_API_IMPL_H

#include "data/array.h"

/* A message without a place, and TS_USAGE. */
#define ts_api_usage(ctx, ...) ((void)ts_error_plain((ctx), __VA_ARGS__), TS_USAGE)

/* Runs the body of an entry point: with a recovery point for memory that is refused, and what it had to say is
 * handed to the caller's handler when it has ended. */
ts_result ts_api_run(ts_context *, ts_result (*body)(void *), void *arg);
/* The same for so many seconds of time instead of the context's; 0: no limit. */
ts_result ts_api_run_for(ts_context *, double seconds, ts_result (*body)(void *), void *arg);
/* Takes away the remarks that nobody asked for among the messages since the last time, and hands on the rest. */
void ts_api_deliver(ts_context *);

/* Copies a struct of the caller's, whose first member is its size in bytes. The caller may know fewer members than
 * we do (the rest is zero), or more, as long as those are zero. `known` is what we know, `least` what the first
 * version had. TS_USAGE with a message that calls the struct `name`. */
ts_result ts_api_take(ts_context *, const char *name, const void *from, void *to, size_t known,
                      size_t least);
/* Fills the caller's struct as far as its size, which its first member says and which stays. */
void ts_api_give(void *to, const void *from, size_t known);

/* The sink's text as the caller's own memory; the sink is dropped. `result` is what filling it came to. */
ts_result ts_api_give_text(ts_sink *, ts_result result, char **text, size_t *n);

/* TS_USAGE while executables run the module: `what` must not be done to it then. */
ts_result ts_api_check_unused(const ts_module *, const char *what);

/* The i-th entry of a signature. */
ts_param ts_api_param(const ts_module *, const ts_sig_entry *);

/* ---- arrays: tensor.c ---- */

/* The caller's struct, of whatever version of the header. */
ts_result ts_api_read_tensor(ts_context *, const void *from, ts_tensor *out);
/* The array of a tensor that `name` stands for in messages: its data, or for strides a contiguous array of our own,
 * which is to be dropped and, unless the role is OUT, holds the elements. TS_USAGE or TS_ERR for what is wrong. */
ts_result ts_api_take_tensor(ts_context *, const char *name, const ts_tensor *, ts_role,
                             ts_array *out);
/* Puts the elements back where the strides of the tensor, taken before, say; nothing for a contiguous one. */
void ts_api_put_back(const ts_tensor *, const ts_array *);

#endif
