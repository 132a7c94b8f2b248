/* Stores shown, merged and cleared out; sessions as recorded spaces. */
#include "records/listing.h"
#include "records/recorded.h"
#include "store_unit.h"

static void keep(ts_session_store *session, ts_trial t) {
  ck_assert_int_eq(ts_session_keep(session, &t), TS_OK);
}

/* A store with four trials of one session and one of another. */
static ts_store *open_example(place *p) {
  static const double samples[] = {2.5, 3};
  ts_store *s = open_store(p, p->path, TS_STORE_WRITE);
  ts_session_store *session = session_of(p, s, &a_key);
  keep(session, (ts_trial){.parameters = "rows=16 pack=false",
                           .ms = {3, 2.5, 3.5},
                           .when = 1700000000,
                           .num_samples = 2,
                           .samples = (double *)(uintptr_t)samples});
  keep(session, (ts_trial){.parameters = "rows=8 pack=true ahead=2",
                           .ms = {2, 1.5, 2.25},
                           .when = 1700000060,
                           .energy = {TS_ENERGY_MODELLED, 0.5, 0.5, 0.5, "proxy"}});
  keep(session, (ts_trial){.parameters = "rows=8 pack=true ahead=4",
                           .verdict = TS_VERDICT_FAULT,
                           .reason = "signal 11",
                           .when = 1700000120});
  keep(session, (ts_trial){.parameters = "rows=16 pack=true ahead=2",
                           .ms = {9, 9, 9},
                           .hopeless = true,
                           .when = 1700000180});
  ts_session_key other = a_key;
  other.function = "softmax";
  other.program = "123";
  other.shape = "";
  keep(session_of(p, s, &other), (ts_trial){.parameters = "", .verdict = TS_VERDICT_COMPILE});
  return s;
}

static void lists(place *p, ts_store *s, int64_t session, ts_list_form form, const char *want) {
  ts_sink sink;
  ts_sink_buffer(&sink, NULL);
  ck_assert_int_eq(session ? ts_list_trials(s, &p->arena, &sink, session, form)
                           : ts_list_sessions(s, &p->arena, &sink, form),
                   TS_OK);
  ck_assert_int_eq(ts_sink_finish(&sink), TS_OK);
  ck_assert_str_eq(sink.buf, want);
  ts_sink_drop(&sink);
}

START_TEST(sessions_and_trials_are_listed) {
  place *p = place_make();
  ts_store *s = open_example(p);
  lists(p, s, 0, TS_LIST_TABLE,
        "id  function  shape  target  engine  trials  good  best ms  last, UTC\n"
        "1   mlp       M=512  zen4    native  4       3     2        2023-11-14 22:16\n"
        "2   softmax          zen4    native  1       0     -        -\n");
  lists(p, s, 1, TS_LIST_TABLE,
        "ms    95 %         J             verdict  parameters\n"
        "2     1.5 .. 2.25  0.5 modelled  ok       rows=8 pack=true ahead=2\n"
        "3     2.5 .. 3.5   -             ok       rows=16 pack=false\n"
        ">= 9  9 .. 9       -             ok       rows=16 pack=true ahead=2\n"
        "-     -            -             fault    rows=8 pack=true ahead=4: signal 11\n");
  lists(
      p, s, 0, TS_LIST_CSV,
      "id,trials,good,best_ms,first,last,seed,function,shape,target,engine,measure,versions,program,loops,space\r\n"
      "1,4,3,2.0,1700000000,1700000180,18446744073709551615,mlp,M=512,zen4,native,median of 10,gcc 12,abc,def,space tiles\r\n"
      "2,1,0,0.0,0,0,18446744073709551615,softmax,,zen4,native,median of 10,gcc 12,123,def,space tiles\r\n");
  ts_store_close(s);
  place_drop(p);
}
END_TEST

START_TEST(a_session_that_is_not_there_is_an_error) {
  place *p = place_make();
  ts_store *s = open_example(p);
  ts_sink sink;
  ts_sink_buffer(&sink, NULL);
  char want[200];
  snprintf(want, sizeof want, "%s: has no session 3", p->path);
  ck_assert_int_eq(ts_list_trials(s, &p->arena, &sink, 3, TS_LIST_TABLE), TS_ERR);
  ck_assert_str_eq(p->ctx->first->message, want);
  ts_store_close(s);
  place_drop(p);
}
END_TEST

/* `ahead` has no effect without packing, and no value there: the first one stands for that. */
START_TEST(a_session_is_a_recorded_space) {
  place *p = place_make();
  ts_recorded r;
  char path[120];
  ts_store_close(open_example(p));
  ck_assert_int_eq(ts_recorded_read(p->ctx, &p->arena, p->path, &r), TS_ERR);
  ck_assert_ptr_nonnull(strstr(p->ctx->first->message, ": has 2 sessions; '"));
  snprintf(path, sizeof path, "%s:2", p->path);
  ts_context_clear_diagnostics(p->ctx);
  ck_assert_int_eq(ts_recorded_read(p->ctx, &p->arena, path, &r), TS_ERR);
  ck_assert_ptr_nonnull(
      strstr(p->ctx->first->message, ": no trial of 1 is good: there is nothing to search for"));
  snprintf(path, sizeof path, "%s:1", p->path);
  ck_assert_int_eq(ts_recorded_read(p->ctx, &p->arena, path, &r), TS_OK);
  ck_assert_str_eq(r.name, "mlp on zen4");
  ck_assert_uint_eq(r.num_sizes, 1);
  ck_assert_int_eq(r.sizes[0], 512);
  ck_assert_uint_eq(r.num_parameters, 3);
  const struct {
    const char *name, *first;
    unsigned n;
    bool numbers;
  } want[] = {{"rows", "8", 2, true}, {"pack", "false", 2, false}, {"ahead", "2", 2, true}};
  for (unsigned i = 0; i < 3; i++) {
    ck_assert_str_eq(r.parameters[i].name, want[i].name);
    ck_assert_str_eq(r.parameters[i].texts[0], want[i].first);
    ck_assert_uint_eq(r.parameters[i].n, want[i].n);
    ck_assert_int_eq(r.parameters[i].numbers != NULL, want[i].numbers);
  }
  const ts_choice choices[] = {1, 0, 0, 0, 1, 0, 0, 1, 1, 1, 1, 0};
  ck_assert_uint_eq(r.num_rows, 4);
  ck_assert_mem_eq(r.choices, choices, sizeof choices);
  ck_assert_str_eq(r.trials[0].parameters, "rows=16 pack=false");
  ck_assert_double_eq(r.trials[0].samples[1], 3);
  place_drop(p);
}
END_TEST

START_TEST(a_name_that_the_first_trial_lacks_has_its_place_behind_the_one_before_it) {
  place *p = place_make();
  ts_recorded r;
  ts_store *s = open_store(p, p->path, TS_STORE_WRITE);
  ts_session_store *session = session_of(p, s, &a_key);
  keep(session, (ts_trial){.parameters = "a=1 c=1"});
  keep(session, (ts_trial){.parameters = "a=2 b=5 c=1"});
  keep(session, (ts_trial){.parameters = "a=2 b=6 c=2"});
  ts_store_close(s);
  ck_assert_int_eq(ts_recorded_read(p->ctx, &p->arena, p->path, &r), TS_OK);
  ck_assert_uint_eq(r.num_parameters, 3);
  for (unsigned i = 0; i < 3; i++)
    ck_assert_str_eq(r.parameters[i].name, ((const char *const[]){"a", "b", "c"})[i]);
  place_drop(p);
}
END_TEST

START_TEST(merging_adds_what_is_not_there) {
  place *p = place_make();
  char path[120];
  snprintf(path, sizeof path, "%s/copy.db", p->folder);
  ts_store *from = open_example(p), *into = open_store(p, path, TS_STORE_WRITE);
  ts_session_store *session = session_of(p, into, &a_key);
  ts_merge_counts counts;
  ts_trial back;
  bool found;
  keep(session, (ts_trial){.parameters = "rows=16 pack=false", .ms = {7, 7, 7}});
  keep(session, (ts_trial){.parameters = "rows=32 pack=false", .ms = {5, 5, 5}});
  ck_assert_int_eq(ts_store_merge(into, &p->arena, from, &counts), TS_OK);
  ck_assert_uint_eq(counts.sessions, 2);
  ck_assert_uint_eq(counts.trials, 5);
  ck_assert_uint_eq(counts.added, 4);
  ck_assert_int_eq(ts_session_recall(session, &p->arena, "rows=16 pack=false", &found, &back),
                   TS_OK);
  ck_assert_double_eq(back.ms.value, 7);
  ck_assert_int_eq(ts_session_recall(session, &p->arena, "rows=8 pack=true ahead=4", &found, &back),
                   TS_OK);
  ck_assert_str_eq(back.reason, "signal 11");
  ck_assert_int_eq(ts_store_merge(into, &p->arena, from, &counts), TS_OK);
  ck_assert_uint_eq(counts.added, 0);
  ts_store_close(from);
  ts_store_close(into);
  ts_store_close(open_store(p, path, TS_STORE_READ)); /* whole and sealed */
  place_drop(p);
}
END_TEST

START_TEST(pruning_takes_what_it_is_told_to_and_empty_sessions) {
  place *p = place_make();
  ts_store *s = open_example(p);
  ts_prune_counts counts;
  ck_assert_int_eq(ts_store_prune(s, &(ts_prune){.keeps = true, .keep = 3}, &counts), TS_OK);
  ck_assert_uint_eq(counts.trials, 1);
  ck_assert_uint_eq(counts.sessions, 0);
  lists(p, s, 1, TS_LIST_TABLE,
        "ms    95 %         J             verdict  parameters\n"
        "2     1.5 .. 2.25  0.5 modelled  ok       rows=8 pack=true ahead=2\n"
        "3     2.5 .. 3.5   -             ok       rows=16 pack=false\n"
        ">= 9  9 .. 9       -             ok       rows=16 pack=true ahead=2\n");
  ck_assert_int_eq(ts_store_prune(s, &(ts_prune){.failed = true}, &counts), TS_OK);
  ck_assert_uint_eq(counts.trials, 1);
  ck_assert_uint_eq(counts.sessions, 1);
  ck_assert_int_eq(ts_store_prune(s, &(ts_prune){.before = 1700000060}, &counts), TS_OK);
  ck_assert_uint_eq(counts.trials, 1);
  lists(p, s, 1, TS_LIST_TABLE,
        "ms    95 %         J             verdict  parameters\n"
        "2     1.5 .. 2.25  0.5 modelled  ok       rows=8 pack=true ahead=2\n"
        ">= 9  9 .. 9       -             ok       rows=16 pack=true ahead=2\n");
  ts_store_close(s);
  place_drop(p);
}
END_TEST

START_TEST(pruning_gives_the_room_back) {
  place *p = place_make();
  fill(p, 200);
  ts_store *s = open_store(p, p->path, TS_STORE_WRITE);
  ts_prune_counts counts;
  ck_assert_int_eq(ts_store_prune(s, &(ts_prune){.keeps = true, .keep = 1}, &counts), TS_OK);
  ck_assert_uint_eq(counts.trials, 199);
  ck_assert_uint_ge(counts.bytes, 199 * 100);
  ts_store_close(s);
  ts_store_close(open_store(p, p->path, TS_STORE_READ));
  place_drop(p);
}
END_TEST

UNIT_MAIN("listing", sessions_and_trials_are_listed, a_session_that_is_not_there_is_an_error,
          a_session_is_a_recorded_space,
          a_name_that_the_first_trial_lacks_has_its_place_behind_the_one_before_it,
          merging_adds_what_is_not_there, pruning_takes_what_it_is_told_to_and_empty_sessions,
          pruning_gives_the_room_back)
