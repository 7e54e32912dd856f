// What all kernels on channels-last tensors ask for.
#pragma once
#include "torch.h"

namespace sweepstake {

inline at::Tensor channelsLast(const at::Tensor& x) { return x.contiguous(at::MemoryFormat::ChannelsLast); }

template <typename S>
S* dataOf(const at::Tensor& t) {
  return static_cast<S*>(t.data_ptr());
}

// Whether both numbers are the same one, from least to most.
inline bool isPair(at::IntArrayRef pair, int64_t least, int64_t most) {
  return pair.size() == 2 && pair[0] == pair[1] && pair[0] >= least && pair[0] <= most;
}

}  // namespace sweepstake
