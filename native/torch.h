// The one header that every file of ours sees first; compiled once (see Makefile).
#ifndef SWEEPSTAKE_TORCH_H  // not `#pragma once`, which warns in a header that is compiled by itself
#define SWEEPSTAKE_TORCH_H
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <c10/core/Allocator.h>
#include <c10/core/GradMode.h>
#include <napi.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/cuda.h>
#include <torch/version.h>
#endif
