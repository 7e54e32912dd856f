// Our own kernels are for CPUs; other devices get libtorch's operations. Tests switch ours off to meet those on a CPU, too.
#pragma once
#include "torch.h"

namespace sweepstake {

inline bool ownKernels = true;

inline bool hasOwnKernels(const at::Tensor& x) { return ownKernels && x.is_cpu(); }

}  // namespace sweepstake
