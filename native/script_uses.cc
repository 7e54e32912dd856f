// What a network does with its tensors, from watching one forward pass: the operation decides what a weight is, so that weights of
// subclasses and of functional calls are found, and embeddings and the scales of normalisations are not taken for them.
#include <torch/csrc/jit/ir/ir.h>
#include <torch/csrc/jit/runtime/custom_operator.h>

#include "script.h"

namespace sweepstake {
namespace {

namespace jit = torch::jit;

struct Use {
  std::string operation;
  at::Tensor output, input, weight, bias, mean, variance;
  bool transposed;
};

thread_local std::vector<Use>* watched = nullptr;

void watch(jit::Stack& stack) {
  const auto tensor = [&](size_t i) {
    const auto& value = stack[stack.size() - 8 + i];
    return value.isTensor() ? value.toTensor() : at::Tensor();
  };
  const Use use{stack[stack.size() - 2].toStringRef(), tensor(0), tensor(1), tensor(2), tensor(3), tensor(4), tensor(5), stack.back().toBool()};
  stack.resize(stack.size() - 8);
  if (watched != nullptr) watched->push_back(use);
}

void registerWatch() {
  static const bool once = [] {
    jit::registerOperator(jit::Operator(
        "sweepstake::watch(Tensor output, Tensor input, Tensor? weight, Tensor? bias, Tensor? mean, Tensor? variance, str operation, "
        "bool transposed) -> ()",
        watch, c10::AliasAnalysisKind::CONSERVATIVE));
    return true;
  }();
  static_cast<void>(once);
}

// `convolution`, `linear`, `normalisation`, or nothing.
std::string operationOf(const jit::Node* node) {
  const std::string kind = node->kind().toQualString();
  if (kind == "aten::linear") return "linear";
  for (const char* name : {"conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d", "convolution", "_convolution"})
    if (kind == std::string("aten::") + name) return "convolution";
  for (const char* name : {"batch_norm", "instance_norm", "layer_norm", "group_norm"})
    if (kind == std::string("aten::") + name) return "normalisation";
  return "";
}

jit::Value* argumentOf(jit::Node* node, const char* name) {
  const auto& arguments = node->schema().arguments();
  for (size_t i = 0; i < arguments.size() && i < node->inputs().size(); i++)
    if (arguments[i].name() == name) return node->input(i);
  return nullptr;
}

void insertWatches(jit::Graph& graph) {
  registerWatch();
  for (jit::Node* node : allNodes(graph)) {
    const std::string operation = operationOf(node);
    if (operation.empty() || node->maybeSchema() == nullptr) continue;
    jit::WithInsertPoint after(node->next());
    std::vector<jit::Value*> inputs{node->output(), node->input(0)};
    for (const char* name : {"weight", "bias", "running_mean", "running_var"}) {
      jit::Value* value = argumentOf(node, name);
      inputs.push_back(value != nullptr ? value : graph.insertConstant(c10::IValue()));
    }
    inputs.push_back(graph.insertConstant(operation));
    jit::Value* transposed = argumentOf(node, "transposed");
    const bool byName = std::string(node->kind().toQualString()).find("transpose") != std::string::npos;
    inputs.push_back(transposed != nullptr ? transposed : graph.insertConstant(byName));
    graph.insertNode(graph.create(c10::Symbol::fromQualString("sweepstake::watch"), inputs, /*num_outputs=*/0));
  }
}

// Multiply-accumulates for one image: every weight meets every place of the output, of the input for a transposed convolution.
double macsOf(const Use& use) {
  if (!use.weight.defined() || use.input.dim() < 2 || use.input.size(0) == 0) return 0;
  const double images = static_cast<double>(use.input.size(0));
  if (use.operation == "linear") return use.input.numel() / images * use.weight.size(0);
  if (use.operation != "convolution") return 0;
  const auto& places = use.transposed ? use.input : use.output;
  return static_cast<double>(use.weight.numel()) * places.numel() / (images * places.size(1));
}

}  // namespace

Napi::Value describeUses(Call& call, Script& script, const at::Tensor& x) {
  const auto graph = script.graph->copy();
  insertWatches(*graph);
  std::vector<Use> uses;
  watched = &uses;
  at::Tensor output;
  try {
    output = script.run(jit::Code(graph, "forward"), x);
  } catch (...) {
    watched = nullptr;
    throw;
  }
  watched = nullptr;

  const auto env = call.env();
  auto list = Napi::Array::New(env);
  for (const auto& use : uses) {
    auto entry = Napi::Object::New(env);
    entry["operation"] = Napi::String::New(env, use.operation);
    entry["macs"] = Napi::Number::New(env, macsOf(use));
    const std::pair<const char*, at::Tensor> roles[] = {
        {"weight", use.weight}, {"bias", use.bias}, {"mean", use.mean}, {"variance", use.variance}};
    for (const auto& [role, tensor] : roles) {
      for (const auto& variable : script.variables)
        if (tensor.defined() && variable.tensor.is_same(tensor)) entry[role] = Napi::String::New(env, variable.name);
    }
    list[list.Length()] = entry;
  }
  auto result = Napi::Object::New(env);
  result["output"] = call.give(output);
  result["uses"] = list;
  return result;
}

}  // namespace sweepstake
