// The export table. src/tensor/native.ts declares the same functions for TypeScript.
#include <mutex>

#include "families.h"

namespace sweepstake {
namespace {

const Exports& allExports() {
  static const Exports* all = [] {
    auto* joined = new Exports();
    for (const auto& family : {engineExports(), tensorExports(), autogradExports(), mathExports(), shapeExports(), layerExports(),
                               optimExports(), augmentExports(), scriptExports(), graphExports()}) {
      joined->insert(joined->end(), family.begin(), family.end());
    }
    return joined;
  }();
  return *all;
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
  static std::once_flag started;
  std::call_once(started, startEngine);
  exports["onError"] = Napi::Function::New(env, setErrorMaker, "onError");
  for (const Export& entry : allExports()) {
    exports[entry.name] = Napi::Function::New(env, guarded, entry.name, const_cast<Export*>(&entry));
  }
  return exports;
}

}  // namespace
}  // namespace sweepstake

static Napi::Object initAddon(Napi::Env env, Napi::Object exports) { return sweepstake::init(env, exports); }
NODE_API_MODULE(sweepstake, initAddon)
