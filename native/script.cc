// TorchScript networks: loading, tensors in and out, forward pass.
#include "script.h"

#include <torch/csrc/jit/ir/ir.h>
#include <torch/csrc/jit/runtime/print_handler.h>
#include <torch/csrc/jit/serialization/import.h>

#include <iostream>
#include <map>
#include <mutex>
#include <sstream>
#include <unordered_set>

#include "compat.h"
#include "families.h"

namespace sweepstake {
namespace {

bool isSameMemory(const at::Tensor& a, const at::Tensor& b) {
  return a.is_same(b) || (a.numel() > 0 && a.data_ptr() == b.data_ptr() && a.scalar_type() == b.scalar_type() &&
                          a.sizes().equals(b.sizes()) && a.strides().equals(b.strides()));
}

class VariableCollector {
 public:
  std::vector<ScriptVariable> variables;

  // A module's parameters, its buffers, then its children, as PyTorch's state dict has them.
  void visit(const torch::jit::Module& module, const std::string& prefix) {
    const auto object = module._ivalue();
    if (!seen_.insert(object.get()).second) return;
    const auto type = module.type();
    for (const bool parameters : {true, false}) {
      for (size_t i = 0; i < type->numAttributes(); i++) {
        const c10::IValue value = object->getSlot(i);
        if (value.isTensor() && value.toTensor().defined() && type->is_parameter(i) == parameters)
          add({prefix + type->getAttributeName(i), parameters, value.toTensor(), {{object, i}}});
      }
    }
    for (size_t i = 0; i < type->numAttributes(); i++) {
      if (type->getAttribute(i)->is_module())
        visit(torch::jit::Module(object->getSlot(i).toObject()), prefix + type->getAttributeName(i) + ".");
    }
  }

 private:
  void add(ScriptVariable variable) {
    for (auto& known : variables) {
      if (isSameMemory(known.tensor, variable.tensor)) {
        known.places.push_back(variable.places[0]);
        return;
      }
      if (known.tensor.numel() > 0 && variable.tensor.numel() > 0 && known.tensor.storage().data() == variable.tensor.storage().data())
        throw std::invalid_argument(variable.name + " and " + known.name + " share a part of their memory");
    }
    variables.push_back(std::move(variable));
  }

  std::unordered_set<const void*> seen_;
};

// The message of an interpreter's error without the traces of source code around it.
std::string lastError(const std::string& message) {
  const std::string mark = "Error: ";
  const size_t end = message.rfind(mark);
  if (message.find("TorchScript") == std::string::npos || end == std::string::npos) return message;
  return message.substr(end + mark.size());
}

std::vector<c10::IValue> defaultsOf(const c10::FunctionSchema& schema) {
  const auto& arguments = schema.arguments();
  if (arguments.size() < 2) throw std::invalid_argument("forward() takes no argument");
  std::vector<c10::IValue> defaults;
  for (size_t i = 2; i < arguments.size(); i++) {
    if (!arguments[i].default_value()) throw std::invalid_argument("forward() needs an argument \"" + arguments[i].name() + "\" beside the images");
    defaults.push_back(*arguments[i].default_value());
  }
  return defaults;
}

// Scripts by handle, a number that is never used again. Leaked on purpose, like the table of tensors.
std::map<int64_t, std::unique_ptr<Script>>& scripts = *new std::map<int64_t, std::unique_ptr<Script>>();
int64_t lastScript = 0;
std::mutex mutex;

Script& scriptOf(Call& call) {
  std::lock_guard<std::mutex> lock(mutex);
  const auto found = scripts.find(call.integer(0));
  if (found == scripts.end()) throw std::invalid_argument("the script's handle is not in use");
  return *found->second;
}

Napi::Value load(Call& call) {
  const auto bytes = call.bytes(0);
  auto script = std::make_unique<Script>(readScript(static_cast<const char*>(bytes.data), bytes.size));
  std::lock_guard<std::mutex> lock(mutex);
  scripts[++lastScript] = std::move(script);
  return call.give(static_cast<double>(lastScript));
}

Napi::Value variables(Call& call) {
  const Script& script = scriptOf(call);
  auto list = Napi::Array::New(call.env(), script.variables.size());
  for (size_t i = 0; i < script.variables.size(); i++) {
    const auto& variable = script.variables[i];
    auto entry = Napi::Object::New(call.env());
    entry["name"] = Napi::String::New(call.env(), variable.name);
    entry["isParameter"] = call.give(variable.isParameter);
    entry["isTrained"] = call.give(variable.isParameter && variable.tensor.requires_grad());
    entry["value"] = call.give(variable.tensor.detach());
    list[static_cast<uint32_t>(i)] = entry;
  }
  return list;
}

Napi::Value bind(Call& call) {
  Script& script = scriptOf(call);
  const auto tensors = call.tensors(1);
  if (tensors.size() != script.variables.size()) throw std::invalid_argument("expected a tensor for every variable");
  for (size_t i = 0; i < tensors.size(); i++) script.variables[i].hold(tensors[i]);
  return call.nothing();
}

Napi::Value train(Call& call) {
  scriptOf(call).module.train(call.flag(1));
  return call.nothing();
}

}  // namespace

void ScriptVariable::hold(const at::Tensor& value) {
  tensor = value;
  for (const auto& place : places) place.object->setSlot(place.slot, value);
}

Script readScript(const char* data, size_t size) {
  torch::jit::setPrintHandler([](const std::string& text) { std::cerr << text; });  // standard output is for results
  std::istringstream in(std::string(data, size));
  Script script;
  script.module = torch::jit::load(in, c10::Device(at::kCPU));
  if (!script.module.find_method("forward")) throw std::invalid_argument("it has no method forward()");
  script.defaults = defaultsOf(script.module.get_method("forward").function().getSchema());
  VariableCollector collector;
  collector.visit(script.module, "");
  script.variables = std::move(collector.variables);
  script.graph = flatGraph(script.module);
  const auto computed = script.graph->copy();
  useOwnKernels(*computed);
  script.code = torch::jit::Code(computed, "forward");
  return script;
}

// The interpreter runs the graph as it is. TorchScript's usual executors change it after some runs, by what they have measured, and
// other kernels give other bits.
at::Tensor Script::run(const torch::jit::Code& code, const at::Tensor& x) {
  torch::jit::Stack stack{module._ivalue(), x};
  stack.insert(stack.end(), defaults.begin(), defaults.end());
  try {
    const MixedPrecision mixed(x.scalar_type() == at::kBFloat16, x.device().type());
    torch::jit::InterpreterState(code).run(stack);
  } catch (const c10::Error& error) {
    throw std::runtime_error(lastError(error.what_without_backtrace()));
  } catch (const std::exception& error) {
    throw std::runtime_error(lastError(error.what()));
  }
  // A statistic that is assigned, not updated in place, is another tensor now.
  for (auto& variable : variables) {
    for (const auto& place : variable.places) {
      const at::Tensor now = place.object->getSlot(place.slot).toTensor();
      if (now.is_same(variable.tensor)) continue;
      if (variable.isParameter) throw std::runtime_error("forward() replaces the parameter " + variable.name);
      if (!now.sizes().equals(variable.tensor.sizes())) throw std::runtime_error("the buffer " + variable.name + " changes its shape");
      at::NoGradGuard unrecorded;
      variable.tensor.copy_(now);
      variable.hold(variable.tensor);
      break;
    }
  }
  if (stack.size() != 1 || !stack[0].isTensor()) {
    const std::string got = stack.empty() ? "nothing" : stack[0].tagKind();
    throw std::runtime_error("forward() gives no tensor, but a " + got);
  }
  const at::Tensor output = stack[0].toTensor();
  if (!isKnownType(output.scalar_type())) throw std::runtime_error("forward() gives numbers of type " + nameOfType(output.scalar_type()));
  return output;
}

Exports scriptExports() {
  return {
      {"scriptLoad", load},
      {"scriptVariables", variables},
      {"scriptOperations", [](Call& c) -> Napi::Value { return describeOperations(c.env(), scriptOf(c)); }},
      {"scriptUses", [](Call& c) { return describeUses(c, scriptOf(c), c.tensor(1)); }},
      {"scriptBind", bind},
      {"scriptTrain", train},
      {"scriptForward", [](Call& c) { return c.give(scriptOf(c).forward(c.tensor(1))); }},
      {"scriptDispose",
       [](Call& c) {
         std::lock_guard<std::mutex> lock(mutex);
         scripts.erase(c.integer(0));
         return c.nothing();
       }},
  };
}

}  // namespace sweepstake
