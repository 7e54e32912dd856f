// Tensors as JavaScript sees them: numbers that name a slot of a table.
#pragma once
#include "torch.h"

namespace sweepstake {

// A handle is index + generation * 2^24 (below 2^53, exact in a double) and never 0. The generation makes a stale handle of a
// reused slot detectable, so a bug in the caller is an error and not another tensor's data.
using Handle = int64_t;

Handle insertTensor(at::Tensor tensor);
at::Tensor lookUpTensor(Handle handle);   // throws std::invalid_argument for a stale handle
void removeTensor(Handle handle) noexcept;  // does nothing for a stale handle

}  // namespace sweepstake
