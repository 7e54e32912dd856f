// Batches out of a data set that lives on the device as uint8: gather, crop, mirror, scale, normalise.
#include "families.h"
#include "own_kernels.h"

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

at::Tensor gatherFused(const Batch& batch) {
  auto out = at::empty({batch.size(), batch.channels(), batch.height(), batch.width()},
                       at::TensorOptions().dtype(batch.type).memory_format(at::MemoryFormat::ChannelsLast));
  switch (batch.type) {
    case at::kFloat: fillBatch<float>(batch, out); break;
    case at::kDouble: fillBatch<double>(batch, out); break;
    case at::kBFloat16: fillBatch<at::BFloat16>(batch, out); break;
    default: throw std::invalid_argument("a batch is float32, float64 or bfloat16");
  }
  return out;
}

// --- From libtorch's operations: any device ---

// A batch whose description is on the device. Offsets and flip are undefined together: then nothing is cropped or mirrored.
struct DeviceBatch {
  at::Tensor images;                           // uint8 [N, C, H, W]
  at::Tensor indices, offsetsY, offsetsX, flip;  // int64 [B]
  int64_t pad;
  at::Tensor table;  // [C, 256], of the type of the batch
};

// [B, C, H, W] pixels of the padded images: rows from offsetY on, columns from offsetX on, backwards where mirrored.
at::Tensor cropped(const DeviceBatch& batch, const at::Tensor& images) {
  const int64_t size = images.size(0), channels = images.size(1), height = images.size(2), width = images.size(3), pad = batch.pad;
  const auto padded = at::constant_pad_nd(images, {pad, pad, pad, pad});
  const auto column = [&](const at::Tensor& t) { return t.view({size, 1}); };
  const auto y = at::arange(height, batch.indices.options()), x = at::arange(width, batch.indices.options());
  const auto rows = column(batch.offsetsY) + y;
  const auto columns = column(batch.offsetsX) + at::where(column(batch.flip).ne(0), (width - 1) - x, x);
  return padded.gather(2, rows.view({size, 1, height, 1}).expand({size, channels, height, width + 2 * pad}))
      .gather(3, columns.view({size, 1, 1, width}).expand({size, channels, height, width}));
}

at::Tensor gatherOnDevice(const DeviceBatch& batch) {
  at::NoGradGuard unrecorded;
  const auto chosen = batch.images.index_select(0, batch.indices);
  const auto pixels = batch.flip.defined() ? cropped(batch, chosen) : chosen;
  const int64_t channels = pixels.size(1);
  const auto firstEntries = at::arange(channels, batch.indices.options()).mul(256).view({1, channels, 1, 1});
  return at::take(batch.table, pixels.to(at::kLong).add(firstEntries)).contiguous(at::MemoryFormat::ChannelsLast);
}

template <typename T>
at::Tensor uploaded(at::ArrayRef<T> values, c10::Device device) {
  auto* data = const_cast<T*>(values.data());
  const auto type = c10::CppTypeToScalarType<T>::value;
  return at::from_blob(data, {static_cast<int64_t>(values.size())}, type).to(at::kLong).to(device);
}

at::Tensor gatherPortable(const Batch& batch) {
  const auto device = batch.images.device();
  const auto whole = at::TensorOptions().dtype(at::kLong).device(device);
  const auto offsets = [&](at::ArrayRef<int32_t> values) {
    return values.empty() ? at::full({batch.size()}, batch.pad, whole) : uploaded(values, device);
  };
  const auto flip = batch.flip.empty() ? at::zeros({batch.size()}, whole) : uploaded(batch.flip, device);
  const auto table = at::tensor(at::ArrayRef<double>(batch.table)).view({batch.channels(), 256}).to(batch.type).to(device);
  return gatherOnDevice({batch.images, uploaded(batch.indices, device), offsets(batch.offsetsY), offsets(batch.offsetsX), flip, batch.pad, table});
}

Napi::Value gatherAugmented(Call& call) {
  const Batch batch = readBatch(call);
  return call.give(hasOwnKernels(batch.images) ? gatherFused(batch) : gatherPortable(batch));
}

// Nothing here asks the device for a value: an index or offset out of range is the device's to find.
Napi::Value gatherPlanned(Call& call) {
  const DeviceBatch batch{call.tensor(0), call.tensor(1), call.optionalTensor(2), call.optionalTensor(3), call.optionalTensor(4), call.integer(5), call.tensor(6)};
  if (batch.images.dim() != 4 || batch.images.scalar_type() != at::kByte) throw std::invalid_argument("expected uint8 images [N, C, H, W]");
  const auto fits = [&](const at::Tensor& t) { return t.dim() == 1 && t.scalar_type() == at::kLong && t.size(0) == batch.indices.size(0); };
  const bool changes = batch.flip.defined();
  if (!fits(batch.indices) || batch.offsetsY.defined() != changes || batch.offsetsX.defined() != changes ||
      (changes && !(fits(batch.offsetsY) && fits(batch.offsetsX) && fits(batch.flip)))) {
    throw std::invalid_argument("expected int64 indices [B], and offsets and flip like them or not at all");
  }
  if (batch.pad < 0) throw std::invalid_argument("pad must be >= 0");
  if (!batch.table.sizes().equals({batch.images.size(1), 256})) throw std::invalid_argument("expected a table [C, 256]");
  return call.give(gatherOnDevice(batch));
}

Napi::Value gatherLabels(Call& call) {
  const auto labels = call.tensor(0);
  if (labels.dim() != 1 || labels.scalar_type() != at::kLong) throw std::invalid_argument("expected int64 labels [N]");
  const auto indices = call.array<int32_t>(1);
  checkRange(indices, labels.size(0), "indices");
  return call.give(labels.index_select(0, uploaded(indices, labels.device())));
}

}  // namespace

Exports augmentExports() {
  return {{"gatherAugmented", gatherAugmented},
          {"gatherPlanned", gatherPlanned},
          {"gatherLabels", gatherLabels}};
}

}  // namespace sweepstake
