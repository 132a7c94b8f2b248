/* Completion scripts for shells, from the table of options. */
#include "private.h"

typedef struct ts_flag_range {
  const ts_flag *at;
  size_t n;
} flag_range;

/* The words of "summary|full|none", with spaces between. */
static void print_words(ts_sink *out, const char *words) {
  for (; *words; words++)
    ts_sink_putc(out, *words == '|' ? ' ' : *words);
}

/* The options' own words, where a flag has some: `case`s on the option without its dashes. */
static void print_bash_values(ts_sink *out, ts_tool *t, flag_range flags) {
  for (size_t i = 0; i < flags.n; i++) {
    const ts_flag *f = &flags.at[i];
    ts_sink words;
    ts_sink_buffer(&words, NULL);
    if (f->words)
      print_words(&words, f->words);
    else if (f->kind == TS_FLAG_BOOL)
      ts_sink_puts(&words, "true false");
    else if (t->complete)
      t->complete(&words, f);
    if (words.n) ts_sink_printf(out, "    %s) words='%.*s' ;;\n", f->name, (int)words.n, words.buf);
    ts_sink_drop(&words);
  }
}

static void print_bash_names(ts_sink *out, flag_range flags) {
  for (size_t i = 0; i < flags.n; i++)
    if (!flags.at[i].hidden) ts_sink_printf(out, " ${dashes}%s", flags.at[i].name);
}

/* bash cuts words at '=', so the value of -x=y is the third of three. */
static void print_bash(ts_sink *out, ts_tool *t, const flag_range flags[2]) {
  ts_sink_printf(out, "_tilesmith_%s() {\n", t->name + 3); /* behind its ts- */
  ts_sink_puts(
      out,
      "  local cur=${COMP_WORDS[COMP_CWORD]} option= words= dashes=-\n"
      "  if [[ $cur == = ]]; then option=${COMP_WORDS[COMP_CWORD-1]} cur=\n"
      "  elif [[ ${COMP_WORDS[COMP_CWORD-1]} == = ]]; then option=${COMP_WORDS[COMP_CWORD-2]}\n"
      "  elif [[ $cur == -*=* ]]; then option=${cur%%=*} cur=${cur#*=}\n"
      "  elif [[ $cur == -* ]]; then\n"
      "    [[ $cur == --* ]] && dashes=--\n"
      "    COMPREPLY=($(compgen -W \"");
  for (int i = 0; i < 2; i++)
    print_bash_names(out, flags[i]);
  ts_sink_puts(out, "\" -- \"$cur\"))\n    return\n  else option=${COMP_WORDS[COMP_CWORD-1]}; fi\n"
                    "  option=${option#-}\n  case ${option#-} in\n");
  for (int i = 0; i < 2; i++)
    print_bash_values(out, t, flags[i]);
  ts_sink_printf(out,
                 "  esac\n  COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n}\n"
                 "complete -o default -F _tilesmith_%s %s\n",
                 t->name + 3, t->name);
}

static void print_fish(ts_sink *out, ts_tool *t, flag_range flags) {
  for (size_t i = 0; i < flags.n; i++) {
    const ts_flag *f = &flags.at[i];
    if (f->hidden) continue;
    ts_sink_printf(out, "complete -c %s -o %s -l %s", t->name, f->name, f->name);
    if (f->words) {
      ts_sink_puts(out, " -x -a '");
      print_words(out, f->words);
      ts_sink_puts(out, "'");
    }
    ts_sink_puts(out, " -d '");
    for (const char *c = f->summary; *c; c++)
      if (*c == '\'')
        ts_sink_puts(out, "\\'");
      else
        ts_sink_putc(out, *c);
    ts_sink_puts(out, "'\n");
  }
}

ts_result ts_tool_completion(ts_tool *t, const char *shell) {
  const flag_range flags[2] = {{ts_tool_common_flags, TS_TOOL_NUM_COMMON_FLAGS},
                               {t->flags, t->num_flags}};
  ts_output out;
  ts_result r = ts_output_open(t, &out, "-");
  if (r != TS_OK) return r;
  if (!strcmp(shell, "zsh"))
    ts_sink_printf(&out.sink, "#compdef %s\nautoload -U +X bashcompinit && bashcompinit\n",
                   t->name);
  if (strcmp(shell, "fish") != 0) print_bash(&out.sink, t, flags);
  for (int i = 0; i < 2 && !strcmp(shell, "fish"); i++)
    print_fish(&out.sink, t, flags[i]);
  return ts_output_commit(t, &out);
}
