// The operations of a TorchScript network: flattened, and listed for inspection.
#include <torch/csrc/jit/ir/ir.h>
#include <torch/csrc/jit/passes/inliner.h>

#include "script_known.h"

namespace sweepstake {
namespace {

namespace jit = torch::jit;

void addNodes(jit::Block* block, std::vector<jit::Node*>& nodes) {
  for (jit::Node* node : block->nodes()) {
    nodes.push_back(node);
    for (jit::Block* inner : node->blocks()) addNodes(inner, nodes);
  }
}

// Writing into a view changes what it is a view of; a reshaped copy would not.
bool isWrittenTo(const jit::Value* value) {
  for (const auto& use : value->uses()) {
    const auto* schema = use.user->maybeSchema();
    if (schema == nullptr || use.offset >= schema->arguments().size()) continue;
    const auto* alias = schema->arguments()[use.offset].alias_info();
    if (alias != nullptr && alias->isWrite()) return true;
  }
  return false;
}

bool isView(const jit::Node* node) {
  return node->kind() == c10::Symbol::fromQualString("aten::view") && node->inputs().size() == 2 &&
         node->input(1)->type()->kind() == c10::TypeKind::ListType && !isWrittenTo(node->output());
}

void viewsToReshapes(jit::Graph& graph) {
  for (jit::Node* view : allNodes(graph)) {
    if (!isView(view)) continue;
    jit::Node* reshape = graph.create(c10::Symbol::fromQualString("aten::reshape"), {view->input(0), view->input(1)});
    reshape->insertBefore(view);
    reshape->copyMetadata(view);
    reshape->output()->setType(view->output()->type());
    view->output()->replaceAllUsesWith(reshape->output());
    view->destroy();
  }
}

Napi::Value asNumberOrFlag(Napi::Env env, const c10::IValue& value) {
  if (value.isBool()) return Napi::Boolean::New(env, value.toBool());
  if (value.isDouble()) return Napi::Number::New(env, value.toDouble());
  if (value.isInt()) return Napi::Number::New(env, static_cast<double>(value.toInt()));
  return env.Undefined();
}

// Describes operations for JavaScript, branches that no run takes left out.
class Inspection {
 public:
  Inspection(Napi::Env env, const Script& script) : env_(env), known_(script), list_(Napi::Array::New(env)) { visit(script.graph->block()); }
  Napi::Array list() const { return list_; }

 private:
  void visit(jit::Block* block) {
    for (jit::Node* node : block->nodes()) {
      list_[list_.Length()] = describe(node);
      const auto taken = node->kind() == c10::prim::If ? known_.branchOf(node) : std::nullopt;
      for (size_t i = 0; i < node->blocks().size(); i++)
        if (!taken || *taken == i) visit(node->blocks()[i]);
    }
  }

  Napi::Object describe(jit::Node* node) {
    auto entry = Napi::Object::New(env_);
    entry["kind"] = Napi::String::New(env_, node->kind().toQualString());
    if (node->kind() == c10::prim::SetAttr) {
      entry["sets"] = Napi::String::New(env_, node->s(c10::attr::name));
      entry["setsTensor"] = Napi::Boolean::New(env_, node->input(1)->type()->isSubtypeOf(*c10::TensorType::get()));
    }
    auto constants = Napi::Object::New(env_), known = Napi::Object::New(env_);
    const auto* schema = node->maybeSchema();
    for (size_t i = 0; schema != nullptr && i < std::min(schema->arguments().size(), node->inputs().size()); i++) {
      const std::string& name = schema->arguments()[i].name();
      const auto constant = jit::toIValue(node->input(i));
      if (constant) add(constants, name, asNumberOrFlag(env_, *constant));
      if (constant && constant->isDevice()) entry["device"] = Napi::String::New(env_, constant->toDevice().str());
      if (constant && constant->isInt() && name == "dtype")
        entry["dtype"] = Napi::String::New(env_, nameOfType(static_cast<at::ScalarType>(constant->toInt())));
      const auto value = known_.of(node->input(i));
      if (value) add(known, name, asNumberOrFlag(env_, *value));
    }
    entry["constants"] = constants;
    entry["known"] = known;
    return entry;
  }

  static void add(Napi::Object& to, const std::string& name, const Napi::Value& value) {
    if (!value.IsUndefined()) to[name] = value;
  }

  Napi::Env env_;
  KnownValues known_;
  Napi::Array list_;
};

}  // namespace

std::vector<jit::Node*> allNodes(jit::Graph& graph) {
  std::vector<jit::Node*> nodes;
  addNodes(graph.block(), nodes);
  return nodes;
}

std::shared_ptr<jit::Graph> flatGraph(const jit::Module& module) {
  auto graph = jit::toGraphFunction(module.get_method("forward").function()).graph()->copy();
  jit::Inline(*graph);
  viewsToReshapes(*graph);
  return graph;
}

Napi::Array describeOperations(Napi::Env env, const Script& script) { return Inspection(env, script).list(); }

}  // namespace sweepstake
