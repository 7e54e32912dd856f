// Max-pooling by two, channels-last, vectorised over adjacent channels; a byte per window remembers which pixel it was.
#include "max_pool.h"

#include "max_pool_kernels.h"
#include "own_kernels.h"

namespace sweepstake {
namespace {

at::TensorOptions channelsLast(const at::Tensor& like) { return like.options().memory_format(at::MemoryFormat::ChannelsLast); }

// Calls body(row of windows) for all of them; each belongs to one image.
template <typename F>
void forRows(int64_t count, const F& body) {
  at::parallel_for(0, count, /*grain_size=*/16, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; row++) body(row);
  });
}

template <typename S>
void poolImages(const at::Tensor& x, const at::Tensor& y, const at::Tensor& choice) {
  const int64_t channels = x.size(1), height = x.size(2), width = x.size(3), outHeight = y.size(2), outWidth = y.size(3);
  const S* images = static_cast<const S*>(x.data_ptr());
  forRows(x.size(0) * outHeight, [&](int64_t r) {
    const S* top = images + ((r / outHeight) * height + 2 * (r % outHeight)) * width * channels;
    const int64_t out = r * outWidth * channels;
    maxPoolKernels<S>().pool({channels, width, top, top + width * channels, static_cast<S*>(y.data_ptr()) + out, choice.data_ptr<uint8_t>() + out});
  });
}

template <typename S>
void unpoolImages(const at::Tensor& dy, const at::Tensor& choice, const at::Tensor& dx) {
  const int64_t channels = dx.size(1), height = dx.size(2), width = dx.size(3), outHeight = dy.size(2), outWidth = dy.size(3);
  S* images = static_cast<S*>(dx.data_ptr());
  forRows(dx.size(0) * outHeight, [&](int64_t r) {
    S* top = images + ((r / outHeight) * height + 2 * (r % outHeight)) * width * channels;
    const int64_t out = r * outWidth * channels;
    maxPoolKernels<S>().unpool({channels, width, top, top + width * channels, static_cast<const S*>(dy.data_ptr()) + out,
               choice.data_ptr<uint8_t>() + out});
  });
}

struct MaxPoolFunction : torch::autograd::Function<MaxPoolFunction> {
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& input) {
    const auto x = input.contiguous(at::MemoryFormat::ChannelsLast);
    const auto y = at::empty({x.size(0), x.size(1), x.size(2) / 2, x.size(3) / 2}, channelsLast(x));
    const auto choice = at::empty(y.sizes(), channelsLast(x).dtype(at::kByte));
    const auto type = x.scalar_type();
    (type == at::kFloat ? poolImages<float> : type == at::kDouble ? poolImages<double> : poolImages<Bfloat16>)(x, y, choice);
    context->save_for_backward({choice});
    context->saved_data["height"] = x.size(2);
    context->saved_data["width"] = x.size(3);
    return y;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context, torch::autograd::variable_list gradients) {
    const auto choice = context->get_saved_variables()[0];
    const auto dy = gradients[0].contiguous(at::MemoryFormat::ChannelsLast);
    const int64_t height = context->saved_data["height"].toInt(), width = context->saved_data["width"].toInt();
    // A last odd row or column is in no window.
    const bool covers = height % 2 == 0 && width % 2 == 0;
    const std::vector<int64_t> shape{dy.size(0), dy.size(1), height, width};
    const auto dx = covers ? at::empty(shape, channelsLast(dy)) : at::zeros(shape, dy.options()).contiguous(at::MemoryFormat::ChannelsLast);
    const auto type = dy.scalar_type();
    (type == at::kFloat ? unpoolImages<float> : type == at::kDouble ? unpoolImages<double> : unpoolImages<Bfloat16>)(dy, choice, dx);
    return {dx};
  }
};

bool isPair(at::IntArrayRef pair, int64_t value) { return pair.size() == 2 && pair[0] == value && pair[1] == value; }

}  // namespace

bool isPoolByTwo(const at::Tensor& x, at::IntArrayRef kernel, at::IntArrayRef stride, at::IntArrayRef padding) {
  const auto type = x.scalar_type();
  const bool typeFits = type == at::kFloat || type == at::kDouble || type == at::kBFloat16;
  return typeFits && hasOwnKernels(x) && x.dim() == 4 && x.size(2) >= 2 && x.size(3) >= 2 && x.numel() > 0 && isPair(kernel, 2) &&
         isPair(stride, 2) && isPair(padding, 0);
}

at::Tensor maxPoolByTwo(const at::Tensor& x) { return MaxPoolFunction::apply(x); }

}  // namespace sweepstake
