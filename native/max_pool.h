#pragma once
#include "torch.h"

namespace sweepstake {

// Whether `maxPoolByTwo` can do this: windows of 2x2 side by side, no padding, float, double or bfloat16 on a CPU.
bool isPoolByTwo(const at::Tensor& x, at::IntArrayRef kernel, at::IntArrayRef stride, at::IntArrayRef padding);

// The largest of each 2x2 window; the gradient goes to the first of equal ones, row by row, as libtorch's does.
at::Tensor maxPoolByTwo(const at::Tensor& x);

}  // namespace sweepstake
