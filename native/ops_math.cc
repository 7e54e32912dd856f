// Elementwise operations, reductions and the matrix product.
#include "families.h"

namespace sweepstake {
namespace {

Napi::Value sum(Call& call) {
  const auto a = call.tensor(0);
  if (call.isUndefined(1)) return call.give(a.sum());
  const auto dims = call.integers(1);
  return call.give(a.sum(at::IntArrayRef(dims), call.flag(2)));
}

Napi::Value mean(Call& call) {
  const auto a = call.tensor(0);
  if (call.isUndefined(1)) return call.give(a.mean());
  const auto dims = call.integers(1);
  return call.give(a.mean(at::IntArrayRef(dims), call.flag(2)));
}

// Writes scalars into one column of a float64 table [R, S], at a position that only the device knows.
Napi::Value recordColumn(Call& call) {
  const auto table = call.tensor(0), position = call.tensor(1);
  const auto values = call.tensors(2);
  if (table.dim() != 2 || table.scalar_type() != at::kDouble || position.numel() != 1 || position.scalar_type() != at::kLong ||
      table.size(0) != static_cast<int64_t>(values.size())) {
    throw std::invalid_argument("expected a float64 table [R, S], an int64 position and R scalars");
  }
  at::NoGradGuard unrecorded;
  std::vector<at::Tensor> column;
  for (const auto& value : values) column.push_back(value.detach().to(at::kDouble).view({1}));
  const auto isHere = at::arange(table.size(1), position.options()).eq(position.view({1}));
  // Selecting, not multiplying by 0 and 1: a loss may be NaN.
  table.copy_(at::where(isHere, at::stack(column), table));
  return call.nothing();
}

}  // namespace

Exports mathExports() {
  return {
      {"add", [](Call& c) { return c.give(at::add(c.tensor(0), c.tensor(1))); }},
      {"sub", [](Call& c) { return c.give(at::sub(c.tensor(0), c.tensor(1))); }},
      {"mul", [](Call& c) { return c.give(at::mul(c.tensor(0), c.tensor(1))); }},
      {"div", [](Call& c) { return c.give(at::div(c.tensor(0), c.tensor(1))); }},
      {"addScalar", [](Call& c) { return c.give(at::add(c.tensor(0), c.scalar(1))); }},
      {"subScalar", [](Call& c) { return c.give(at::sub(c.tensor(0), c.scalar(1))); }},
      {"mulScalar", [](Call& c) { return c.give(at::mul(c.tensor(0), c.scalar(1))); }},
      {"divScalar", [](Call& c) { return c.give(at::div(c.tensor(0), c.scalar(1))); }},
      {"neg", [](Call& c) { return c.give(at::neg(c.tensor(0))); }},
      {"abs", [](Call& c) { return c.give(at::abs(c.tensor(0))); }},
      {"exp", [](Call& c) { return c.give(at::exp(c.tensor(0))); }},
      {"log", [](Call& c) { return c.give(at::log(c.tensor(0))); }},
      {"sqrt", [](Call& c) { return c.give(at::sqrt(c.tensor(0))); }},
      {"square", [](Call& c) { return c.give(at::square(c.tensor(0))); }},
      {"relu", [](Call& c) { return c.give(at::relu(c.tensor(0))); }},
      {"equal", [](Call& c) { return c.give(at::eq(c.tensor(0), c.tensor(1))); }},
      {"sum", sum},
      {"mean", mean},
      {"argmax", [](Call& c) { return c.give(at::argmax(c.tensor(0), c.integer(1))); }},
      {"recordColumn", recordColumn},
      {"matmul", [](Call& c) { return c.give(at::matmul(c.tensor(0), c.tensor(1))); }},
  };
}

}  // namespace sweepstake
