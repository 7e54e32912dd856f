// CUDA graphs: the kernels that a piece of work launches are recorded once and replayed with one launch. Small networks need that:
// launching their kernels one by one takes longer than running them.
//
// What is recorded are kernels with their arguments, addresses included. The work must therefore read and write tensors that stay
// where they are, bring nothing from the host, and wait for nothing. Whatever it allocates on the way, gradients included, comes
// from a pool of memory that belongs to the graph. Recording runs nothing.
#include "cuda_graph.h"

#include "families.h"

#ifdef SWEEPSTAKE_CUDA
#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAFunctions.h>
#include <c10/cuda/CUDAStream.h>

#include <map>
#include <set>
#endif

namespace sweepstake {

#ifdef SWEEPSTAKE_CUDA
namespace {

using Graph = at::cuda::CUDAGraph;

c10::DeviceIndex indexOf(const c10::Device& device) {
  return device.has_index() ? device.index() : c10::cuda::current_device();
}

// Leaked on purpose: at exit, the driver may be gone before ours.
std::map<int64_t, std::unique_ptr<Graph>>& graphs = *new std::map<int64_t, std::unique_ptr<Graph>>();
std::unique_ptr<Graph>& recording = *new std::unique_ptr<Graph>();
int64_t lastGraph = 0;

Graph& find(int64_t id) {
  const auto found = graphs.find(id);
  if (found == graphs.end()) throw std::invalid_argument("there is no such graph");
  return *found->second;
}

Napi::Value graphBegin(Call& call) {
  const c10::Device device(call.text(0));
  if (!device.is_cuda()) throw std::invalid_argument("only a CUDA device can record a graph");
  if (recording) throw std::logic_error("a graph is being recorded already");
  useOwnStream(device);
  // The recorder works on the current device, and must find it the same at the end.
  c10::cuda::set_device(indexOf(device));
  c10::cuda::device_synchronize();
  // The graph's pool starts empty: what the eager steps before it have left cached can serve it only through the driver.
  c10::cuda::CUDACachingAllocator::emptyCache();
  auto graph = std::make_unique<Graph>();
  graph->capture_begin();
  recording = std::move(graph);
  return call.nothing();
}

Napi::Value graphEnd(Call& call) {
  if (!recording) throw std::logic_error("no graph is being recorded");
  auto graph = std::move(recording);
  graph->capture_end();
  graphs[++lastGraph] = std::move(graph);
  return call.give(static_cast<double>(lastGraph));
}

// After the work has failed: the recording has to be ended, whatever that says.
Napi::Value graphAbort(Call& call) {
  const auto graph = std::move(recording);
  try {
    if (graph) graph->capture_end();
  } catch (const std::exception&) {
    // The error that made the work fail is the one to see.
  }
  return call.nothing();
}

Napi::Value graphReplay(Call& call) {
  find(call.integer(0)).replay();
  return call.nothing();
}

// Its memory must not go while a replay is under way.
Napi::Value graphFree(Call& call) {
  find(call.integer(0));
  c10::cuda::device_synchronize();
  graphs.erase(call.integer(0));
  return call.nothing();
}

}  // namespace

void useOwnStream(const c10::Device& device) {
  if (!device.is_cuda()) return;
  static thread_local std::set<c10::DeviceIndex> done;
  const auto index = indexOf(device);
  if (!done.insert(index).second) return;
  c10::cuda::setCurrentCUDAStream(c10::cuda::getStreamFromPool(/*isHighPriority=*/false, index));
}

Exports graphExports() {
  return {{"graphBegin", graphBegin},
          {"graphEnd", graphEnd},
          {"graphAbort", graphAbort},
          {"graphReplay", graphReplay},
          {"graphFree", graphFree}};
}

#else

namespace {

Napi::Value notBuilt(Call&) { throw std::logic_error("this addon was built without CUDA"); }

}  // namespace

void useOwnStream(const c10::Device&) {}

Exports graphExports() {
  return {{"graphBegin", notBuilt}, {"graphEnd", notBuilt}, {"graphAbort", notBuilt}, {"graphReplay", notBuilt}, {"graphFree", notBuilt}};
}

#endif

}  // namespace sweepstake
