/* Remarks apart from the other messages. */
#include "support/remarks.h"

#include "support/spelling.h"

static const char *tag(const char *kind) {
  if (!strcmp(kind, "passed")) return "Passed";
  return strcmp(kind, "missed") ? "Analysis" : "Missed";
}

/* A single-quoted YAML scalar: only the quote needs care; control characters become spaces. */
static void print_quoted(ts_sink *s, const char *text) {
  ts_sink_puts(s, "'");
  for (; *text; text++) {
    char c = (unsigned char)*text < 0x20 || *text == 0x7f ? ' ' : *text;
    ts_sink_write(s, &c, 1);
    if (c == '\'') ts_sink_puts(s, "'");
  }
  ts_sink_puts(s, "'");
}

static void print_remark(ts_sink *s, const ts_diag *d) {
  ts_sink_printf(s, "--- !%s\nPass: %s\n", tag(d->kind), d->pass);
  if (d->source) {
    unsigned line, column;
    ts_source_position(d->source, d->loc.begin, &line, &column);
    ts_sink_puts(s, "DebugLoc: { File: ");
    print_quoted(s, d->source->name);
    ts_sink_printf(s, ", Line: %u, Column: %u }\n", line, column);
  }
  ts_sink_puts(s, "Message: ");
  print_quoted(s, d->message);
  ts_sink_puts(s, "\n...\n");
}

void ts_remarks_print_yaml(ts_sink *s, const ts_context *ctx) {
  for (const ts_diag *d = ctx->first; d; d = d->next)
    if (d->severity == TS_SEV_REMARK) print_remark(s, d);
}

void ts_remarks_keep_after(ts_context *ctx, ts_diag *last, const char *kept) {
  ts_diag **link = last ? &last->next : &ctx->first;
  ctx->last = last;
  while (*link) {
    if ((*link)->severity == TS_SEV_REMARK && !ts_list_has(kept, (*link)->kind)) {
      *link = (*link)->next;
      continue;
    }
    ctx->last = *link;
    link = &(*link)->next;
  }
}

void ts_errors_to_remarks(ts_context *ctx, ts_diag *last, const char *pass) {
  for (ts_diag *d = last ? last->next : ctx->first; d; d = d->next) {
    if (d->severity != TS_SEV_ERROR) continue;
    d->severity = TS_SEV_REMARK;
    d->pass = pass;
    d->kind = "missed";
    ctx->num_errors--;
  }
}

void ts_errors_to_warnings(ts_context *ctx, ts_diag *last) {
  for (ts_diag *d = last ? last->next : ctx->first; d; d = d->next) {
    if (d->severity != TS_SEV_ERROR) continue;
    d->severity = TS_SEV_WARNING;
    ctx->num_errors--;
  }
}

void ts_remarks_keep(ts_context *ctx, const char *kinds) {
  ts_remarks_keep_after(ctx, NULL, kinds);
}

void ts_remarks_drop_after(ts_context *ctx, ts_diag *last) { ts_remarks_keep_after(ctx, last, ""); }
