#include "max_pool_kernels.h"

namespace sweepstake {
namespace {

template <int64_t count>
struct Bytes {
  typedef uint8_t Type __attribute__((vector_size(count), aligned(1), may_alias));
};

template <typename L, typename V, typename I>
SWEEPSTAKE_INLINE void challenge(const V& value, int which, V& best, I& choice) {
  const auto wins = (value > best) | (value != value);  // NaN wins
  best = wins ? value : best;
  choice = wins ? I{} + which : choice;
}

// Channels that fill no vector are computed with the next pixels' ones, whose results are wrong then and are overwritten when their
// turn comes; only the last pixels of a row, behind which nothing may be touched, go one channel at a time. The last channels come
// first, because they spill into the same window's second pixel.
template <typename S, typename Body>
SWEEPSTAKE_INLINE void forPooledChannels(int64_t channels, int64_t pixelsLeft, const Body& body) {
  constexpr int64_t count = Wide<S>::count;
  const int64_t covered = (channels + count - 1) / count * count;
  const int64_t wide = covered <= pixelsLeft * channels ? covered : channels / count * count;
  for (int64_t c = wide; c < channels; c++) body(c, Single<S>{});
  for (int64_t c = wide - count; c >= 0; c -= count) body(c, Wide<S>{});
}

template <typename S>
void pool(const PoolRow<S>& row) {
  const int64_t channels = row.channels;
  for (int64_t o = 0; o < row.width / 2; o++) {
    const S *top = row.top + 2 * o * channels, *bottom = row.bottom + 2 * o * channels;
    S* out = row.out + o * channels;
    uint8_t* chosen = row.choice + o * channels;
    forPooledChannels<S>(channels, row.width / 2 - o, [=](int64_t c, auto lanes) __attribute__((always_inline)) {
      using L = decltype(lanes);
      typename L::V best = L::load(top + c);
      using I = decltype((best > best) | (best > best));
      I choice{};
      challenge<L>(L::load(top + channels + c), 1, best, choice);
      challenge<L>(L::load(bottom + c), 2, best, choice);
      challenge<L>(L::load(bottom + channels + c), 3, best, choice);
      L::store(out + c, best);
      if constexpr (L::count == 1) {
        chosen[c] = static_cast<uint8_t>(choice);
      } else {
        using B = typename Bytes<L::count>::Type;
        *reinterpret_cast<B*>(chosen + c) = __builtin_convertvector(choice, B);
      }
    });
  }
}

template <typename S>
void unpool(const UnpoolRow<S>& row) {
  const int64_t channels = row.channels;
  for (int64_t o = 0; o < row.width / 2; o++) {
    S *top = row.top + 2 * o * channels, *bottom = row.bottom + 2 * o * channels;
    const S* gradient = row.gradient + o * channels;
    const uint8_t* chosen = row.choice + o * channels;
    forPooledChannels<S>(channels, row.width / 2 - o, [=](int64_t c, auto lanes) __attribute__((always_inline)) {
      using L = decltype(lanes);
      const typename L::V g = L::load(gradient + c);
      using I = decltype((g > g) | (g > g));
      I choice;
      if constexpr (L::count == 1) {
        choice = chosen[c];
      } else {
        choice = __builtin_convertvector(*reinterpret_cast<const typename Bytes<L::count>::Type*>(chosen + c), I);
      }
      L::store(top + c, choice == 0 ? g : L::zero());
      L::store(top + channels + c, choice == 1 ? g : L::zero());
      L::store(bottom + c, choice == 2 ? g : L::zero());
      L::store(bottom + channels + c, choice == 3 ? g : L::zero());
    });
  }
}

template <typename S>
constexpr MaxPoolKernels<S> table{pool<S>, unpool<S>};

}  // namespace

const ForTypes<MaxPoolKernels> SWEEPSTAKE_VARIANT::maxPoolKernels{table<float>, table<double>, table<Bfloat16>};

}  // namespace sweepstake
