// A network that PyTorch has saved as TorchScript: its tensors by name, its forward pass, and what an inspection of it finds.
#pragma once
#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/runtime/interpreter.h>

#include "call.h"

namespace sweepstake {

// A parameter or buffer. All places that hold the same tensor are one variable, named after the first, as in PyTorch.
struct ScriptVariable {
  struct Place {
    c10::intrusive_ptr<c10::ivalue::Object> object;
    size_t slot;
  };
  std::string name;
  bool isParameter;
  at::Tensor tensor;  // what the places hold
  std::vector<Place> places;

  void hold(const at::Tensor& value);
};

struct Script {
  torch::jit::Module module;
  std::vector<ScriptVariable> variables;  // in the order of PyTorch's state dict
  std::shared_ptr<torch::jit::Graph> graph;
  torch::jit::Code code;
  std::vector<c10::IValue> defaults;  // of forward's arguments after the first

  at::Tensor forward(const at::Tensor& x) { return run(code, x); }
  at::Tensor run(const torch::jit::Code& code, const at::Tensor& x);  // of the graph, or of a changed copy
};

Script readScript(const char* data, size_t size);

// forward() as one graph without calls, in which `view` is `reshape`: activations are channels-last here, which a view need not allow.
std::shared_ptr<torch::jit::Graph> flatGraph(const torch::jit::Module& module);

// All nodes of a graph, those in branches and loops included.
std::vector<torch::jit::Node*> allNodes(torch::jit::Graph& graph);

// Makes a graph use our own kernels for the operations that have one.
void useOwnKernels(torch::jit::Graph& graph);

// Every operation that can run: its kind, the attribute it sets, the device and type it names, and those of its arguments that are numbers
// or flags: constants of the graph, and what is the same in every run.
Napi::Array describeOperations(Napi::Env env, const Script& script);

// Which variables one forward pass uses as weights of convolutions, linear layers and normalisations, with their cost.
Napi::Value describeUses(Call& call, Script& script, const at::Tensor& x);

}  // namespace sweepstake
