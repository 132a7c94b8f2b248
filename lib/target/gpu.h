/* What is alike in all GPUs that launches are written for. */
#ifndef TS_TARGET_GPU_H
#define TS_TARGET_GPU_H

/* Threads of a block at most (CUDA C++ Programming Guide, table of features and specifications; the same in
 * OpenCL on these machines). */
enum { TS_GPU_MAX_BLOCK_THREADS = 1024 };

#endif
