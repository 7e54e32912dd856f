// While it lives, this thread takes numbers below the smallest normal one as 0: some processors need a hundred times as long for them,
// and what is so small changes no training.
#pragma once

#ifdef __SSE2__
#include <immintrin.h>
#endif

namespace sweepstake {

class FlushDenormals {
 public:
#ifdef __SSE2__
  FlushDenormals() : before_(_mm_getcsr()) { _mm_setcsr(before_ | 0x8040); }  // results (FTZ) and operands (DAZ)
  ~FlushDenormals() { _mm_setcsr(before_); }

 private:
  const unsigned before_;

 public:
#else
  FlushDenormals() {}
#endif
  FlushDenormals(const FlushDenormals&) = delete;
  FlushDenormals& operator=(const FlushDenormals&) = delete;
};

}  // namespace sweepstake
