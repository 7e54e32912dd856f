// Layers that are more than one of libtorch's operations.
#pragma once
#include "torch.h"

namespace sweepstake {

// x·weightᵀ + bias. Like convolution2d, it rounds float32 weights to the type of a bfloat16 x.
at::Tensor linearLayer(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias);

at::Tensor convolution2d(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, at::IntArrayRef stride,
                         at::IntArrayRef padding, at::IntArrayRef dilation, int64_t groups);

// No dilation, and sizes rounded down.
at::Tensor maxPooling2d(const at::Tensor& x, at::IntArrayRef kernel, at::IntArrayRef stride, at::IntArrayRef padding);

}  // namespace sweepstake
