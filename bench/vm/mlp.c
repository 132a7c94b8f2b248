/* The nest of mlp.lir for lli: compiled to LLVM IR by clang at -O1, run by lli's interpreter. The sides
 * are small, for it takes about half a microsecond a multiply-add. */
extern double exp(double);

#ifndef K
#define K 256
#endif
enum { M = 16, N = 16 };
static float X[M * K], W[K * N], b[N], Y[M * N];

int main(void) {
  for (int i = 0; i < M * K; i++)
    X[i] = (float)(i % 7 - 3);
  for (int i = 0; i < K * N; i++)
    W[i] = (float)(i % 11 - 5) / 8;
  for (int i = 0; i < M; i++)
    for (int j = 0; j < N; j++) {
      double acc = 0;
      for (int k = 0; k < K; k++)
        acc += (double)X[i * K + k] * (double)W[k * N + j];
      double x = acc + b[j];
      Y[i * N + j] = (float)(x / (1 + exp(-1.702 * x)));
    }
  return Y[0] != Y[0];
}
