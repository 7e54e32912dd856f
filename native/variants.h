// Kernel files (*_kernels.cc) are compiled once for each set of vector instructions, with SWEEPSTAKE_VARIANT its name, and the best
// one that the CPU has is taken when the program runs. (GCC's target_clones is not enough: vectors wider than the baseline's are
// taken apart before the function is cloned.) All variants give the same bits.
#pragma once
#include "lanes.h"

namespace sweepstake {

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

#ifdef SWEEPSTAKE_X86_VARIANTS
// Declares the variants of the table `name`, and name<S>(), the one to use.
#define SWEEPSTAKE_KERNELS(Kernels, name)                                         \
  namespace baseline { extern const ForTypes<Kernels> name; }                     \
  namespace avx2 { extern const ForTypes<Kernels> name; }                         \
  namespace avx512 { extern const ForTypes<Kernels> name; }                       \
  template <typename S>                                                           \
  const Kernels<S>& name() {                                                      \
    static const bool has512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && \
                               __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");  \
    static const auto& best = has512 ? avx512::name : __builtin_cpu_supports("avx2") ? avx2::name : baseline::name; \
    return best.of(S{});                                                          \
  }
#else
#define SWEEPSTAKE_KERNELS(Kernels, name)                     \
  namespace baseline { extern const ForTypes<Kernels> name; } \
  template <typename S>                                       \
  const Kernels<S>& name() {                                  \
    return baseline::name.of(S{});                            \
  }
#endif

}  // namespace sweepstake
