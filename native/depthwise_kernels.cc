#include "depthwise_kernels.h"

#include <type_traits>

namespace sweepstake {
namespace {

// Filter columns kx for which pixel first + kx is inside of the row.
SWEEPSTAKE_INLINE bool isInside(int64_t first, int64_t kx, int64_t width) { return first + kx >= 0 && first + kx < width; }

// Calls body(output pixel, its window's first input pixel, whether the window may reach out of the row).
template <typename Body>
SWEEPSTAKE_INLINE void forPixels(const DepthwiseShape& shape, const Body& body) {
  const int64_t stride = shape.stride, padding = shape.padding;
  const int64_t begin = (padding + stride - 1) / stride;
  const int64_t end = shape.width + padding >= 3 ? (shape.width + padding - 3) / stride + 1 : 0;  // of the windows inside
  int64_t o = 0;
  for (; o < begin && o < shape.outWidth; o++) body(o, o * stride - padding, std::true_type());
  for (; o < end && o < shape.outWidth; o++) body(o, o * stride - padding, std::false_type());
  for (; o < shape.outWidth; o++) body(o, o * stride - padding, std::true_type());
}

template <typename S>
void row(const DepthwiseShape& shape, const S* const rows[3], const Computed<S>* filter, S* out) {
  const int64_t channels = shape.channels, width = shape.width;
  const S *above = rows[0], *here = rows[1], *below = rows[2];
  // Pixel by pixel, so that memory is read in order; the filter stays in the first-level cache.
  forPixels(shape, [&](int64_t o, int64_t first, auto check) __attribute__((always_inline)) {
    forChannels<S>(channels, [&](int64_t c, auto lanes) __attribute__((always_inline)) {
      using L = decltype(lanes);
      typename L::V sum[3] = {};
      for (int64_t kx = 0; kx < 3; kx++) {
        if (check && !isInside(first, kx, width)) continue;
        const int64_t at = (first + kx) * channels + c;
        const Computed<S>* w = filter + kx * channels + c;
        sum[0] += L::load(above + at) * L::load(w);
        sum[1] += L::load(here + at) * L::load(w + 3 * channels);
        sum[2] += L::load(below + at) * L::load(w + 6 * channels);
      }
      L::store(out + o * channels + c, sum[0] + sum[1] + sum[2]);
    });
  });
}

template <typename S>
void inputRow(const DepthwiseShape& shape, const S* const rows[3], const Computed<S>* filter, S* in) {
  const int64_t channels = shape.channels, width = shape.width, outWidth = shape.outWidth, padding = shape.padding;
  const S* const lines[3] = {rows[0], rows[1], rows[2]};
  forChannels<S>(channels, [&](int64_t c, auto lanes) __attribute__((always_inline)) {
    using L = decltype(lanes);
    for (int64_t i = 0; i < width; i++) {
      typename L::V sum = L::zero();
      // Every second filter column meets an output pixel.
      for (int64_t kx = (i + padding) & 1; kx < 3; kx += 2) {
        const int64_t o = (i + padding - kx) / 2;
        if (i + padding < kx || o >= outWidth) continue;
        for (int ky = 0; ky < 3; ky++) {
          if (lines[ky] == nullptr) continue;
          sum += L::load(lines[ky] + o * channels + c) * L::load(filter + (3 * ky + kx) * channels + c);
        }
      }
      L::store(in + i * channels + c, sum);
    }
  });
}

template <typename S>
void filterRow(const DepthwiseShape& shape, const S* const rows[3], const S* gradient, Computed<S>* sums) {
  const int64_t channels = shape.channels, width = shape.width;
  const S *above = rows[0], *here = rows[1], *below = rows[2];
  forChannels<S>(channels, [&](int64_t c, auto lanes) __attribute__((always_inline)) {
    using L = decltype(lanes);
    using V = typename L::V;
    V sum[9];
    for (int k = 0; k < 9; k++) sum[k] = L::load(sums + k * channels + c);
    forPixels(shape, [&](int64_t o, int64_t first, auto check) __attribute__((always_inline)) {
      const V g = L::load(gradient + o * channels + c);
      for (int64_t kx = 0; kx < 3; kx++) {
        if (check && !isInside(first, kx, width)) continue;
        const int64_t at = (first + kx) * channels + c;
        sum[kx] += L::load(above + at) * g;
        sum[3 + kx] += L::load(here + at) * g;
        sum[6 + kx] += L::load(below + at) * g;
      }
    });
    for (int k = 0; k < 9; k++) L::store(sums + k * channels + c, sum[k]);
  });
}

template <typename S>
constexpr DepthwiseKernels<S> table{row<S>, inputRow<S>, filterRow<S>};

}  // namespace

const ForTypes<DepthwiseKernels> SWEEPSTAKE_VARIANT::depthwiseKernels{table<float>, table<double>, table<Bfloat16>};

}  // namespace sweepstake
