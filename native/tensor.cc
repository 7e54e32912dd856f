// Creation, copies from and to JavaScript's memory, and what a tensor is.
#include "cuda_graph.h"
#include "families.h"

namespace sweepstake {
namespace {

// 4-D tensors are stored channels-last, which is what convolutions on a CPU and batch-norm want.
at::Tensor emptyTensor(const std::vector<int64_t>& shape, at::ScalarType type, const std::string& device) {
  const auto format = shape.size() == 4 ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous;
  const c10::Device place(device);
  useOwnStream(place);
  return at::empty(shape, at::TensorOptions().dtype(type).device(place).memory_format(format));
}

int64_t checkedCount(const std::vector<int64_t>& shape) {
  int64_t count = 1;
  for (int64_t size : shape) {
    if (size < 0) throw std::invalid_argument("a shape has no negative sizes");
    if (__builtin_mul_overflow(count, size, &count)) throw std::invalid_argument("the shape has more than 2^63 elements");
  }
  return count;
}

void checkBytes(const Call::Bytes& memory, int64_t count, at::ScalarType type) {
  if (memory.size != static_cast<size_t>(count) * c10::elementSize(type)) {
    throw std::invalid_argument("the array has " + std::to_string(memory.size) + " bytes, the tensor " +
                                std::to_string(count * static_cast<int64_t>(c10::elementSize(type))));
  }
}

Napi::Value fromHost(Call& call) {
  const auto memory = call.bytes(0);
  const auto shape = call.integers(1);
  const auto from = parseType(call.text(2));
  checkBytes(memory, checkedCount(shape), from);
  at::NoGradGuard unrecorded;
  const auto view = at::from_blob(memory.data, shape, at::TensorOptions().dtype(from));
  return call.give(emptyTensor(shape, parseType(call.text(3)), call.text(4)).copy_(view));
}

Napi::Value full(Call& call) {
  const auto shape = call.integers(0);
  checkedCount(shape);
  at::NoGradGuard unrecorded;
  return call.give(emptyTensor(shape, parseType(call.text(2)), call.text(3)).fill_(call.scalar(1)));
}

Napi::Value toHost(Call& call) {
  at::NoGradGuard unrecorded;
  const auto source = call.tensor(0).detach().to(at::kCPU).contiguous();
  const auto memory = call.bytes(1);
  checkBytes(memory, source.numel(), source.scalar_type());
  if (memory.size > 0) std::memcpy(memory.data, source.data_ptr(), memory.size);
  return call.nothing();
}

Napi::Value item(Call& call) {
  const auto source = call.tensor(0);
  if (source.numel() != 1) throw std::invalid_argument("item() needs a tensor with exactly one element");
  return call.give(source.item().toDouble());
}

Napi::Value describe(Call& call) {
  const auto source = call.tensor(0);
  auto shape = Napi::Array::New(call.env(), source.dim());
  for (int64_t d = 0; d < source.dim(); d++) shape[static_cast<uint32_t>(d)] = call.give(static_cast<double>(source.size(d)));
  auto result = Napi::Object::New(call.env());
  result["shape"] = shape;
  result["dtype"] = Napi::String::New(call.env(), typeName(source.scalar_type()));
  result["device"] = Napi::String::New(call.env(), source.device().str());
  return result;
}

Napi::Value dispose(Call& call) {
  removeTensor(call.integer(0));
  return call.nothing();
}

Napi::Value to(Call& call) {
  const auto source = call.tensor(0);
  auto options = source.options();
  if (!call.isUndefined(1)) options = options.dtype(parseType(call.text(1)));
  if (!call.isUndefined(2)) {
    const c10::Device place(call.text(2));
    useOwnStream(place);
    options = options.device(place);
  }
  return call.give(source.to(options));
}

Napi::Value contiguous(Call& call) {
  const auto format = call.flag(1) ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous;
  return call.give(call.tensor(0).contiguous(format));
}

Napi::Value copyFrom(Call& call) {
  auto target = call.tensor(0);
  const auto source = call.tensor(1);
  if (!target.sizes().equals(source.sizes())) throw std::invalid_argument("the shapes differ");
  at::NoGradGuard unrecorded;
  target.copy_(source);
  return call.nothing();
}

}  // namespace

Exports tensorExports() {
  return {
      {"fromHost", fromHost},
      {"full", full},
      {"toHost", toHost},
      {"item", item},
      {"describe", describe},
      {"dispose", dispose},
      {"to", to},
      {"contiguous", contiguous},
      {"detach", [](Call& c) { return c.give(c.tensor(0).detach()); }},
      {"clone", [](Call& c) { return c.give(c.tensor(0).clone()); }},
      {"copyFrom", copyFrom},
  };
}

}  // namespace sweepstake
