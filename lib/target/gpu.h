/* What is alike in all GPUs that launches are written for. */
#ifndef TS_TARGET_GPU_H
#define TS_TARGET_GPU_H

/* Threads of a block at most (CUDA C++ Programming Guide, table of features and specifications; the same in
 * OpenCL on these machines). */
enum { TS_GPU_MAX_BLOCK_THREADS = 1024 };

/* Bytes of shared memory that a block gets without asking for more (CUDA C++ Programming Guide, table of features and
 * specifications: 48 KB; OpenCL 3.0 demands 32 KiB of local memory). */
enum { TS_GPU_SHARED_BYTES = 48 << 10 };

#endif
