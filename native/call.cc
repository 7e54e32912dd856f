#include "call.h"

#include <cmath>
#include <sstream>

namespace sweepstake {
namespace {

struct TypeName {
  at::ScalarType type;
  const char* name;
};

constexpr TypeName kTypes[] = {
    {at::kFloat, "float32"}, {at::kDouble, "float64"}, {at::kHalf, "float16"}, {at::kBFloat16, "bfloat16"},
    {at::kLong, "int64"},    {at::kInt, "int32"},      {at::kShort, "int16"},  {at::kChar, "int8"},
    {at::kByte, "uint8"},    {at::kBool, "bool"},
};

constexpr double kLargestExact = 9007199254740992.0;  // 2^53

bool isWhole(double value) { return std::nearbyint(value) == value && std::abs(value) <= kLargestExact; }

// One argument that is no tensor, for an error message.
void print(std::ostream& out, const Napi::Value& value) {
  if (value.IsNumber() || value.IsBoolean()) {
    out << value.ToString().Utf8Value();
  } else if (value.IsString()) {
    out << '"' << value.ToString().Utf8Value() << '"';
  } else if (value.IsUndefined()) {
    out << "none";
  } else if (value.IsArray()) {
    const auto array = value.As<Napi::Array>();
    if (array.Length() > 8) {
      out << "list of " << array.Length();
      return;
    }
    out << '[';
    for (uint32_t i = 0; i < array.Length(); i++) {
      if (i > 0) out << ", ";
      print(out, array.Get(i));
    }
    out << ']';
  } else if (value.IsTypedArray()) {
    out << "array of " << value.As<Napi::TypedArray>().ElementLength();
  } else {
    out << "?";
  }
}

// The first lines of a message: libtorch appends traces and advice for its own developers.
std::string firstLines(const std::string& message) {
  std::istringstream in(message);
  std::string line, result;
  for (int count = 0; count < 4 && std::getline(in, line); count++) {
    if (line.rfind("Exception raised from", 0) == 0) break;
    if (line.empty()) continue;
    if (!result.empty()) result += "\n  ";
    result += line;
  }
  return result;
}

[[noreturn]] void throwError(Napi::Env env, const std::string& message) {
  auto* maker = env.GetInstanceData<Napi::FunctionReference>();
  if (maker == nullptr) throw Napi::Error::New(env, message);
  throw Napi::Error(env, maker->Call({Napi::String::New(env, message)}));
}

}  // namespace

at::ScalarType parseType(const std::string& name) {
  for (const auto& entry : kTypes)
    if (name == entry.name) return entry.type;
  throw std::invalid_argument("unknown element type \"" + name + "\"");
}

bool isKnownType(at::ScalarType type) {
  return std::any_of(std::begin(kTypes), std::end(kTypes), [&](const auto& entry) { return type == entry.type; });
}

std::string nameOfType(at::ScalarType type) {
  for (const auto& entry : kTypes)
    if (type == entry.type) return entry.name;
  return c10::toString(type);
}

std::string typeName(at::ScalarType type) {
  if (isKnownType(type)) return nameOfType(type);
  throw std::invalid_argument("element type " + nameOfType(type) + " has no counterpart here");
}

std::string describeTensor(const at::Tensor& tensor) {
  std::ostringstream out;
  out << nameOfType(tensor.scalar_type()) << " [";
  for (int64_t d = 0; d < tensor.dim(); d++) out << (d > 0 ? ", " : "") << tensor.size(d);
  out << ']';
  if (!tensor.device().is_cpu()) out << " on " << tensor.device().str();
  return out.str();
}

void Call::wrongArgument(size_t i, const char* expected) const {
  throw std::invalid_argument("argument " + std::to_string(i + 1) + " must be " + expected);
}

at::Tensor Call::tensor(size_t i) {
  seen_.emplace_back(i, lookUpTensor(integer(i)));
  return seen_.back().second;
}

at::Tensor Call::optionalTensor(size_t i) { return isUndefined(i) ? at::Tensor() : tensor(i); }

std::vector<at::Tensor> Call::tensors(size_t i) {
  const Napi::Array array = list(i);
  std::vector<at::Tensor> result(array.Length());
  for (uint32_t k = 0; k < array.Length(); k++) {
    const Napi::Value value = array.Get(k);
    if (!value.IsUndefined()) result[k] = lookUpTensor(value.ToNumber().Int64Value());
  }
  return result;
}

double Call::number(size_t i) const {
  if (!info_[i].IsNumber()) wrongArgument(i, "a number");
  return info_[i].As<Napi::Number>().DoubleValue();
}

int64_t Call::integer(size_t i) const {
  const double value = number(i);
  if (!isWhole(value)) wrongArgument(i, "a whole number");
  return static_cast<int64_t>(value);
}

at::Scalar Call::scalar(size_t i) const {
  const double value = number(i);
  return isWhole(value) ? at::Scalar(static_cast<int64_t>(value)) : at::Scalar(value);
}

bool Call::flag(size_t i) const {
  if (!info_[i].IsBoolean()) wrongArgument(i, "true or false");
  return info_[i].As<Napi::Boolean>().Value();
}

std::string Call::text(size_t i) const {
  if (!info_[i].IsString()) wrongArgument(i, "a string");
  return info_[i].As<Napi::String>().Utf8Value();
}

Napi::Array Call::list(size_t i) const {
  if (!info_[i].IsArray()) wrongArgument(i, "a list");
  return info_[i].As<Napi::Array>();
}

std::vector<double> Call::numbers(size_t i) const {
  const Napi::Array array = list(i);
  std::vector<double> result(array.Length());
  for (uint32_t k = 0; k < array.Length(); k++) {
    const Napi::Value value = array.Get(k);
    if (!value.IsNumber()) wrongArgument(i, "a list of numbers");
    result[k] = value.As<Napi::Number>().DoubleValue();
  }
  return result;
}

std::vector<int64_t> Call::integers(size_t i) const {
  std::vector<int64_t> result;
  for (double value : numbers(i)) {
    if (!isWhole(value)) wrongArgument(i, "a list of whole numbers");
    result.push_back(static_cast<int64_t>(value));
  }
  return result;
}

Call::Bytes Call::bytes(size_t i) const {
  if (!info_[i].IsTypedArray()) wrongArgument(i, "a typed array");
  const auto array = info_[i].As<Napi::TypedArray>();
  return {static_cast<char*>(array.ArrayBuffer().Data()) + array.ByteOffset(), array.ByteLength()};
}

Napi::Value Call::give(at::Tensor result) const {
  return Napi::Number::New(env(), static_cast<double>(insertTensor(std::move(result))));
}

std::string Call::describe() const {
  std::ostringstream out;
  out << name_ << '(';
  for (size_t i = 0; i < info_.Length(); i++) {
    if (i > 0) out << ", ";
    const auto found = std::find_if(seen_.begin(), seen_.end(), [i](const auto& entry) { return entry.first == i; });
    if (found != seen_.end()) {
      out << describeTensor(found->second);
    } else {
      print(out, info_[i]);
    }
  }
  out << ')';
  return out.str();
}

Napi::Value guarded(const Napi::CallbackInfo& info) {
  const auto& entry = *static_cast<const Export*>(info.Data());
  Call call(info, entry.name);
  std::string cause;
  try {
    return entry.body(call);
  } catch (const Napi::Error&) {
    throw;  // made by JavaScript itself
  } catch (const c10::Error& error) {
    cause = error.what_without_backtrace();
  } catch (const std::exception& error) {
    cause = error.what();
  } catch (...) {
    cause = "unknown C++ exception";
  }
  throwError(info.Env(), call.describe() + ": " + firstLines(cause));
}

Napi::Value setErrorMaker(const Napi::CallbackInfo& info) {
  auto* maker = new Napi::FunctionReference(Napi::Persistent(info[0].As<Napi::Function>()));
  info.Env().SetInstanceData(maker);
  return info.Env().Undefined();
}

}  // namespace sweepstake
