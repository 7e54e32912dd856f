#pragma once
#include "torch.h"

namespace sweepstake {

struct BatchNormSettings {
  bool training;
  double momentum, eps;
  bool relu;
};

// Batch-norm, then `+ residual` if it is defined, then ReLU if asked for. Other arguments as of at::batch_norm: weight and bias may be
// undefined; the running statistics are updated when training. x and residual are float, double, or bfloat16 with everything else float.
at::Tensor batchNorm(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, const at::Tensor& runningMean,
                     const at::Tensor& runningVar, const at::Tensor& residual, const BatchNormSettings& settings);

}  // namespace sweepstake
