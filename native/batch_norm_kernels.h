// Loops of batch-norm over [rows, channels] blocks, channels adjacent in memory. S: float, double, or bfloat16 computed in float.
#pragma once
#include "lanes.h"

namespace sweepstake {

// Where ReLU let a value pass: everywhere (no ReLU), where x * scale + shift > 0, or where the output is > 0.
enum class Gate { kOpen, kInput, kOutput };

// Per channel: the mean and the sum of squared deviations from it.
template <typename S>
void blockMoments(const S* x, int64_t rows, int64_t channels, Computed<S>* mean, Computed<S>* squares);

// y = x * scale + shift (+ residual, which may be null), then ReLU if asked for.
template <typename S>
struct Affine {
  const S* x;
  const S* residual;
  const Computed<S>*scale, *shift;
  bool relu;
  S* y;
};
template <typename S>
void blockAffine(const Affine<S>& pass, int64_t begin, int64_t rows, int64_t channels);

// The backward pass reads dy, x and what the gate needs: scale and shift, or y.
template <typename S>
struct Gradient {
  const S *dy, *x, *y;
  const Computed<S>*mean, *scale, *shift;
  Gate gate;
  S* gated;  // output of the sums: dy behind the gate; may be null
  const Computed<S>*a, *b, *c;
  S* dx;  // output of the gradient: (dy behind the gate) * a + (x - mean) * b + c
};

// Per channel: the sums of dy and of dy * (x - mean), dy behind the gate.
template <typename S>
void blockGradientSums(const Gradient<S>& pass, int64_t begin, int64_t rows, int64_t channels, Computed<S>* plain,
                       Computed<S>* centred);
template <typename S>
void blockGradient(const Gradient<S>& pass, int64_t begin, int64_t rows, int64_t channels);

}  // namespace sweepstake
