// Kernel files (*_kernels.cc) are compiled once for each set of vector instructions, with SWEEPSTAKE_VARIANT its name, and the best
// one that the CPU has is taken when the program runs. (GCC's target_clones is not enough: vectors wider than the baseline's are
// taken apart before the function is cloned.) All variants give the same bits.
#pragma once
#include <algorithm>

#include "lanes.h"

namespace sweepstake {

enum class Variant { kBaseline, kAvx2, kAvx512 };  // avx2 has FMA

// The best that the CPU has.
inline Variant ownVariant() {
#ifdef SWEEPSTAKE_X86_VARIANTS
  static const Variant best = [] {
    const bool has512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
                        __builtin_cpu_supports("avx512dq");
    const bool has2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    return has2 && has512 ? Variant::kAvx512 : has2 ? Variant::kAvx2 : Variant::kBaseline;
  }();
  return best;
#else
  return Variant::kBaseline;
#endif
}

// Set below the best one, it is what runs: for tests that compare variants.
inline Variant widestVariant = Variant::kAvx512;

inline Variant variantInUse() { return std::min(ownVariant(), widestVariant); }

#ifdef SWEEPSTAKE_X86_VARIANTS
// Declares the variants of the table `name` of type Table, and name(), the one to use.
#define SWEEPSTAKE_TABLE(Table, name)           \
  namespace baseline { extern const Table name; } \
  namespace avx2 { extern const Table name; }   \
  namespace avx512 { extern const Table name; } \
  inline const Table& name() {                  \
    const Variant use = variantInUse();         \
    return use == Variant::kAvx512 ? avx512::name : use == Variant::kAvx2 ? avx2::name : baseline::name; \
  }
#else
#define SWEEPSTAKE_TABLE(Table, name)             \
  namespace baseline { extern const Table name; } \
  inline const Table& name() { return baseline::name; }
#endif

// A table of kernels for each element type.
template <template <typename> class Kernels>
struct ForTypes {
  Kernels<float> single;
  Kernels<double> twice;
  Kernels<Bfloat16> half;

  const Kernels<float>& of(float) const { return single; }
  const Kernels<double>& of(double) const { return twice; }
  const Kernels<Bfloat16>& of(Bfloat16) const { return half; }
};

// name<S>() is the table for the element type S.
#define SWEEPSTAKE_KERNELS(Kernels, name)   \
  SWEEPSTAKE_TABLE(ForTypes<Kernels>, name) \
  template <typename S>                     \
  const Kernels<S>& name() {                \
    return name().of(S{});                  \
  }

}  // namespace sweepstake
