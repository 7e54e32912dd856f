#pragma once
#include "call.h"

namespace sweepstake {

// The calls and milliseconds of each kind of node that backward passes ran since the last call: { name: [calls, ms] }. The first call
// switches the measurement on, for good.
Napi::Value profileBackward(Call& call);

}  // namespace sweepstake
