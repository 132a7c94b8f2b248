/* The one function that MLIR's lowering of copies between strided buffers calls: a stand-in for its
 * runner library, which Debian keeps in a package of its own. Linked into each shape's object. */
#include <stdint.h>
#include <string.h>

typedef struct strided {
  char *allocated, *data;
  int64_t offset, at[]; /* extents, then strides; in elements */
} strided;

typedef struct unranked {
  int64_t rank;
  strided *descriptor;
} unranked;

static void copy(int64_t size, int64_t rank, const int64_t *extent, char *to,
                 const int64_t *to_stride, const char *from, const int64_t *from_stride) {
  if (rank == 0 || (rank == 1 && *to_stride == 1 && *from_stride == 1)) {
    memcpy(to, from, (size_t)(size * (rank ? *extent : 1)));
    return;
  }
  for (int64_t i = 0; i < *extent; i++)
    copy(size, rank - 1, extent + 1, to + i * *to_stride * size, to_stride + 1,
         from + i * *from_stride * size, from_stride + 1);
}

void memrefCopy(int64_t size, unranked *from, unranked *to);
void memrefCopy(int64_t size, unranked *from, unranked *to) {
  int64_t rank = from->rank;
  strided *f = from->descriptor, *t = to->descriptor;
  copy(size, rank, f->at, t->data + t->offset * size, t->at + rank, f->data + f->offset * size,
       f->at + rank);
}
