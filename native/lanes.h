// Adjacent channels as vectors, one register of float or double: 64 bytes with AVX-512, 32 with AVX2, 16 with SSE or NEON. (GCC takes
// comparisons of wider ones apart, element by element.) Element-wise arithmetic only, so every width gives the same bits. bfloat16
// is loaded as float and rounded to nearest even when stored.
#pragma once
#include <cstdint>
#include <cstring>

#ifdef __AVX512F__
#include <immintrin.h>
#endif

#include "clones.h"

namespace sweepstake {

struct Bfloat16 {  // layout of at::BFloat16, without libtorch's headers
  uint16_t bits;
};

// The type that an element type is computed in.
template <typename S>
struct ComputedIn {
  using Type = S;
};
template <>
struct ComputedIn<Bfloat16> {
  using Type = float;
};
template <typename S>
using Computed = typename ComputedIn<S>::Type;

#if defined(__AVX512F__)
constexpr int64_t kRegisterBytes = 64;
#elif defined(__AVX2__)
constexpr int64_t kRegisterBytes = 32;
#else
constexpr int64_t kRegisterBytes = 16;
#endif

template <typename T>
using Vector __attribute__((vector_size(kRegisterBytes), aligned(alignof(T)), may_alias)) = T;
typedef uint32_t Words __attribute__((vector_size(kRegisterBytes), aligned(4), may_alias));
typedef uint16_t HalfWords __attribute__((vector_size(kRegisterBytes / 2), aligned(2), may_alias));

SWEEPSTAKE_INLINE float widen(Bfloat16 value) {
  const uint32_t bits = uint32_t{value.bits} << 16;
  float result;
  std::memcpy(&result, &bits, sizeof result);
  return result;
}

SWEEPSTAKE_INLINE Bfloat16 narrow(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  if (value != value) return {0x7fc0};
  return {static_cast<uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16)};
}

// One channel.
template <typename S>
struct Single {
  using T = Computed<S>;
  using V = T;
  static constexpr int64_t count = 1;
  static SWEEPSTAKE_INLINE V load(const T* from) { return *from; }
  static SWEEPSTAKE_INLINE V load(const Bfloat16* from) { return widen(*from); }
  static SWEEPSTAKE_INLINE void store(T* to, const V& value) { *to = value; }
  static SWEEPSTAKE_INLINE void store(Bfloat16* to, const V& value) { *to = narrow(value); }
  static SWEEPSTAKE_INLINE V zero() { return 0; }
};

// As many channels as fit.
template <typename S>
struct Wide {
  using T = Computed<S>;
  using V = Vector<T>;
  static constexpr int64_t count = kRegisterBytes / sizeof(T);
  static SWEEPSTAKE_INLINE V load(const T* from) { return *reinterpret_cast<const V*>(from); }
  static SWEEPSTAKE_INLINE void store(T* to, const V& value) { *reinterpret_cast<V*>(to) = value; }
#ifdef __AVX512F__
  // What follows below, in the instructions that GCC does not find by itself.
  static SWEEPSTAKE_INLINE V load(const Bfloat16* from) {
    const auto halves = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
    return reinterpret_cast<V>(_mm512_slli_epi32(_mm512_cvtepu16_epi32(halves), 16));
  }
  static SWEEPSTAKE_INLINE void store(Bfloat16* to, const V& value) {
    const auto bits = reinterpret_cast<__m512i>(value);
    const auto odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
    const auto rounded = _mm512_srli_epi32(_mm512_add_epi32(_mm512_add_epi32(bits, _mm512_set1_epi32(0x7fff)), odd), 16);
    const auto isNan = _mm512_cmp_ps_mask(reinterpret_cast<__m512>(value), reinterpret_cast<__m512>(value), _CMP_UNORD_Q);
    const auto words = _mm512_mask_mov_epi32(rounded, isNan, _mm512_set1_epi32(0x7fc0));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), _mm512_cvtepi32_epi16(words));
  }
#else
  static SWEEPSTAKE_INLINE V load(const Bfloat16* from) {
    return reinterpret_cast<V>(__builtin_convertvector(*reinterpret_cast<const HalfWords*>(from), Words) << 16);
  }
  static SWEEPSTAKE_INLINE void store(Bfloat16* to, const V& value) {
    const Words bits = reinterpret_cast<Words>(value);
    const Words rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
    const Words isNan = reinterpret_cast<Words>(value != value);
    *reinterpret_cast<HalfWords*>(to) = __builtin_convertvector((rounded & ~isNan) | (isNan & 0x7fc0), HalfWords);
  }
#endif
  static SWEEPSTAKE_INLINE V zero() { return V{}; }
};

// Calls body(channel, Wide) for each group of adjacent channels and body(channel, Single) for each one that is left.
template <typename S, typename Body>
SWEEPSTAKE_INLINE void forChannels(int64_t channels, const Body& body) {
  int64_t c = 0;
  for (; c + Wide<S>::count <= channels; c += Wide<S>::count) body(c, Wide<S>{});
  for (; c < channels; c++) body(c, Single<S>{});
}

}  // namespace sweepstake
