// Rows of a channels-last depthwise 3x3 convolution. S: float, double, or bfloat16 computed in float.
#pragma once
#include "variants.h"

namespace sweepstake {

// Pixels of one image row are `channels` apart. `filter` is [9, channels], filter row by filter row.
struct DepthwiseShape {
  int64_t channels, width, outWidth, stride, padding;
};

template <typename S>
struct DepthwiseKernels {
  // out[o] = sum over ky, kx of rows[ky][o * stride + kx - padding] * filter[ky][kx]. A row outside of the image is a row of zeros.
  void (*row)(const DepthwiseShape& shape, const S* const rows[3], const Computed<S>* filter, S* out);
  // The transpose for stride 2: in[i] = sum over ky, kx of rows[ky][(i + padding - kx) / 2] * filter[ky][kx], where that is a pixel.
  // rows are of the output's gradient, null where the input row does not touch that output row.
  void (*inputRow)(const DepthwiseShape& shape, const S* const rows[3], const Computed<S>* filter, S* in);
  // sums [9, channels] += over o of rows[ky][o * stride + kx - padding] * gradient[o]
  void (*filterRow)(const DepthwiseShape& shape, const S* const rows[3], const S* gradient, Computed<S>* sums);
};
SWEEPSTAKE_KERNELS(DepthwiseKernels, depthwiseKernels)

}  // namespace sweepstake
