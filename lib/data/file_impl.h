/* What the array files share and nobody else needs. */
#ifndef TS_DATA_FILE_IMPL_H
#define TS_DATA_FILE_IMPL_H

#include "data/array.h"

/* Bulk data is read and written as it lies in memory, and the file formats are little-endian. */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "a little-endian machine is assumed");

/* Between open and close of an input or output the context has no recovery point: a message that finds
 * no memory is dropped instead of jumping past the close. */

/* A file to read from, or bytes in memory that stand for one. */
typedef struct ts_input {
  const char *name;  /* for messages */
  const char *bytes; /* NULL: read from fd */
  int fd;
  uint64_t size;
  jmp_buf *outer; /* recovery point while closed */
} ts_input;
/* A regular file, or an error that names it. */
ts_result ts_input_open(ts_context *, const char *path, ts_input *out);
void ts_input_of_bytes(ts_context *, const char *name, const void *, size_t n, ts_input *out);
void ts_input_close(ts_context *, ts_input *);
/* Bytes [offset, offset + n), which the caller has checked against size. */
ts_result ts_input_read(ts_context *, const ts_input *, uint64_t offset, void *to, size_t n);

/* A file that appears only when all of it was written: a temporary beside it is renamed at the end.
 * Devices and pipes are written directly. */
typedef struct ts_array_file {
  const char *path;
  char *temporary; /* NULL: writing to path itself */
  int fd;
  int error; /* errno of the first failure */
  jmp_buf *outer;
} ts_array_file;
ts_result ts_array_file_open(ts_context *, const char *path, ts_array_file *out);
void ts_array_file_write(ts_array_file *, const void *, size_t n);
/* Renames, or removes the temporary and reports what went wrong. */
ts_result ts_array_file_close(ts_context *, ts_array_file *);

/* The array's elements from `offset` of the file on, in its byte and axis order. */
ts_result ts_input_read_array(ts_context *, const ts_input *, uint64_t offset, bool swapped,
                              bool fortran, ts_array *out);

#endif
