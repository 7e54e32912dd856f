#include "batch_norm_kernels.h"

namespace sweepstake {
namespace {

// Rows whose sums are kept apart: an addition takes several cycles, independent ones overlap.
constexpr int kApart = 4;

template <typename S>
void moments(const S* x, int64_t rows, int64_t channels, Computed<S>* mean, Computed<S>* squares) {
  using T = Computed<S>;
  forChannels<S>(channels, [=](int64_t c, auto lanes) __attribute__((always_inline)) {
    using L = decltype(lanes);
    using V = typename L::V;
    V sum[kApart] = {};
    int64_t r = 0;
    for (; r + kApart <= rows; r += kApart)
      for (int k = 0; k < kApart; k++) sum[k] += L::load(x + (r + k) * channels + c);
    for (; r < rows; r++) sum[0] += L::load(x + r * channels + c);
    const V average = ((sum[0] + sum[1]) + (sum[2] + sum[3])) / static_cast<T>(rows);
    V square[kApart] = {};
    for (r = 0; r + kApart <= rows; r += kApart) {
      for (int k = 0; k < kApart; k++) {
        const V deviation = L::load(x + (r + k) * channels + c) - average;
        square[k] += deviation * deviation;
      }
    }
    for (; r < rows; r++) {
      const V deviation = L::load(x + r * channels + c) - average;
      square[0] += deviation * deviation;
    }
    L::store(mean + c, average);
    L::store(squares + c, (square[0] + square[1]) + (square[2] + square[3]));
  });
}

template <typename S, bool hasResidual, bool relu>
void affine(const Affine<S>& pass, int64_t begin, int64_t rows, int64_t channels) {
  const S *x = pass.x + begin, *residual = hasResidual ? pass.residual + begin : nullptr;
  const Computed<S>*scale = pass.scale, *shift = pass.shift;
  S* y = pass.y + begin;
  for (int64_t r = 0; r < rows; r++) {
    const int64_t row = r * channels;
    forChannels<S>(channels, [=](int64_t c, auto lanes) __attribute__((always_inline)) {
      using L = decltype(lanes);
      typename L::V value = L::load(x + row + c) * L::load(scale + c) + L::load(shift + c);
      if (hasResidual) value += L::load(residual + row + c);
      if (relu) value = value < 0 ? L::zero() : value;  // NaN stays NaN
      L::store(y + row + c, value);
    });
  }
}

// dy at offset i where the gate is open, else 0.
template <typename L, Gate gate, typename S, typename V>
SWEEPSTAKE_INLINE V gated(const S* dy, const S* y, int64_t i, const V& x, const V& scale, const V& shift) {
  const V g = L::load(dy + i);
  if (gate == Gate::kInput) return x * scale + shift <= 0 ? L::zero() : g;
  if (gate == Gate::kOutput) return L::load(y + i) <= 0 ? L::zero() : g;
  return g;
}

template <typename S, Gate gate, bool keeps>
void gradientSums(const Gradient<S>& pass, int64_t begin, int64_t rows, int64_t channels, Computed<S>* plain,
                                    Computed<S>* centred) {
  const S *dy = pass.dy + begin, *x = pass.x + begin, *y = gate == Gate::kOutput ? pass.y + begin : nullptr;
  const Computed<S>*mean = pass.mean, *scale = pass.scale, *shift = pass.shift;
  S* kept = keeps ? pass.gated + begin : nullptr;
  forChannels<S>(channels, [=](int64_t c, auto lanes) __attribute__((always_inline)) {
    using L = decltype(lanes);
    using V = typename L::V;
    const V m = L::load(mean + c);
    const V s = gate == Gate::kInput ? L::load(scale + c) : L::zero(), t = gate == Gate::kInput ? L::load(shift + c) : L::zero();
    V sum[kApart] = {}, product[kApart] = {};
    const auto add = [&](int64_t i, int k) __attribute__((always_inline)) {
      const V value = L::load(x + i);
      const V g = gated<L, gate, S>(dy, y, i, value, s, t);
      if (keeps) L::store(kept + i, g);
      sum[k] += g;
      product[k] += g * (value - m);
    };
    int64_t r = 0;
    for (; r + kApart <= rows; r += kApart)
      for (int k = 0; k < kApart; k++) add((r + k) * channels + c, k);
    for (; r < rows; r++) add(r * channels + c, 0);
    L::store(plain + c, (sum[0] + sum[1]) + (sum[2] + sum[3]));
    L::store(centred + c, (product[0] + product[1]) + (product[2] + product[3]));
  });
}

template <typename S, Gate gate>
void gradient(const Gradient<S>& pass, int64_t begin, int64_t rows, int64_t channels) {
  const S *dy = pass.dy + begin, *x = pass.x + begin;
  const Computed<S>*mean = pass.mean, *scale = pass.scale, *shift = pass.shift, *a = pass.a, *b = pass.b, *d = pass.c;
  S* dx = pass.dx + begin;
  for (int64_t r = 0; r < rows; r++) {
    const int64_t row = r * channels;
    forChannels<S>(channels, [=](int64_t c, auto lanes) __attribute__((always_inline)) {
      using L = decltype(lanes);
      using V = typename L::V;
      const V value = L::load(x + row + c);
      const V s = gate == Gate::kInput ? L::load(scale + c) : L::zero(), t = gate == Gate::kInput ? L::load(shift + c) : L::zero();
      const V g = gated<L, gate, S>(dy, nullptr, row + c, value, s, t);
      L::store(dx + row + c, g * L::load(a + c) + (value - L::load(mean + c)) * L::load(b + c) + L::load(d + c));
    });
  }
}

template <typename S>
void affineOf(const Affine<S>& pass, int64_t begin, int64_t rows, int64_t channels) {
  if (pass.residual != nullptr && pass.relu) return affine<S, true, true>(pass, begin, rows, channels);
  if (pass.residual != nullptr) return affine<S, true, false>(pass, begin, rows, channels);
  if (pass.relu) return affine<S, false, true>(pass, begin, rows, channels);
  affine<S, false, false>(pass, begin, rows, channels);
}

template <typename S>
void sumsOf(const Gradient<S>& pass, int64_t begin, int64_t rows, int64_t channels, Computed<S>* plain, Computed<S>* centred) {
  if (pass.gate == Gate::kOutput) return gradientSums<S, Gate::kOutput, true>(pass, begin, rows, channels, plain, centred);
  if (pass.gate == Gate::kInput) return gradientSums<S, Gate::kInput, false>(pass, begin, rows, channels, plain, centred);
  gradientSums<S, Gate::kOpen, false>(pass, begin, rows, channels, plain, centred);
}

template <typename S>
void gradientOf(const Gradient<S>& pass, int64_t begin, int64_t rows, int64_t channels) {
  if (pass.gate == Gate::kInput) return gradient<S, Gate::kInput>(pass, begin, rows, channels);
  gradient<S, Gate::kOpen>(pass, begin, rows, channels);
}

template <typename S>
constexpr BatchNormKernels<S> table{moments<S>, affineOf<S>, sumsOf<S>, gradientOf<S>};

}  // namespace

const ForTypes<BatchNormKernels> SWEEPSTAKE_VARIANT::batchNormKernels{table<float>, table<double>, table<Bfloat16>};

}  // namespace sweepstake
