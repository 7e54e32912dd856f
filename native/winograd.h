#pragma once
#include "torch.h"

namespace sweepstake {

// Whether `winograd` can do this convolution: 3x3, stride 1, padding 1, channels in multiples of 16, sides in multiples of 4 or a 2x2
// image, float32 or bfloat16 images with float32 weights, on a CPU with FMA instructions.
bool isWinograd(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, at::IntArrayRef stride, at::IntArrayRef padding,
                at::IntArrayRef dilation, int64_t groups);

// x [N, C, H, W], weight [K, C, 3, 3], bias [K] or undefined. The result has x's type; sums are float32, those over the batch are joined
// in double. Values below 1.2e-38 count as 0 in between, and an infinite pixel makes its whole tile NaN.
at::Tensor winograd(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias);

}  // namespace sweepstake
