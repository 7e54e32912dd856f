// Winograd's minimal filtering for 3x3 convolutions with stride 1 and padding 1 (Winograd 1980; Lavin and Gray 2016,
// arXiv:1509.09308): an image is cut into tiles, tiles and filters are transformed into planes, and in each plane the convolution is
// one product of matrices. Tiles of 4x4 outputs, F(4x4, 3x3), have 36 planes where a direct convolution has 144 products; a 2x2 image
// has 9 where a direct convolution has 16, since most of its window is padding.
// Images are channels-last, S is float or bfloat16; everything between is float. Each sum has one order, whatever the vectors' width.
#pragma once
#include "variants.h"

namespace sweepstake {

// All tiles of a batch, counted image by image and row by row.
struct WinogradShape {
  int64_t images, height, width;  // multiples of 4, or both 2

  bool isTwoByTwo() const { return height == 2; }
  int64_t planes() const { return isTwoByTwo() ? 9 : 36; }
  int64_t side() const { return isTwoByTwo() ? 2 : 4; }  // of a tile's outputs
  int64_t tilesPerImage() const { return height / side() * (width / side()); }
  int64_t tiles() const { return images * tilesPerImage(); }
};

// A run of tiles, transformed: plane p, tile t, channel c at p * stride + t * channels + c.
struct TileRun {
  int64_t first, count, channels, stride;
};

// [tiles, in] · [in, out] in each plane.
struct Product {
  int64_t planes, tiles, in, out;
  int64_t inStride, outStride;  // between the planes of the tiles
};

template <typename S>
struct WinogradTransforms {
  // x [images, height, width, channels] to planes; zeros, six pixels of them, stand for a line outside of an image.
  void (*input)(const S* x, const S* zeros, const WinogradShape& shape, const TileRun& run, float* planes);
  // The output's gradient to the planes that meet `input`'s in the gradient of the filter.
  void (*gradient)(const S* dy, const WinogradShape& shape, const TileRun& run, float* planes);
  // Products to y; bias [channels] or null.
  void (*output)(const float* planes, const WinogradShape& shape, const TileRun& run, const float* bias, S* y);
};

struct WinogradKernels {
  WinogradTransforms<float> single;
  WinogradTransforms<Bfloat16> half;
  // m = v·u, u [planes, in, out]
  void (*multiply)(const Product& product, const float* v, const float* u, float* m);
  // du [planes, in, out] += vᵀ·d
  void (*accumulate)(const Product& product, const float* v, const float* d, float* du);
  // One plane, outputs from..to (multiples of 16): du [in, out] = vᵀ·d, in parts of `part` tiles that are joined in double.
  void (*gradientPlane)(const Product& product, int64_t part, int64_t from, int64_t to, const float* v, const float* d, float* du);
  // w [out, in, 3, 3] to u [planes, in, out], outputs from..to (multiples of 16). `turned`: the filter of the data gradient, w [in, out, 3, 3] turned by half.
  void (*filter)(const float* w, int64_t planes, int64_t in, int64_t out, int64_t from, int64_t to, bool turned, float* u);
  // du to dw [out, in, 3, 3], outputs from..to.
  void (*filterBack)(const float* du, int64_t planes, int64_t in, int64_t out, int64_t from, int64_t to, float* dw);

  const WinogradTransforms<float>& of(float) const { return single; }
  const WinogradTransforms<Bfloat16>& of(Bfloat16) const { return half; }
};
SWEEPSTAKE_TABLE(WinogradKernels, winogradKernels)

}  // namespace sweepstake
