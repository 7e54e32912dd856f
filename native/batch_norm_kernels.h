// Loops of batch-norm over [rows, channels] blocks, channels adjacent in memory. S: float, double, or bfloat16 computed in float.
#pragma once
#include "variants.h"

namespace sweepstake {

// Where ReLU let a value pass: everywhere (no ReLU), where x * scale + shift > 0, or where the output is > 0.
enum class Gate { kOpen, kInput, kOutput };

template <typename S>
struct Affine {
  const S* x;
  const S* residual;
  const Computed<S>*scale, *shift;
  bool relu;
  S* y;
};

// The backward pass reads dy, x and what the gate needs: scale and shift, or y.
template <typename S>
struct Gradient {
  const S *dy, *x, *y;
  const Computed<S>*mean, *scale, *shift;
  Gate gate;
  S* gated;  // output of the sums behind kOutput: dy behind the gate
  const Computed<S>*a, *b, *c;
  S* dx;
};

// A block of `rows` begins at the element `begin`.
template <typename S>
struct BatchNormKernels {
  // Per channel: the mean and the sum of squared deviations from it.
  void (*moments)(const S* x, int64_t rows, int64_t channels, Computed<S>* mean, Computed<S>* squares);
  // y = x * scale + shift (+ residual, which may be null), then ReLU if asked for.
  void (*affine)(const Affine<S>& pass, int64_t begin, int64_t rows, int64_t channels);
  // Per channel: the sums of dy and of dy * (x - mean), dy behind the gate.
  void (*sums)(const Gradient<S>& pass, int64_t begin, int64_t rows, int64_t channels, Computed<S>* plain, Computed<S>* centred);
  // dx = (dy behind the gate) * a + (x - mean) * b + c; not behind kOutput, where `gated` has it already.
  void (*gradient)(const Gradient<S>& pass, int64_t begin, int64_t rows, int64_t channels);
};
SWEEPSTAKE_KERNELS(BatchNormKernels, batchNormKernels)

}  // namespace sweepstake
