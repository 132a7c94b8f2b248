/* What every tool shares: the command line, input, output and messages. A tool's own file is then
 *
 *   static ts_result run(ts_tool *t, struct options *o);    parse → verify → … → print
 *
 *   int main(int argc, char **argv) {
 *     struct options o = {.output = "-"};
 *     const ts_flag flags[] = {
 *         {"o", TS_FLAG_STRING, "file", "write to FILE", .at = &o.output},
 *         {"time-passes", TS_FLAG_BOOL, NULL, "time each pass", "Cost", .at = &o.time_passes},
 *         {"D", TS_FLAG_CALL, "NAME=n", "bind an extent", .call = bind, .joined = true}};
 *     ts_tool t;
 *     ts_result r = ts_tool_begin(&t, "ts-opt", "run passes over a program", &o);
 *     if (r == TS_OK)
 *       r = ts_tool_parse(&t, argc, argv, flags, ts_countof(flags), 1);
 *     if (r == TS_OK && !t.done)
 *       r = run(&t, &o);
 *     return ts_tool_end(&t, r);
 *   }
 *
 * Errors are given with ts_error and its kin on t->ctx (or ts_tool_usage) and printed by
 * ts_tool_end, or earlier by ts_tool_print_diagnostics. Nothing else here prints on stderr. */
#ifndef TS_TOOLS_COMMON_TOOL_H
#define TS_TOOLS_COMMON_TOOL_H

#include "support/diag.h"

typedef struct ts_tool ts_tool;
typedef struct ts_flag ts_flag;

typedef enum ts_flag_kind {
  TS_FLAG_BOOL,   /* -x  -x=true  -x=false;    at: bool */
  TS_FLAG_INT,    /* -x=3  -x 3;               at: int64_t, in [min, max] unless both are 0 */
  TS_FLAG_SIZE,   /* -x=64  -x=16K  -x=2GiB;   at: uint64_t, bytes */
  TS_FLAG_DOUBLE, /* -x=1e-5  -x 1e-5;         at: double */
  TS_FLAG_STRING, /* -x=text  -x text;         at: const char * */
  TS_FLAG_WORD,   /* -x=word  -x word;         at: int, which of `words` */
  TS_FLAG_CALL,   /* -x=text  -x text;         call(t, flag, text) */
  TS_FLAG_CALL_OPTIONAL, /* -x  -x=text;       call(t, flag, text or NULL) */
} ts_flag_kind;

/* One option. Each is accepted with one dash or two, and values as `-x=value`; kinds that demand a
 * value also take the next argument. Options act in the order given, so `call` sees passes in order
 * and the last of repeated settings wins. */
struct ts_flag {
  const char *name; /* without dashes */
  ts_flag_kind kind;
  const char *value_name; /* in the help: "file", "N"; NULL: none, or the words */
  const char *summary;    /* lower-case, no period; wrapped by the help */
  const char *category;   /* heading in the help, "Passes"; NULL: "General options" */
  void *at;
  ts_result (*call)(ts_tool *, const ts_flag *, const char *value);
  const char *words; /* WORD: "summary|full|none" */
  int64_t min, max;
  bool joined;      /* also -Dvalue: the value may follow a one-dash name directly */
  bool hidden;      /* only in -help-hidden */
  const char *also; /* another name; NULL: none */
  /* CALL_OPTIONAL: whether the next word is its value; NULL: a value only ever follows a `=` */
  bool (*takes)(const ts_flag *, const char *word);
};

struct ts_tool {
  const char *name, *overview;
  void *user; /* the tool's options, for `call` */
  ts_context *ctx;
  /* Before ts_tool_parse; each may be NULL. What -help=NAME says beyond the line in the list, and the
   * option's name for a word that other tools use. */
  void (*describe)(ts_sink *, const ts_flag *);
  const char *(*synonym)(ts_arena *, const char *word);
  const char *
      input_name; /* of the usage, "[session]"; NULL: inputs are files, and none is standard input */
  void (*complete)(ts_sink *, const ts_flag *); /* values that a shell may offer, as words */
  ts_result (*read)(ts_tool *, const char *path,
                    ts_source *out); /* in place of ts_tool_read_here */
  /* After ts_tool_parse: */
  const char **
      inputs; /* what is not an option, in order; {"-"} when nothing was given and input_name is NULL */
  size_t num_inputs;
  bool done;  /* -help or -version has been answered: succeed without doing anything */
  int colour; /* -color: 0 auto, 1 always, 2 never */
  const char *command_line; /* as one line that a shell would read back */
  /* Private: */
  const ts_flag *flags;
  size_t num_flags, max_inputs;
  struct ts_tool_text *texts;
};

/* Makes the context; sees to it that descriptors 0 to 2 are taken, and that a closed pipe or a file
 * size limit is a failed write, not a signal. TS_LIMIT without memory. `user` is kept for
 * `call`. */
ts_result ts_tool_begin(ts_tool *, const char *name, const char *overview, void *user);
/* Reads the command line against `flags`, which must last as long as the tool does, with @file
 * arguments replaced by the file's words (quotes and backslashes as in a shell). -help (-h),
 * -help=NAME, -help-hidden, -version, -color and -completion are added, and answered. TS_USAGE for an unknown option (with the
 * nearest known one), a bad or missing value, or more than `max_inputs` inputs; else what a `call`
 * failed with. Runs under ts_protect, so `call` may use t->ctx->arena, which lives until
 * ts_tool_end. */
ts_result ts_tool_parse(ts_tool *, int argc, char **argv, const ts_flag *flags, size_t num_flags,
                        size_t max_inputs);
/* Reports an error of the command line. Returns TS_USAGE. */
ts_result ts_tool_usage(ts_tool *, const char *fmt, ...) TS_PRINTF(2, 3);
/* Whether what goes to this file is to be in colour: as -color says, or for a terminal unless NO_COLOR is
 * set or TERM is dumb. */
bool ts_tool_wants_colour(const ts_tool *, FILE *);
/* Prints the messages collected so far on stderr, in colour on a terminal, and clears them. Their
 * source text must still be there. */
void ts_tool_print_diagnostics(ts_tool *);
/* Prints what messages are left and gives everything back. Returns the exit status for `r`. */
int ts_tool_end(ts_tool *, ts_result r);

/* ---- input ---- */

/* Reads a whole file, or standard input for "-", into a source whose text lives until ts_tool_end.
 * TS_ERR for what cannot be read, a directory, more than 1 GiB, an empty standard input; TS_LIMIT
 * when it does not fit in the memory cap. Does not look at the text (see ts_source_check). */
ts_result ts_tool_read_here(ts_tool *, const char *path, ts_source *out);
/* The same, or where the tool reads otherwise its own `read`. */
ts_result ts_tool_read(ts_tool *, const char *path, ts_source *out);

/* Reads a program and verifies it, with the marks of its loops as `marks` (a ts_marks) says. */
struct ts_module;
ts_result ts_tool_read_module(ts_tool *, const char *path, int marks, struct ts_module **out);

/* Adds the steps of "fuse,lower{acc=f32}", or of a file named as "@FILE". TS_USAGE, located in the text, for
 * what is no pipeline. */
struct ts_pipeline;
ts_result ts_tool_add_pipeline(ts_tool *, struct ts_pipeline *, const char *text);

/* ---- output ---- */

/* Where results go. A file appears under its name only when it is complete: it is written beside
 * its place and renamed by ts_output_commit; failing, discarding and a deadly signal remove it.
 * Devices and pipes are written straight, and "-" is standard output. */
typedef struct ts_output {
  ts_sink sink;    /* write here */
  char *path;      /* final name; NULL: standard output */
  char *temporary; /* NULL: written straight */
  FILE *file;
  struct ts_output *next; /* of those to remove on a signal */
} ts_output;

/* The output must stay where it is until committed or discarded. TS_ERR with a message on failure;
 * there is then nothing to discard. */
ts_result ts_output_open(ts_tool *, ts_output *, const char *path);
/* TS_ERR, with a message and no file left, when anything could not be written. */
ts_result ts_output_commit(ts_tool *, ts_output *);
void ts_output_discard(ts_output *);

#endif
