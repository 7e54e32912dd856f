// Where the time of a step goes, from libtorch's own hooks: every node of a backward pass reports its begin and end. For bench/step.
#include <ATen/record_function.h>

#include <chrono>
#include <map>

#include "profile.h"

namespace sweepstake {
namespace {

struct Entry {
  int64_t calls = 0;
  double ms = 0;
};

using Clock = std::chrono::steady_clock;

// The calling thread runs the backward pass of a CPU; other threads compute inside of its operations.
struct Started : at::ObserverContext {
  Clock::time_point at = Clock::now();
};

std::map<std::string, Entry> entries;
at::CallbackHandle handle = 0;

std::unique_ptr<at::ObserverContext> begin(const at::RecordFunction&) { return std::make_unique<Started>(); }

void end(const at::RecordFunction& function, at::ObserverContext* context) {
  const std::chrono::duration<double, std::milli> took = Clock::now() - static_cast<Started*>(context)->at;
  Entry& entry = entries[function.name()];
  entry.calls++;
  entry.ms += took.count();
}

}  // namespace

Napi::Value profileBackward(Call& call) {
  if (handle == 0) {
    handle = at::addGlobalCallback(at::RecordFunctionCallback(begin, end).scopes({at::RecordScope::BACKWARD_FUNCTION}));
  }
  auto result = Napi::Object::New(call.env());
  for (const auto& [name, entry] : entries) {
    auto pair = Napi::Array::New(call.env(), 2);
    pair[0u] = call.give(static_cast<double>(entry.calls));
    pair[1u] = call.give(entry.ms);
    result[name] = pair;
  }
  entries.clear();
  return result;
}

}  // namespace sweepstake
