// Everything that differs between libtorch 1.13 and 2.x. Nothing else asks for the version.
#pragma once
#include <ATen/autocast_mode.h>

#include "torch.h"

#define SWEEPSTAKE_TORCH_AT_LEAST(major, minor) \
  (TORCH_VERSION_MAJOR > (major) || (TORCH_VERSION_MAJOR == (major) && TORCH_VERSION_MINOR >= (minor)))

namespace sweepstake {

// c10::Allocator: 1.13 declares `DataPtr allocate(size_t) const`, later versions drop the const and add the pure `copy_data`.
// An allocator of ours derives from this and writes `allocateBytes`; whichever signature the base has is overridden, the other
// one is a harmless overload (hence no `override`).
class PortableAllocator : public c10::Allocator {
 public:
  c10::DataPtr allocate(size_t bytes) const { return allocateBytes(bytes); }
  c10::DataPtr allocate(size_t bytes) { return allocateBytes(bytes); }
  void copy_data(void* to, const void* from, size_t bytes) const { std::memcpy(to, from, bytes); }

 protected:
  virtual c10::DataPtr allocateBytes(size_t bytes) const = 0;
};

// Same bits for the same work. From 2.2 on, the deterministic mode also fills every new tensor with NaN, which costs a pass
// over memory and finds nothing here: every kernel of ours writes all of its output.
inline void useDeterministicAlgorithms() {
  auto& context = at::globalContext();
  context.setDeterministicAlgorithms(true, /*warn_only=*/false);
  context.setDeterministicCuDNN(true);
  context.setBenchmarkCuDNN(false);
#if SWEEPSTAKE_TORCH_AT_LEAST(2, 2)
  context.setDeterministicFillUninitializedMemory(false);
#endif
}

// libtorch's own mixed precision while it lives: convolutions and products in bfloat16, weights rounded once.
class MixedPrecision {
 public:
  MixedPrecision(bool on, c10::DeviceType device) : on_(on), device_(device) {
    if (on_) set(true);
  }
  ~MixedPrecision() {
    if (!on_) return;
    set(false);
    at::autocast::clear_cache();  // the rounded weights
  }
  MixedPrecision(const MixedPrecision&) = delete;
  MixedPrecision& operator=(const MixedPrecision&) = delete;

 private:
  void set(bool on) {
#if SWEEPSTAKE_TORCH_AT_LEAST(2, 4)
    at::autocast::set_autocast_enabled(device_, on);
    at::autocast::set_autocast_dtype(device_, at::kBFloat16);
#else
    if (device_ == c10::DeviceType::CPU) {
      at::autocast::set_cpu_enabled(on);
      at::autocast::set_autocast_cpu_dtype(at::kBFloat16);
    } else {
      at::autocast::set_enabled(on);
      at::autocast::set_autocast_gpu_dtype(at::kBFloat16);
    }
#endif
  }

  const bool on_;
  const c10::DeviceType device_;
};

// float32 means float32 on a GPU, too; libtorch would let cuDNN round the factors of a convolution to TF32's 10 bits.
inline void useFullFloat32() {
  at::globalContext().setAllowTF32CuDNN(false);
  at::globalContext().setAllowTF32CuBLAS(false);
}

// Each tensor times the scalar, which stays where it is. The overload for that, one kernel for all tensors on a GPU, came with 2.x.
inline std::vector<at::Tensor> foreachTimes(at::TensorList tensors, const at::Tensor& scalar) {
#if SWEEPSTAKE_TORCH_AT_LEAST(2, 3)
  return at::_foreach_mul(tensors, scalar);
#else
  return at::_foreach_mul(tensors, std::vector<at::Tensor>(tensors.size(), scalar));
#endif
}

}  // namespace sweepstake
