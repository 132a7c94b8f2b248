/* What a child that runs a candidate may ask the system for, by libseccomp. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "tune/measure/measure_impl.h"

/* What arithmetic, the heap, and threads that wait for each other need. */
static const int allowed[] = {
    SCMP_SYS(brk),
    SCMP_SYS(mmap),
    SCMP_SYS(munmap),
    SCMP_SYS(mprotect),
    SCMP_SYS(mremap),
    SCMP_SYS(madvise),
    SCMP_SYS(futex),
    SCMP_SYS(set_robust_list),
    SCMP_SYS(rseq),
    SCMP_SYS(set_tid_address),
    SCMP_SYS(sched_yield),
    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(getcpu),
    SCMP_SYS(sched_setaffinity),
    SCMP_SYS(gettid),
    SCMP_SYS(getpid),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(nanosleep),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(getrandom),
    SCMP_SYS(membarrier),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(restart_syscall),
};

/* The C library's own signals, 32 and 33, which it prepares for when the first thread is made (nptl(7)). */
enum { FIRST_OF_THREADS = 32 };

/* Threads, and no processes: clone's flags can be looked at, clone3's lie in memory, and the C library takes clone where
 * that is missing. abort() sends its own process a signal after it has set what that does. A file that somebody tries to
 * read is as if it could not be: the C library asks how many processors there are that way. */
static int add_rules(scmp_filter_ctx filter, int fd) {
  int error = 0;
  for (unsigned i = 0; i < ts_countof(allowed); i++)
    (void)seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0);
  const scmp_datum_t thread = CLONE_THREAD;
  error |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(read), 1,
                            SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)fd));
  error |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(write), 1,
                            SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)fd));
  error |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
                            SCMP_A0(SCMP_CMP_MASKED_EQ, thread, thread));
  error |= seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
  error |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
                            SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid()));
  error |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(rt_sigaction), 1,
                            SCMP_A0(SCMP_CMP_EQ, SIGABRT));
  error |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(rt_sigaction), 1,
                            SCMP_A0(SCMP_CMP_GE, FIRST_OF_THREADS));
  error |=
      seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 1, SCMP_A2(SCMP_CMP_EQ, 0));
  (void)seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(openat), 1,
                         SCMP_A2(SCMP_CMP_MASKED_EQ, O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY));
  return error;
}

void ts_sandbox_close(int fd) {
  scmp_filter_ctx filter = seccomp_init(SCMP_ACT_TRAP);
  if (!filter) return;
  if (!add_rules(filter, fd)) (void)seccomp_load(filter);
  seccomp_release(filter);
}

const char *ts_sandbox_call_name(ts_arena *arena, uint64_t number) {
  char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, (int)number);
  const char *text = name ? ts_strdup(arena, name)
                          : ts_sprintf(arena, "system call %llu", (unsigned long long)number);
  free(name);
  return text;
}
