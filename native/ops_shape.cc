// Shapes, slices and padding.
#include "families.h"

namespace sweepstake {
namespace {

at::Tensor images(Call& call) {
  const auto x = call.tensor(0);
  if (x.dim() != 4) throw std::invalid_argument("expected a tensor of shape [N, C, H, W]");
  return x;
}

Napi::Value padChannels(Call& call) {
  const auto x = images(call);
  const int64_t before = call.integer(1), after = call.integer(2);
  if (before < 0 || after < 0) throw std::invalid_argument("the padding must not be negative");
  return call.give(at::constant_pad_nd(x, {0, 0, 0, 0, before, after}));
}

Napi::Value subsample(Call& call) {
  const auto x = images(call);
  const int64_t stride = call.integer(1);
  if (stride < 1) throw std::invalid_argument("the stride must be at least 1");
  return call.give(x.slice(2, 0, x.size(2), stride).slice(3, 0, x.size(3), stride));
}

}  // namespace

Exports shapeExports() {
  return {
      {"reshape", [](Call& c) { return c.give(at::reshape(c.tensor(0), c.integers(1))); }},
      {"flatten", [](Call& c) { return c.give(at::flatten(c.tensor(0), c.integer(1))); }},
      {"transpose", [](Call& c) { return c.give(at::transpose(c.tensor(0), c.integer(1), c.integer(2))); }},
      {"narrow", [](Call& c) { return c.give(at::narrow(c.tensor(0), c.integer(1), c.integer(2), c.integer(3))); }},
      {"indexSelect", [](Call& c) { return c.give(at::index_select(c.tensor(0), c.integer(1), c.tensor(2))); }},
      {"padChannels", padChannels},
      {"subsample", subsample},
  };
}

}  // namespace sweepstake
