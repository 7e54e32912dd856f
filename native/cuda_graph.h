#pragma once
#include "torch.h"

namespace sweepstake {

// Whether this addon can record CUDA graphs: libtorch has CUDA, and CUDA's own headers were there when it was built.
constexpr bool canRecordGraphs() {
#ifdef SWEEPSTAKE_CUDA
  return true;
#else
  return false;
#endif
}

// Puts this thread's later work on `device` on a stream of the addon's own; work on the default stream cannot be recorded. To be
// called before a tensor is made there; nothing happens the second time, and for a CPU.
void useOwnStream(const c10::Device& device);

}  // namespace sweepstake
