// CPU memory of all tensors: counted, and kept by the process instead of being given back to the kernel.
#pragma once
#include "torch.h"

namespace sweepstake {

void installAllocator();
int64_t bytesInUse();
int64_t peakBytes();
void resetPeak();

}  // namespace sweepstake
