// Our own kernels are for CPUs; other devices get libtorch's operations. Tests switch ours off to meet those on a CPU, too.
#pragma once
#include "torch.h"
#include "variants.h"

namespace sweepstake {

inline bool ownKernels = true;

inline bool hasOwnKernels(const at::Tensor& x) { return ownKernels && x.is_cpu(); }

// Whether 3x3 convolutions may be Winograd's; else all dense convolutions are libtorch's, that is oneDNN's.
inline bool winogradAllowed = false;

// Winograd's kernels need an instruction that multiplies and adds with one rounding.
inline bool hasWinograd() {
#if defined(SWEEPSTAKE_X86_VARIANTS)
  return variantInUse() != Variant::kBaseline;
#elif defined(__ARM_FEATURE_FMA)
  return true;
#else
  return false;
#endif
}

// AMX multiplies bfloat16 sixteen times as fast as AVX-512 does float32, more than Winograd saves.
inline bool hasBfloat16Tiles() {
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
  static const bool has = __builtin_cpu_supports("amx-bf16");
  return has;
#else
  return false;
#endif
}

// Whether Winograd's kernels compute images of this type here.
inline bool computesWinograd(at::ScalarType type) {
  return hasWinograd() && (type == at::kFloat || (type == at::kBFloat16 && !hasBfloat16Tiles()));
}

}  // namespace sweepstake
