// Batches out of a data set that lives on the device as uint8: gather, crop, mirror, scale, normalise.
#include "families.h"

namespace sweepstake {
namespace {

struct Batch {
  at::Tensor images;  // uint8 [N, C, H, W]
  at::ArrayRef<int32_t> indices, offsetsY, offsetsX;
  at::ArrayRef<uint8_t> flip;
  int64_t pad;
  std::vector<double> table;  // [C, 256]: the normalised value of every raw pixel value
  at::ScalarType type;

  int64_t size() const { return static_cast<int64_t>(indices.size()); }
  int64_t channels() const { return images.size(1); }
  int64_t height() const { return images.size(2); }
  int64_t width() const { return images.size(3); }
  int64_t offsetY(int64_t b) const { return offsetsY.empty() ? pad : offsetsY[b]; }
  int64_t offsetX(int64_t b) const { return offsetsX.empty() ? pad : offsetsX[b]; }
  bool isFlipped(int64_t b) const { return !flip.empty() && flip[b] != 0; }
};

void checkRange(at::ArrayRef<int32_t> values, int64_t limit, const char* what) {
  for (size_t i = 0; i < values.size(); i++) {
    if (values[i] < 0 || values[i] >= limit) {
      throw std::out_of_range(std::string(what) + "[" + std::to_string(i) + "] = " + std::to_string(values[i]) +
                              " is not in [0, " + std::to_string(limit) + ")");
    }
  }
}

template <typename T>
at::ArrayRef<T> optionalArray(Call& call, size_t i, size_t length, const char* what) {
  if (call.isUndefined(i)) return {};
  const auto values = call.array<T>(i);
  if (values.size() != length) throw std::invalid_argument(std::string(what) + " must have one entry per index");
  return values;
}

std::vector<double> normalisedPixels(const std::vector<double>& mean, const std::vector<double>& std) {
  std::vector<double> table;
  for (size_t c = 0; c < mean.size(); c++) {
    if (!(std[c] > 0)) throw std::invalid_argument("every std must be > 0");
    for (int value = 0; value < 256; value++) table.push_back((value / 255.0 - mean[c]) / std[c]);
  }
  return table;
}

Batch readBatch(Call& call) {
  Batch batch;
  batch.images = call.tensor(0);
  if (batch.images.dim() != 4 || batch.images.scalar_type() != at::kByte) {
    throw std::invalid_argument("expected uint8 images [N, C, H, W]");
  }
  batch.indices = call.array<int32_t>(1);
  const size_t size = batch.indices.size();
  batch.offsetsY = optionalArray<int32_t>(call, 2, size, "offsetsY");
  batch.offsetsX = optionalArray<int32_t>(call, 3, size, "offsetsX");
  batch.flip = optionalArray<uint8_t>(call, 4, size, "flip");
  batch.pad = call.integer(5);
  if (batch.pad < 0) throw std::invalid_argument("pad must be >= 0");
  checkRange(batch.indices, batch.images.size(0), "indices");
  checkRange(batch.offsetsY, 2 * batch.pad + 1, "offsetsY");
  checkRange(batch.offsetsX, 2 * batch.pad + 1, "offsetsX");
  const auto mean = call.numbers(6), std = call.numbers(7);
  if (mean.size() != std.size() || static_cast<int64_t>(mean.size()) != batch.channels()) {
    throw std::invalid_argument("mean and std must have one entry per channel");
  }
  batch.table = normalisedPixels(mean, std);
  batch.type = parseType(call.text(8));
  if (!at::isFloatingType(batch.type)) throw std::invalid_argument("the batch must have a float type");
  return batch;
}

template <typename T>
void fillImage(const Batch& batch, const std::vector<T>& table, int64_t b, T* out) {
  const auto strides = batch.images.strides();
  const uint8_t* image = batch.images.data_ptr<uint8_t>() + batch.indices[b] * strides[0];
  const int64_t channels = batch.channels(), height = batch.height(), width = batch.width();
  const bool flipped = batch.isFlipped(b);
  for (int64_t y = 0; y < height; y++) {
    const int64_t fromY = y + batch.offsetY(b) - batch.pad;
    for (int64_t x = 0; x < width; x++) {
      const int64_t fromX = (flipped ? width - 1 - x : x) + batch.offsetX(b) - batch.pad;
      const bool inside = fromY >= 0 && fromY < height && fromX >= 0 && fromX < width;
      const uint8_t* pixel = inside ? image + fromY * strides[2] + fromX * strides[3] : nullptr;
      for (int64_t c = 0; c < channels; c++) *out++ = table[c * 256 + (inside ? pixel[c * strides[1]] : 0)];
    }
  }
}

template <typename T>
void fillBatch(const Batch& batch, at::Tensor& out) {
  const std::vector<T> table(batch.table.begin(), batch.table.end());
  const int64_t imageSize = batch.channels() * batch.height() * batch.width();
  T* data = out.data_ptr<T>();
  at::parallel_for(0, batch.size(), /*grain_size=*/8, [&](int64_t begin, int64_t end) {
    for (int64_t b = begin; b < end; b++) fillImage<T>(batch, table, b, data + b * imageSize);
  });
}

Napi::Value gatherAugmented(Call& call) {
  const Batch batch = readBatch(call);
  if (!batch.images.is_cpu()) throw std::invalid_argument("the fused kernel is for the CPU");
  auto out = at::empty({batch.size(), batch.channels(), batch.height(), batch.width()},
                       at::TensorOptions().dtype(batch.type).memory_format(at::MemoryFormat::ChannelsLast));
  switch (batch.type) {
    case at::kFloat: fillBatch<float>(batch, out); break;
    case at::kDouble: fillBatch<double>(batch, out); break;
    case at::kBFloat16: fillBatch<at::BFloat16>(batch, out); break;
    default: throw std::invalid_argument("a batch is float32, float64 or bfloat16");
  }
  return call.give(out);
}

// [B, count]: for each image, the source positions in the padded image along one axis.
at::Tensor positions(const Batch& batch, bool horizontal) {
  const int64_t count = horizontal ? batch.width() : batch.height();
  auto result = at::empty({batch.size(), count}, at::kLong);
  int64_t* out = result.data_ptr<int64_t>();
  for (int64_t b = 0; b < batch.size(); b++) {
    const int64_t offset = horizontal ? batch.offsetX(b) : batch.offsetY(b);
    const bool reversed = horizontal && batch.isFlipped(b);
    for (int64_t i = 0; i < count; i++) *out++ = offset + (reversed ? count - 1 - i : i);
  }
  return result.to(batch.images.device());
}

at::Tensor indexTensor(at::ArrayRef<int32_t> indices, c10::Device device) {
  auto* data = const_cast<int32_t*>(indices.data());
  return at::from_blob(data, {static_cast<int64_t>(indices.size())}, at::kInt).to(at::kLong).to(device);
}

Napi::Value gatherAugmentedPortable(Call& call) {
  const Batch batch = readBatch(call);
  at::NoGradGuard unrecorded;
  const auto device = batch.images.device();
  const int64_t size = batch.size(), channels = batch.channels(), height = batch.height(), width = batch.width();
  const int64_t pad = batch.pad;
  const auto chosen = batch.images.index_select(0, indexTensor(batch.indices, device));
  const auto padded = at::constant_pad_nd(chosen, {pad, pad, pad, pad});
  const auto rows = positions(batch, false).view({size, 1, height, 1}).expand({size, channels, height, width + 2 * pad});
  const auto columns = positions(batch, true).view({size, 1, 1, width}).expand({size, channels, height, width});
  const auto pixels = padded.gather(2, rows).gather(3, columns);
  const auto table = at::tensor(at::ArrayRef<double>(batch.table)).to(batch.type).to(device);
  const auto firstEntries = at::arange(channels, pixels.options().dtype(at::kLong)).mul(256).view({1, channels, 1, 1});
  return call.give(at::take(table, pixels.to(at::kLong).add(firstEntries)).contiguous(at::MemoryFormat::ChannelsLast));
}

Napi::Value gatherLabels(Call& call) {
  const auto labels = call.tensor(0);
  if (labels.dim() != 1 || labels.scalar_type() != at::kLong) throw std::invalid_argument("expected int64 labels [N]");
  const auto indices = call.array<int32_t>(1);
  checkRange(indices, labels.size(0), "indices");
  return call.give(labels.index_select(0, indexTensor(indices, labels.device())));
}

}  // namespace

Exports augmentExports() {
  return {{"gatherAugmented", gatherAugmented},
          {"gatherAugmentedPortable", gatherAugmentedPortable},
          {"gatherLabels", gatherLabels}};
}

}  // namespace sweepstake
