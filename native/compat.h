// Everything that differs between libtorch 1.13 and 2.x. Nothing else asks for the version.
#pragma once
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

}  // namespace sweepstake
