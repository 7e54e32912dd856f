// Rows of max-pooling by two, channels-last. S: float, double, or bfloat16.
#pragma once
#include "variants.h"

namespace sweepstake {

// One row of windows: two rows of the image.
template <typename S>
struct PoolRow {
  int64_t channels, width;  // of the image
  const S *top, *bottom;
  S* out;
  uint8_t* choice;  // 0 to 3: top left, top right, bottom left, bottom right
};

template <typename S>
struct UnpoolRow {
  int64_t channels, width;
  S *top, *bottom;
  const S* gradient;
  const uint8_t* choice;
};

template <typename S>
struct MaxPoolKernels {
  void (*pool)(const PoolRow<S>& row);
  void (*unpool)(const UnpoolRow<S>& row);
};
SWEEPSTAKE_KERNELS(MaxPoolKernels, maxPoolKernels)

}  // namespace sweepstake
