// What the process has: versions, devices, threads, memory.
#include <map>

#include "allocator.h"
#include "compat.h"
#include "cuda_graph.h"
#include "families.h"
#include "own_kernels.h"
#include "profile.h"

namespace sweepstake {
namespace {

// libtorch exports no stable function for this, but its configuration report has a line for it in every version.
std::string cpuCapability() {
  const std::string report = at::show_config();
  const std::string label = "CPU capability usage: ";
  const size_t start = report.find(label);
  if (start == std::string::npos) return "unknown";
  return report.substr(start + label.size(), report.find('\n', start) - start - label.size());
}

bool hasBfloat16() {
#if defined(__x86_64__) && defined(__GNUC__)
  return __builtin_cpu_supports("avx512bf16");
#else
  return false;
#endif
}

const std::map<std::string, Variant> kVariants = {
    {"baseline", Variant::kBaseline}, {"avx2", Variant::kAvx2}, {"avx512", Variant::kAvx512}};

std::string variantName() {
  for (const auto& [name, variant] : kVariants)
    if (variant == variantInUse()) return name;
  return "baseline";
}

Napi::Value info(Call& call) {
  auto result = Napi::Object::New(call.env());
  result["libtorch"] = Napi::String::New(call.env(), TORCH_VERSION);
  result["cuda"] = call.give(torch::cuda::is_available());
  result["cudaDevices"] = call.give(static_cast<double>(torch::cuda::device_count()));
  result["cudaGraphs"] = call.give(canRecordGraphs());
  result["mkldnn"] = call.give(at::hasMKLDNN());
  result["threads"] = call.give(static_cast<double>(at::get_num_threads()));
  result["cpuCapability"] = Napi::String::New(call.env(), cpuCapability());
  result["bfloat16"] = call.give(hasBfloat16());
  result["variant"] = Napi::String::New(call.env(), variantName());
  return result;
}

Napi::Value setThreads(Call& call) {
  const int64_t n = call.integer(0);
  if (n < 1 || n > 4096) throw std::invalid_argument("the number of threads must be in 1 .. 4096");
  at::set_num_threads(static_cast<int>(n));
  return call.nothing();
}

Napi::Value setOwnKernels(Call& call) {
  ownKernels = call.flag(0);
  return call.nothing();
}

Napi::Value setWinograd(Call& call) {
  winogradAllowed = call.flag(0);
  return call.nothing();
}

Napi::Value setVariant(Call& call) {
  const auto found = kVariants.find(call.text(0));
  if (found == kVariants.end()) throw std::invalid_argument("a variant is baseline, avx2 or avx512");
  if (found->second > ownVariant()) throw std::invalid_argument("this processor has no " + found->first);
  widestVariant = found->second;
  return call.nothing();
}

}  // namespace

void startEngine() {
  installAllocator();
  setenv("CUBLAS_WORKSPACE_CONFIG", ":4096:8", /*overwrite=*/0);  // cuBLAS is deterministic with a fixed workspace only
  useDeterministicAlgorithms();
  useFullFloat32();
  at::set_num_interop_threads(1);
}

Exports engineExports() {
  return {
      {"engineInfo", info},
      {"setThreads", setThreads},
      {"setOwnKernels", setOwnKernels},
      {"ownKernels", [](Call& c) { return c.give(ownKernels); }},
      {"setWinograd", setWinograd},
      {"hasWinograd", [](Call& c) { return c.give(computesWinograd(c.text(0) == "bfloat16" ? at::kBFloat16 : at::kFloat)); }},
      {"setVariant", setVariant},
      {"getThreads", [](Call& c) { return c.give(static_cast<double>(at::get_num_threads())); }},
      {"profileBackward", profileBackward},
      {"bytesInUse", [](Call& c) { return c.give(static_cast<double>(bytesInUse())); }},
      {"peakBytes", [](Call& c) { return c.give(static_cast<double>(peakBytes())); }},
      {"resetPeak",
       [](Call& c) {
         resetPeak();
         return c.nothing();
       }},
  };
}

}  // namespace sweepstake
