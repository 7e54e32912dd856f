// One list of exports per family of operations; addon.cc joins them.
#pragma once
#include "call.h"

namespace sweepstake {

void startEngine();  // once per process, before the first tensor

Exports engineExports();
Exports tensorExports();
Exports autogradExports();
Exports mathExports();
Exports shapeExports();
Exports layerExports();
Exports optimExports();
Exports augmentExports();
Exports scriptExports();
Exports graphExports();

}  // namespace sweepstake
