import type { DType } from "./array.ts";

/**
 * The safetensors file format, as we write it:
 *
 *     8 bytes      n, the length of the header, unsigned little-endian
 *     n bytes      JSON: {"__metadata__": {string: string}, name: {"dtype", "shape", "data_offsets": [begin, end]}, ...},
 *                  filled up with spaces to a multiple of 8
 *     the rest     the tensors' elements, row-major, little-endian, without gaps; offsets count from here
 *
 * @source https://github.com/huggingface/safetensors, section "Format"
 */
export const METADATA = "__metadata__";

/** The format's names of the element types that we read and write. */
export const fileTypes: Readonly<Record<DType, string>> = {
  float64: "F64",
  float32: "F32",
  float16: "F16",
  bfloat16: "BF16",
  int64: "I64",
  int32: "I32",
  int16: "I16",
  int8: "I8",
  uint8: "U8",
  bool: "BOOL",
};
