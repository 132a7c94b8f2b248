/* Launches on the VM: blocks one after another, the threads of a block one after another in the
 * order of their indices, the first index fastest.
 *
 * Where the body has a barrier each thread is a frame of its own that can be left and resumed:
 * threads run until they wait, and when all of the block wait at the same barrier they go on.
 * Without barriers all threads share the frame of the launching code. An async_copy takes place at
 * once. */

#include "ir/scalar.h"
#include "engine/vm/vm.h"

typedef struct launching {
  ts_vm *vm;
  const ts_vm_code *code;
  const ts_vm_launch *launch;
  const ts_insn *at;
  ts_slot *frame;
  int64_t blocks, threads;
  char *shared;
  ts_slot *frames; /* one a thread, when there are barriers */
  char *memory;    /* private, the same */
  size_t bytes;    /* of both */
} launching;

/* Product of the extents that are (not) threads; negative ones count as none; -1 past int64. */
static int64_t extent_product(const launching *l, bool threads) {
  int64_t n = 1;
  for (unsigned i = 0; i < l->launch->n; i++) {
    int64_t e = l->frame[l->launch->extents[i]].i;
    if (l->launch->is_thread[i] == threads && __builtin_mul_overflow(n, ts_max(e, (int64_t)0), &n))
      return -1;
  }
  return n;
}

static void set_ids(const launching *l, bool threads, int64_t linear, ts_slot *frame) {
  for (unsigned i = 0; i < l->launch->n; i++) {
    if (l->launch->is_thread[i] != threads) continue;
    int64_t e = l->frame[l->launch->extents[i]].i;
    frame[l->launch->ids[i]].i = linear % e;
    linear /= e;
  }
}

static void start_block(const launching *l) {
  for (unsigned i = 0; i < l->launch->num_shadows; i++)
    memset(l->shared + l->launch->shadows[i].begin, 0, (size_t)l->launch->shadows[i].size);
}

static ts_vm_status run_thread(const launching *l, const ts_insn *from, ts_slot *frame) {
  if (l->vm->stop && ts_stop_raised(l->vm->stop))
    return ts_vm_fail(l->vm, l->code, l->at, l->frame, TS_VM_STOPPED, 0);
  return ts_vm_exec(l->vm, l->code, from, frame);
}

static ts_vm_status run_block(const launching *l, int64_t block) {
  set_ids(l, false, block, l->frame);
  for (int64_t t = 0; t < l->threads; t++) {
    set_ids(l, true, t, l->frame);
    ts_vm_status s = run_thread(l, l->at + 1, l->frame);
    if (s != TS_VM_DONE) return s;
  }
  return TS_VM_DONE;
}

/* ---- with barriers ---- */

static ts_slot *thread_frame(const launching *l, int64_t t) {
  return l->frames + t * l->code->total_slots;
}

static void start_thread(const launching *l, int64_t block, int64_t t) {
  ts_slot *frame = thread_frame(l, t);
  memcpy(frame, l->frame, (size_t)l->code->num_slots * sizeof *frame);
  int64_t begin = l->launch->private_begin;
  frame[TS_VM_MEM].p = l->memory + t * (l->code->total_mem - begin) - begin;
  frame[TS_VM_SHARED].p = l->shared;
  set_ids(l, false, block, frame);
  set_ids(l, true, t, frame);
}

/* Runs every thread to its next stop. All must stop at one barrier, or all end. */
static ts_vm_status run_to_barrier(const launching *l, const ts_insn *from, const ts_insn **stop) {
  const ts_insn *barrier = NULL;
  int64_t waiting = -1, ended = -1;
  for (int64_t t = 0; t < l->threads; t++) {
    ts_vm_status s = run_thread(l, from, thread_frame(l, t));
    if (s == TS_VM_DONE) {
      ended = t;
    } else if (s == TS_VM_WAITING) {
      if (barrier && barrier != l->vm->stopped)
        return ts_vm_fail(l->vm, l->code, l->vm->stopped, thread_frame(l, t), TS_VM_BARRIER_MIXED,
                          barrier - l->code->insns);
      barrier = l->vm->stopped;
      waiting = t;
    } else {
      return s;
    }
  }
  if (barrier && ended >= 0)
    return ts_vm_fail(l->vm, l->code, barrier, thread_frame(l, waiting), TS_VM_BARRIER_MISSED,
                      ended);
  *stop = barrier;
  return TS_VM_DONE;
}

static ts_vm_status run_block_with_barriers(const launching *l, int64_t block) {
  for (int64_t t = 0; t < l->threads; t++)
    start_thread(l, block, t);
  const ts_insn *stop = l->at;
  ts_vm_status s = TS_VM_DONE;
  while (s == TS_VM_DONE && stop)
    s = run_to_barrier(l, stop + 1, &stop);
  return s;
}

static ts_vm_status run_blocks(const launching *l) {
  for (int64_t b = 0; b < l->blocks; b++) {
    start_block(l);
    ts_vm_status s = l->launch->barriers ? run_block_with_barriers(l, b) : run_block(l, b);
    if (s != TS_VM_DONE) return s;
  }
  return TS_VM_DONE;
}

/* Frames and private memory of one block's threads, within the context's memory cap. */
static bool make_frames(launching *l) {
  ts_memory *m = &l->vm->prog->ctx->memory;
  __int128 slots = (__int128)l->threads * l->code->total_slots * (int64_t)sizeof(ts_slot);
  __int128 memory = (__int128)l->threads * (l->code->total_mem - l->launch->private_begin);
  __int128 bytes = slots + memory + 64;
  if (bytes > INT64_MAX) return false;
  l->bytes = (size_t)bytes;
  l->frames = ts_try_realloc(m, NULL, 0, l->bytes);
  if (!l->frames) return false;
  l->vm->prog->frames = l->frames;
  l->vm->prog->frame_bytes = l->bytes;
  l->memory = (char *)l->frames + (size_t)slots;
  return true;
}

void ts_vm_drop_frames(ts_vm_program *p) {
  ts_free(&p->ctx->memory, p->frames, p->frame_bytes);
  p->frames = NULL;
  p->frame_bytes = 0;
}

ts_vm_status ts_vm_launch_run(ts_vm *vm, const ts_vm_code *code, const ts_insn *at,
                              ts_slot *frame) {
  launching l = {vm, code, code->launches.at[at->a], at, frame, 0, 0, NULL, NULL, NULL, 0};
  l.blocks = extent_product(&l, false);
  l.threads = extent_product(&l, true);
  __int128 cost = (__int128)l.blocks * ts_max(l.threads, (int64_t)1);
  if (l.blocks < 0 || l.threads < 0 || cost > (__int128)INT64_MAX ||
      cost * l.launch->cost > (__int128)vm->fuel)
    return ts_vm_fail(vm, code, at, frame, TS_VM_NO_FUEL, 0);
  vm->fuel -= (uint64_t)(cost * l.launch->cost);
  char *outer = frame[TS_VM_SHARED].p;
  frame[TS_VM_SHARED].p = l.shared = frame[TS_VM_MEM].p + l.launch->shared_begin;
  if (l.launch->barriers && !make_frames(&l))
    return ts_vm_fail(vm, code, at, frame, TS_VM_NO_MEMORY, l.threads);
  ts_vm_status s = run_blocks(&l);
  frame[TS_VM_SHARED].p = outer;
  ts_vm_drop_frames(vm->prog);
  return s;
}
