// What is known of a network's numbers and flags before it runs. Dropout's probability, for one, is seldom a constant of the graph: it is
// an attribute of a module, passed through arguments and branches.
#include "script_known.h"

#include <algorithm>

namespace sweepstake {
namespace {

namespace jit = torch::jit;
using Value = KnownValues::Value;

bool isPlain(const c10::IValue& value) {
  return value.isInt() || value.isDouble() || value.isBool() || value.isNone() || value.isString();
}

bool isPlain(const c10::TypePtr& type) {
  switch (type->kind()) {
    case c10::TypeKind::IntType:
    case c10::TypeKind::FloatType:
    case c10::TypeKind::BoolType:
    case c10::TypeKind::NumberType:
    case c10::TypeKind::NoneType:
    case c10::TypeKind::StringType:
      return true;
    default:
      return false;
  }
}

// An operation that gives the same for the same arguments. One without arguments asks for a state (is gradient recording on?).
bool isFunction(const jit::Node* node) {
  const auto hasPlainType = [](const jit::Value* value) { return isPlain(value->type()); };
  return node->maybeOperator() != nullptr && node->blocks().empty() && !node->hasSideEffects() && !node->isNondeterministic() &&
         !node->inputs().empty() && node->outputs().size() == 1 && hasPlainType(node->output()) &&
         std::all_of(node->inputs().begin(), node->inputs().end(), hasPlainType);
}

}  // namespace

KnownValues::KnownValues(const Script& script) : script_(script) {
  // The mode is set from outside; what forward() sets is another number each time.
  changing_.insert("training");
  for (const jit::Node* node : allNodes(*script.graph))
    if (node->kind() == c10::prim::SetAttr) changing_.insert(node->s(c10::attr::name));
}

Value KnownValues::of(const jit::Value* value) {
  const auto found = known_.find(value);
  if (found != known_.end()) return found->second;
  return known_[value] = find(value);
}

Value KnownValues::find(const jit::Value* value) {
  const jit::Node* node = value->node();
  switch (node->kind()) {
    case c10::prim::Constant:
      return jit::toIValue(value);
    case c10::prim::Param:
      return ofArgument(value);
    case c10::prim::GetAttr:
      return ofAttribute(node);
    case c10::prim::If:
      return ofBranches(node, value->offset());
    case c10::prim::unchecked_cast:
    case c10::prim::unchecked_unwrap_optional:
      return of(node->input(0));
    default:
      return isFunction(node) ? computed(node) : Value();
  }
}

// forward() is always called with the images alone, so that its other arguments are their defaults.
Value KnownValues::ofArgument(const jit::Value* value) {
  const size_t first = 2;  // after the module and the images
  if (value->node() != script_.graph->param_node() || value->offset() < first) return Value();
  const size_t i = value->offset() - first;
  return i < script_.defaults.size() && isPlain(script_.defaults[i]) ? Value(script_.defaults[i]) : Value();
}

Value KnownValues::ofAttribute(const jit::Node* node) {
  const std::string& name = node->s(c10::attr::name);
  const auto object = objectOf(node->input(0));
  if (object == nullptr || changing_.count(name) > 0) return Value();
  const c10::IValue value = object->getAttr(name);
  return isPlain(value) ? Value(value) : Value();
}

c10::intrusive_ptr<c10::ivalue::Object> KnownValues::objectOf(const jit::Value* value) {
  if (value == script_.graph->inputs()[0]) return script_.module._ivalue();
  const jit::Node* node = value->node();
  if (node->kind() != c10::prim::GetAttr) return {};
  const std::string& name = node->s(c10::attr::name);
  const auto owner = objectOf(node->input(0));
  if (owner == nullptr || changing_.count(name) > 0) return {};
  const c10::IValue held = owner->getAttr(name);
  if (!held.isObject()) return {};
  return held.toObject();
}

// Of the branch that is taken; if that is open, what both give.
Value KnownValues::ofBranches(const jit::Node* node, size_t offset) {
  const auto from = [&](size_t branch) { return of(node->blocks()[branch]->outputs()[offset]); };
  const auto taken = branchOf(node);
  if (taken) return from(*taken);
  const Value yes = from(0), no = from(1);
  if (!yes || !no || yes->tagKind() != no->tagKind() || *yes != *no) return Value();
  return yes;
}

Value KnownValues::computed(const jit::Node* node) {
  jit::Stack stack;
  for (const jit::Value* input : node->inputs()) {
    const Value argument = of(input);
    if (!argument) return Value();
    stack.push_back(*argument);
  }
  try {
    node->getOperation()(stack);
  } catch (const std::exception&) {
    return Value();  // it fails when the network runs, too
  }
  return stack.size() == 1 && isPlain(stack[0]) ? Value(stack[0]) : Value();
}

std::optional<size_t> KnownValues::branchOf(const jit::Node* node) {
  const Value condition = of(node->input(0));
  if (!condition || !condition->isBool()) return std::nullopt;
  return condition->toBool() ? 0 : 1;
}

}  // namespace sweepstake
