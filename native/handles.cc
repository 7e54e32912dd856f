#include "handles.h"

#include <mutex>

namespace sweepstake {
namespace {

constexpr int64_t kIndexLimit = int64_t{1} << 24;
constexpr int64_t kGenerationLimit = int64_t{1} << 28;

struct Slot {
  at::Tensor tensor;
  int64_t generation = 0;
};

std::mutex mutex;

// Leaked on purpose: at exit, libtorch's own statics may be gone before ours.
std::vector<Slot>& slots = *new std::vector<Slot>(1);  // slot 0 is never used, so that no handle is 0
std::vector<int64_t>& freeSlots = *new std::vector<int64_t>();

Slot* find(Handle handle) {
  const int64_t index = handle % kIndexLimit;
  if (handle <= 0 || index >= static_cast<int64_t>(slots.size())) return nullptr;
  Slot& slot = slots[index];
  return slot.tensor.defined() && slot.generation == handle / kIndexLimit ? &slot : nullptr;
}

}  // namespace

Handle insertTensor(at::Tensor tensor) {
  if (!tensor.defined()) throw std::logic_error("an operation gave no tensor");
  std::lock_guard<std::mutex> lock(mutex);
  int64_t index;
  if (freeSlots.empty()) {
    index = static_cast<int64_t>(slots.size());
    if (index >= kIndexLimit) throw std::runtime_error("more than 16 million live tensors");
    slots.emplace_back();
  } else {
    index = freeSlots.back();
    freeSlots.pop_back();
  }
  slots[index].tensor = std::move(tensor);
  return index + slots[index].generation * kIndexLimit;
}

at::Tensor lookUpTensor(Handle handle) {
  std::lock_guard<std::mutex> lock(mutex);
  Slot* slot = find(handle);
  if (slot == nullptr) throw std::invalid_argument("the tensor's handle is not in use");
  return slot->tensor;
}

void removeTensor(Handle handle) noexcept {
  at::Tensor freed;  // destroyed after the lock is gone: freeing a graph can take long
  std::lock_guard<std::mutex> lock(mutex);
  Slot* slot = find(handle);
  if (slot == nullptr) return;
  std::swap(freed, slot->tensor);
  slot->generation = (slot->generation + 1) % kGenerationLimit;
  freeSlots.push_back(handle % kIndexLimit);
}

}  // namespace sweepstake
