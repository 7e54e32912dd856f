#include "batch_norm_kernels.h"

#include "clones.h"

namespace sweepstake {
namespace {

// 64 bytes of adjacent channels: one register with AVX-512, two with AVX2, four with SSE or NEON. Element-wise arithmetic only, so
// every width gives the same bits.
template <typename T>
struct Lanes {
  typedef T Type __attribute__((vector_size(64), aligned(alignof(T)), may_alias));
  static constexpr int64_t count = 64 / sizeof(T);
};

template <typename V, typename T>
SWEEPSTAKE_INLINE const V& load(const T* from) {
  return *reinterpret_cast<const V*>(from);
}

template <typename V, typename T>
SWEEPSTAKE_INLINE V& at(T* to) {
  return *reinterpret_cast<V*>(to);
}

// Calls body(channel, V{}) for each group of adjacent channels and body(channel, T{}) for each one that is left.
template <typename T, typename Body>
SWEEPSTAKE_INLINE void forChannels(int64_t channels, const Body& body) {
  using V = typename Lanes<T>::Type;
  int64_t c = 0;
  for (; c + Lanes<T>::count <= channels; c += Lanes<T>::count) body(c, V{});
  for (; c < channels; c++) body(c, T{});
}

template <typename T>
SWEEPSTAKE_INLINE void moments(const T* x, int64_t rows, int64_t channels, T* mean, T* squares) {
  forChannels<T>(channels, [=](int64_t c, auto zero) __attribute__((always_inline)) {
    using V = decltype(zero);
    V sum = zero, square = zero;
    for (int64_t r = 0; r < rows; r++) sum += load<V>(x + r * channels + c);
    const V average = sum / static_cast<T>(rows);
    for (int64_t r = 0; r < rows; r++) {
      const V deviation = load<V>(x + r * channels + c) - average;
      square += deviation * deviation;
    }
    at<V>(mean + c) = average;
    at<V>(squares + c) = square;
  });
}

template <typename T>
SWEEPSTAKE_INLINE void affine(const T* x, int64_t rows, int64_t channels, const T* scale, const T* shift, T* y) {
  forChannels<T>(channels, [=](int64_t c, auto zero) __attribute__((always_inline)) {
    using V = decltype(zero);
    const V s = load<V>(scale + c), t = load<V>(shift + c);
    for (int64_t i = c; i < rows * channels; i += channels) at<V>(y + i) = load<V>(x + i) * s + t;
  });
}

template <typename T>
SWEEPSTAKE_INLINE void gradientSums(const T* dy, const T* x, int64_t rows, int64_t channels, const T* mean, T* plain, T* centred) {
  forChannels<T>(channels, [=](int64_t c, auto zero) __attribute__((always_inline)) {
    using V = decltype(zero);
    const V m = load<V>(mean + c);
    V sum = zero, product = zero;
    for (int64_t i = c; i < rows * channels; i += channels) {
      const V g = load<V>(dy + i);
      sum += g;
      product += g * (load<V>(x + i) - m);
    }
    at<V>(plain + c) = sum;
    at<V>(centred + c) = product;
  });
}

template <typename T>
SWEEPSTAKE_INLINE void gradient(const T* dy, const T* x, int64_t rows, int64_t channels, const T* mean, const T* a, const T* b,
                                const T* c, T* dx) {
  forChannels<T>(channels, [=](int64_t k, auto zero) __attribute__((always_inline)) {
    using V = decltype(zero);
    const V m = load<V>(mean + k), va = load<V>(a + k), vb = load<V>(b + k), vc = load<V>(c + k);
    for (int64_t i = k; i < rows * channels; i += channels) {
      at<V>(dx + i) = load<V>(dy + i) * va + (load<V>(x + i) - m) * vb + vc;
    }
  });
}

}  // namespace

#define SWEEPSTAKE_KERNELS(T)                                                                                                     \
  SWEEPSTAKE_CLONES void blockMoments(const T* x, int64_t rows, int64_t channels, T* mean, T* squares) {                         \
    moments(x, rows, channels, mean, squares);                                                                                    \
  }                                                                                                                               \
  SWEEPSTAKE_CLONES void blockAffine(const T* x, int64_t rows, int64_t channels, const T* scale, const T* shift, T* y) {         \
    affine(x, rows, channels, scale, shift, y);                                                                                   \
  }                                                                                                                               \
  SWEEPSTAKE_CLONES void blockGradientSums(const T* dy, const T* x, int64_t rows, int64_t channels, const T* mean, T* plain,     \
                                           T* centred) {                                                                          \
    gradientSums(dy, x, rows, channels, mean, plain, centred);                                                                    \
  }                                                                                                                               \
  SWEEPSTAKE_CLONES void blockGradient(const T* dy, const T* x, int64_t rows, int64_t channels, const T* mean, const T* a,       \
                                       const T* b, const T* c, T* dx) {                                                           \
    gradient(dy, x, rows, channels, mean, a, b, c, dx);                                                                           \
  }
SWEEPSTAKE_KERNELS(float)
SWEEPSTAKE_KERNELS(double)

}  // namespace sweepstake
