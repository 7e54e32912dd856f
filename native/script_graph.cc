// The operations of a TorchScript network: flattened, and listed for inspection.
#include <torch/csrc/jit/ir/ir.h>
#include <torch/csrc/jit/passes/inliner.h>

#include "script.h"

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

Napi::Value constantOf(Napi::Env env, const jit::Value* value) {
  const auto constant = jit::toIValue(value);
  if (!constant) return env.Undefined();
  if (constant->isBool()) return Napi::Boolean::New(env, constant->toBool());
  if (constant->isDouble()) return Napi::Number::New(env, constant->toDouble());
  if (constant->isDevice()) return Napi::String::New(env, constant->toDevice().str());
  return env.Undefined();
}

Napi::Object describeNode(Napi::Env env, jit::Node* node) {
  auto entry = Napi::Object::New(env);
  entry["kind"] = Napi::String::New(env, node->kind().toQualString());
  if (node->kind() == c10::prim::SetAttr) {
    entry["sets"] = Napi::String::New(env, node->s(c10::attr::name));
    entry["setsTensor"] = Napi::Boolean::New(env, node->input(1)->type()->isSubtypeOf(*c10::TensorType::get()));
  }
  auto fixed = Napi::Object::New(env);
  const auto* schema = node->maybeSchema();
  for (size_t i = 0; schema != nullptr && i < std::min(schema->arguments().size(), node->inputs().size()); i++) {
    const Napi::Value value = constantOf(env, node->input(i));
    if (!value.IsUndefined()) fixed[schema->arguments()[i].name()] = value;
  }
  entry["fixed"] = fixed;
  return entry;
}

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

Napi::Array describeOperations(Napi::Env env, jit::Graph& graph) {
  auto list = Napi::Array::New(env);
  for (jit::Node* node : allNodes(graph)) list[list.Length()] = describeNode(env, node);
  return list;
}

}  // namespace sweepstake
