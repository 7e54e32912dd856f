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
      {"matmul", [](Call& c) { return c.give(at::matmul(c.tensor(0), c.tensor(1))); }},
  };
}

}  // namespace sweepstake
