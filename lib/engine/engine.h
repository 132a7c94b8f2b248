/* Engines: what runs a function on arrays. Which there are stands in engines.def. */
#ifndef TS_ENGINE_ENGINE_H
#define TS_ENGINE_ENGINE_H

#include "data/array.h"
#include "syntax/options.h"

typedef struct ts_run_limits {
  uint64_t fuel;    /* loop iterations and ops together; 0: none */
  unsigned threads; /* 0: as many as the machine has */
} ts_run_limits;

/* Counted only when asked for. */
typedef struct ts_run_stats {
  uint64_t ops, loads, stores, flops;
  unsigned num_buffers;
  struct ts_buffer_stats {
    const char *name;
    uint64_t bytes_read, bytes_written;
  } *buffers; /* in the context's arena */
} ts_run_stats;

typedef struct ts_run_args {
  const ts_func *func; /* as the caller knows it */
  /* one for each entry of the function's signature, in order; outputs allocated */
  ts_array *arrays;
  ts_run_limits limits;
  ts_run_stats *stats; /* or NULL */
} ts_run_args;

/* What an engine tells of something it compiled: figures by name, and how its code came to be. */
typedef enum { TS_FACT_TEXT, TS_FACT_FLAG, TS_FACT_NUMBER } ts_fact_kind;
typedef struct ts_fact {
  const char *key;
  ts_fact_kind kind;
  const char *text;
  bool flag;
  double number;
} ts_fact;
typedef struct ts_engine_account {
  const char *origin; /* to stand behind "ready in 12 ms: "; NULL: there is nothing to tell */
  TS_VEC(ts_fact) facts;
} ts_engine_account;

/* A row of the table of engines. */
typedef struct ts_engine {
  const char *name;
  const char *
      family; /* a name for the engines that have it, of which a function's level chooses; NULL: none */
  const char *summary;
  unsigned levels; /* TS_LEVEL_* of the functions it runs */
  /* what makes, of a tensor function, what `prepare` takes; NULL: it takes tensor functions as they are */
  const char *pipeline;
  bool counts;       /* fills ts_run_stats */
  double math_error; /* of exp, erf and their kin on f32, in ULPs; 0.5 when correctly rounded */
  ts_option_table options;
  const char *options_heading; /* over its options where they are listed; NULL: it has none */
  /* Compiles once, runs many times (timing). The module must outlive what is compiled. Messages are about the
   * context's source. The options are a struct of the row's table, need not outlive the call, and may be NULL for
   * an engine that has none. What it leaves in `compiled` is to be released also when it fails. */
  ts_result (*prepare)(ts_context *, ts_module *, const ts_func *, const void *options,
                       void **compiled);
  /* TS_CHECK for what a run discovers, with a message about the module of args->func: the function that was
   * compiled, or the one that it was lowered from, with the same signature. */
  ts_result (*run)(ts_context *, void *compiled, ts_run_args *);
  void (*release)(ts_context *, void *compiled);
  /* What is to be told of it, in the arena. NULL: nothing. */
  void (*describe)(const void *compiled, ts_arena *, ts_engine_account *);
  /* What its code is made by with these options, as records of times name it: "gcc (Debian 12.2.0-14) 12.2.0"; "" where
   * it cannot be said. In the arena. NULL: nothing but this library. */
  const char *(*version)(ts_context *, ts_arena *, const void *options);
} ts_engine;

enum {
#define FAMILY(...)
#define ENGINE(name) TS_ENGINE_AT_##name,
#include "engine/engines.def"
#undef FAMILY
#undef ENGINE
  TS_NUM_ENGINES
};
extern const ts_engine *const ts_engines[TS_NUM_ENGINES];
#define FAMILY(...)
#define ENGINE(name) extern const ts_engine ts_engine_##name;
#include "engine/engines.def"
#undef FAMILY
#undef ENGINE

/* What may be given where an engine is wanted, in the order of the table. */
typedef struct ts_engine_name {
  const char *name;
  const ts_engine *engine; /* NULL: a family */
  const char *summary;     /* of a family */
} ts_engine_name;
enum {
#define FAMILY(name, ...) TS_ENGINE_NAME_##name,
#define ENGINE(name) TS_ENGINE_NAME_##name,
#include "engine/engines.def"
#undef FAMILY
#undef ENGINE
  TS_NUM_ENGINE_NAMES
};
extern const ts_engine_name ts_engine_names[TS_NUM_ENGINE_NAMES];

/* The engine called so, or the one of a family that runs such functions (NULL: no function is known, and a
 * family's name finds none). NULL: unknown. */
const ts_engine *ts_engine_find(const char *name, const ts_func *);
/* Whether an engine or a family is called so; and TS_USAGE, with the names there are, when none is. */
bool ts_engine_known(const char *name);
ts_result ts_engine_check_name(ts_context *, const char *name);

/* A struct of options for each engine. */
typedef struct ts_engine_options {
  void *of[TS_NUM_ENGINES];
} ts_engine_options;
/* All at their defaults, in the arena. */
void ts_engine_options_init(ts_arena *, ts_engine_options *);
const void *ts_engine_options_of(const ts_engine_options *, const ts_engine *);
/* Reads "native" or "native{cc=clang cache_dir=/tmp/c}", as a step of a pipeline is written: the name, in the
 * context's arena, and options, which replace those there. TS_USAGE, with a message that points into the text. */
ts_result ts_engine_read(ts_context *, const char *text, ts_engine_options *, const char **name);

#endif
