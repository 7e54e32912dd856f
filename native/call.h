// One call from JavaScript: reads the arguments, hands back results, and words the error when something throws.
#pragma once
#include "handles.h"

namespace sweepstake {

class Call {
 public:
  Call(const Napi::CallbackInfo& info, const char* name) : info_(info), name_(name) {}

  Napi::Env env() const { return info_.Env(); }

  at::Tensor tensor(size_t i);
  at::Tensor optionalTensor(size_t i);  // undefined in JavaScript is an undefined tensor, which libtorch reads as none
  std::vector<at::Tensor> tensors(size_t i);
  double number(size_t i) const;
  int64_t integer(size_t i) const;
  at::Scalar scalar(size_t i) const;  // whole numbers stay integers, so that they do not turn an int64 tensor into floats
  bool flag(size_t i) const;
  bool isUndefined(size_t i) const { return info_[i].IsUndefined(); }
  std::string text(size_t i) const;
  std::vector<int64_t> integers(size_t i) const;
  std::vector<double> numbers(size_t i) const;
  Napi::Value raw(size_t i) const { return info_[i]; }

  // The memory of a typed array; valid during the call only.
  struct Bytes {
    void* data;
    size_t size;
  };
  Bytes bytes(size_t i) const;
  template <typename T>
  at::ArrayRef<T> array(size_t i) const {
    const Bytes b = bytes(i);
    return at::ArrayRef<T>(static_cast<const T*>(b.data), b.size / sizeof(T));
  }

  Napi::Value give(at::Tensor result) const;
  Napi::Value give(double value) const { return Napi::Number::New(env(), value); }
  Napi::Value give(bool value) const { return Napi::Boolean::New(env(), value); }
  Napi::Value nothing() const { return env().Undefined(); }

  // `conv2d(float32 [2, 3, 8, 8], float32 [4, 5, 3, 3], ...)`
  std::string describe() const;

 private:
  Napi::Array list(size_t i) const;
  [[noreturn]] void wrongArgument(size_t i, const char* expected) const;

  const Napi::CallbackInfo& info_;
  const char* name_;
  std::vector<std::pair<size_t, at::Tensor>> seen_;
};

struct Export {
  const char* name;
  Napi::Value (*body)(Call&);
};
using Exports = std::vector<Export>;

at::ScalarType parseType(const std::string& name);
bool isKnownType(at::ScalarType type);          // whether tensors in JavaScript can have it
std::string typeName(at::ScalarType type);      // throws when they cannot
std::string nameOfType(at::ScalarType type);    // of any type, for messages
std::string describeTensor(const at::Tensor& tensor);

// Runs an export's body; whatever it throws becomes one JavaScript error.
Napi::Value guarded(const Napi::CallbackInfo& info);
Napi::Value setErrorMaker(const Napi::CallbackInfo& info);

}  // namespace sweepstake
