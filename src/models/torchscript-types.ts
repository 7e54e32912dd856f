import type { ScriptOperation } from "../tensor/script.ts";

/** What is wrong, to be put behind the file's name, and what to do about it. */
export interface Complaint {
  readonly message: string;
  readonly hint?: string;
}

const floatingTypes: readonly string[] = ["float64", "float16", "bfloat16"];

/** What libtorch says when the operands of an operation have different types, or a type that it has no kernel for. */
const typeTrouble =
  /\b(?:same dtype|same type|scalar type|(?:input|bias|weight) type|dtypes?)\b|not implemented for '/i;

/**
 * Logits of a type that training cannot use.
 * @param expected `logits float32 [4, 10] for 4 images of shape [1, 8, 8]` @param got type and shape
 */
export function wrongType(
  expected: string,
  got: string,
  dtype: string,
  operations: readonly ScriptOperation[],
): Complaint {
  if (!floatingTypes.includes(dtype)) {
    const hint =
      "logits need a gradient: return the last layer's output itself, without argmax, rounding or comparison";
    return { message: `expected ${expected}, got ${got}`, hint };
  }
  return { message: `expected ${expected}, got ${got}${conversions(operations)}`, hint: advice };
}

/** A forward pass that failed: because of types, or because the images do not fit. */
export function failedPass(cause: string, shape: string, operations: readonly ScriptOperation[]): Complaint {
  const complex = /^forward\(\) gives numbers of type (\w+)/.exec(cause)?.[1];
  if (complex !== undefined) {
    return {
      message: `expected logits of type float32, got ${complex}`,
      hint: "return real numbers, e.g. the absolute value of complex ones",
    };
  }
  const kind = /^forward\(\) gives no tensor, but a (\w+)/.exec(cause)?.[1];
  if (kind !== undefined) {
    return {
      message: `expected forward() to return the logits alone, got a ${kind.replace("Generic", "").toLowerCase()}`,
      hint: "wrap it before it is saved, in a module whose forward() returns one tensor, e.g. return self.net(x)[0]",
    };
  }
  if (!typeTrouble.test(cause)) return { message: `does not take images of shape ${shape}: ${cause}` };
  const message = `cannot compute with float32 images and weights: ${cause}${conversions(operations)}`;
  return { message, hint: advice };
}

const advice =
  "leave out .double(), .half() and dtype=… in forward(), or convert back by .to(x.dtype), where x are the images: they and the weights are float32 here, whatever the file has";

/** `; forward() asks for float64`, when it names a floating type other than float32. */
function conversions(operations: readonly ScriptOperation[]): string {
  const types = new Set(operations.flatMap(({ dtype }) => (dtype === undefined ? [] : [dtype])));
  const named = floatingTypes.filter((type) => types.has(type));
  return named.length === 0 ? "" : `; forward() asks for ${named.join(" and ")}`;
}
