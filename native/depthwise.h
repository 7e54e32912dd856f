#pragma once
#include "torch.h"

namespace sweepstake {

// Whether `depthwise` can do this convolution: 3x3, one filter per channel, stride 1 or 2, padding 0 or 1, no bias, on a CPU.
bool isDepthwise(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, at::IntArrayRef stride,
                 at::IntArrayRef padding, at::IntArrayRef dilation, int64_t groups);

// x [N, C, H, W] and weight [C, 1, 3, 3], both float, double or bfloat16 (computed in float).
at::Tensor depthwise(const at::Tensor& x, const at::Tensor& weight, int64_t stride, int64_t padding);

}  // namespace sweepstake
