#include "allocator.h"

#include <atomic>
#include <cstdlib>
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "compat.h"

namespace sweepstake {
namespace {

constexpr size_t kAlignment = 64;  // one cache line, one AVX-512 register
std::atomic<int64_t> inUse{0};
std::atomic<int64_t> peak{0};

// Each block starts with a cache line that holds its size, so that freeing can count too.
void release(void* data) {
  if (data == nullptr) return;
  char* base = static_cast<char*>(data) - kAlignment;
  inUse.fetch_sub(*reinterpret_cast<int64_t*>(base), std::memory_order_relaxed);
  std::free(base);
}

void count(int64_t bytes) {
  const int64_t now = inUse.fetch_add(bytes, std::memory_order_relaxed) + bytes;
  int64_t seen = peak.load(std::memory_order_relaxed);
  while (now > seen && !peak.compare_exchange_weak(seen, now, std::memory_order_relaxed)) {
  }
}

class CountingAllocator final : public PortableAllocator {
 protected:
  c10::DataPtr allocateBytes(size_t bytes) const override {
    const c10::Device cpu(c10::DeviceType::CPU);
    if (bytes == 0) return {nullptr, nullptr, &release, cpu};
    void* base = nullptr;
    // A size near 2^64 (negative before the conversion) must not wrap around to a small block.
    if (bytes > (size_t{1} << 62) || posix_memalign(&base, kAlignment, bytes + kAlignment) != 0) {
      throw std::runtime_error(
          "out of memory: no " + std::to_string(bytes) + " bytes for a tensor, " + std::to_string(bytesInUse()) +
          " bytes are in use by tensors of this process\nuse a smaller batch or fewer workers");
    }
    *static_cast<int64_t*>(base) = static_cast<int64_t>(bytes);
    count(static_cast<int64_t>(bytes));
    void* data = static_cast<char*>(base) + kAlignment;
    return {data, data, &release, cpu};
  }

 public:
  c10::DeleterFnPtr raw_deleter() const override { return &release; }
};

}  // namespace

void installAllocator() {
#ifdef __GLIBC__
  // By default every large temporary is mapped and unmapped again, and the page faults cost three to four times the arithmetic.
  mallopt(M_MMAP_MAX, 0);
  mallopt(M_TRIM_THRESHOLD, -1);  // never
  mallopt(M_TOP_PAD, 64 << 20);
#endif
  static CountingAllocator allocator;
  c10::SetAllocator(c10::DeviceType::CPU, &allocator, /*priority=*/255);
}

int64_t bytesInUse() { return inUse.load(std::memory_order_relaxed); }
int64_t peakBytes() { return peak.load(std::memory_order_relaxed); }
void resetPeak() { peak.store(bytesInUse(), std::memory_order_relaxed); }

}  // namespace sweepstake
