// Loops of batch-norm over [rows, channels] blocks, channels adjacent in memory. float and double.
#pragma once
#include <cstdint>

namespace sweepstake {

// Per channel: the mean and the sum of squared deviations from it.
void blockMoments(const float* x, int64_t rows, int64_t channels, float* mean, float* squares);
void blockMoments(const double* x, int64_t rows, int64_t channels, double* mean, double* squares);

// y = x * scale + shift
void blockAffine(const float* x, int64_t rows, int64_t channels, const float* scale, const float* shift, float* y);
void blockAffine(const double* x, int64_t rows, int64_t channels, const double* scale, const double* shift, double* y);

// Per channel: the sums of dy and of dy * (x - mean).
void blockGradientSums(const float* dy, const float* x, int64_t rows, int64_t channels, const float* mean, float* plain,
                       float* centred);
void blockGradientSums(const double* dy, const double* x, int64_t rows, int64_t channels, const double* mean, double* plain,
                       double* centred);

// dx = dy * a + (x - mean) * b + c
void blockGradient(const float* dy, const float* x, int64_t rows, int64_t channels, const float* mean, const float* a,
                   const float* b, const float* c, float* dx);
void blockGradient(const double* dy, const double* x, int64_t rows, int64_t channels, const double* mean, const double* a,
                   const double* b, const double* c, double* dx);

}  // namespace sweepstake
