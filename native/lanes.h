// Adjacent channels as vectors, one register of float or double: 64 bytes with AVX-512, 32 with AVX2, 16 with SSE or NEON. (GCC takes
// comparisons of wider ones apart, element by element.) Element-wise arithmetic only, so every width gives the same bits. bfloat16
// is loaded as float and rounded to nearest even when stored.
#pragma once
#include <cstdint>
#include <cstring>

#if defined(__AVX512F__) || defined(__FMA__)
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

#ifdef __AVX512F__
// One instruction each, where GCC 12 makes five of __builtin_convertvector. (Its intrinsics without a mask warn.)
SWEEPSTAKE_INLINE Words toWords(const HalfWords& halves) {
  return reinterpret_cast<Words>(_mm512_maskz_cvtepu16_epi32(0xffff, reinterpret_cast<__m256i>(halves)));
}
SWEEPSTAKE_INLINE HalfWords toHalfWords(const Words& words) {
  return reinterpret_cast<HalfWords>(_mm512_maskz_cvtepi32_epi16(0xffff, reinterpret_cast<__m512i>(words)));
}
#else
SWEEPSTAKE_INLINE Words toWords(const HalfWords& halves) { return __builtin_convertvector(halves, Words); }
SWEEPSTAKE_INLINE HalfWords toHalfWords(const Words& words) { return __builtin_convertvector(words, HalfWords); }
#endif

// a * b + c, rounded once, also where the compiler must not contract (see Makefile).
SWEEPSTAKE_INLINE Vector<float> fma(const Vector<float>& a, const Vector<float>& b, const Vector<float>& c) {
#if defined(__AVX512F__)
  return reinterpret_cast<Vector<float>>(_mm512_fmadd_ps(reinterpret_cast<__m512>(a), reinterpret_cast<__m512>(b), reinterpret_cast<__m512>(c)));
#elif defined(__FMA__)
  return reinterpret_cast<Vector<float>>(_mm256_fmadd_ps(reinterpret_cast<__m256>(a), reinterpret_cast<__m256>(b), reinterpret_cast<__m256>(c)));
#else
  Vector<float> result;
  for (size_t i = 0; i < kRegisterBytes / sizeof(float); i++) result[i] = __builtin_fmaf(a[i], b[i], c[i]);
  return result;
#endif
}

// The same value in every lane.
SWEEPSTAKE_INLINE Vector<float> everywhere(float value) { return value - Vector<float>{}; }

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
  static SWEEPSTAKE_INLINE V load(const Bfloat16* from) {
    return reinterpret_cast<V>(toWords(*reinterpret_cast<const HalfWords*>(from)) << 16);
  }
  static SWEEPSTAKE_INLINE void store(Bfloat16* to, const V& value) {
    const Words bits = reinterpret_cast<Words>(value);
    const Words rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
    const Words isNan = reinterpret_cast<Words>(value != value);
    *reinterpret_cast<HalfWords*>(to) = toHalfWords((rounded & ~isNan) | (isNan & 0x7fc0));
  }
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
