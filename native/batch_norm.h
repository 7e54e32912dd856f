#pragma once
#include "torch.h"

namespace sweepstake {

// Arguments as of at::batch_norm. weight and bias may be undefined. Updates the running statistics when training.
at::Tensor batchNorm(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, const at::Tensor& runningMean,
                     const at::Tensor& runningVar, bool training, double momentum, double eps);

}  // namespace sweepstake
