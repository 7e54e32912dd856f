import { create } from "@bufbuild/protobuf";
import {
  type AttributeProto,
  AttributeProto_AttributeType,
  AttributeProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  type TensorProto,
  TensorProto_DataType,
  TensorProtoSchema,
} from "onnx-buf";
import { RunError } from "../../core/errors.ts";
import type { TracedOperation } from "../../tensor/trace.ts";

/** What one operation becomes: nodes, the last of which gives the operation's output, and constants that they need. */
export interface OperationNodes {
  readonly nodes: readonly NodeProto[];
  readonly constants: readonly TensorProto[];
}

/** A whole number for ONNX's "to the end" of an axis. */
const END = 2n ** 63n - 1n;

/**
 * The ONNX nodes (opset 17) of an operation. Batch-norm stays a node of its own, so that every weight of the network is in the file as it was
 * trained.
 * @source https://github.com/onnx/onnx/blob/v1.12.0/docs/Operators.md
 */
export function operationNodes(operation: TracedOperation): OperationNodes {
  const { output } = operation;
  const single = (type: string, inputs: readonly (string | undefined)[], attributes: Attributes = {}) => ({
    nodes: [node(type, inputs, output, attributes)],
    constants: [],
  });
  switch (operation.kind) {
    case "conv2d": {
      const { x, weight, bias, stride, padding, dilation, groups } = operation;
      const pads = [...padding, ...padding];
      return single("Conv", [x, weight, bias], { strides: stride, pads, dilations: dilation, group: groups });
    }
    case "linear":
      return single("Gemm", [operation.x, operation.weight, operation.bias], { transB: 1 });
    case "batchNorm":
      return batchNormNodes(operation);
    case "relu":
      return single("Relu", [operation.x]);
    case "add":
      return single("Add", [operation.x, operation.other]);
    case "maxPool2d": {
      const { x, kernel, stride, padding } = operation;
      return single("MaxPool", [x], { kernel_shape: kernel, strides: stride, pads: [...padding, ...padding] });
    }
    case "globalAvgPool": {
      const pooled = `${output}_pooled`;
      const pool = node("GlobalAveragePool", [operation.x], pooled);
      return { nodes: [pool, node("Flatten", [pooled], output, { axis: 1 })], constants: [] };
    }
    case "flatten":
      // Flatten makes two dimensions of all, so only from the second one on is it the same.
      if (operation.startDim !== 1)
        throw new RunError(`flatten from dimension ${operation.startDim} has no ONNX form here`, "flatten from 1");
      return single("Flatten", [operation.x], { axis: 1 });
    case "padChannels": {
      const pads = whole(`${output}_pads`, [0, operation.before, 0, 0, 0, operation.after, 0, 0].map(BigInt));
      return { ...single("Pad", [operation.x, pads.name]), constants: [pads] };
    }
    case "subsample": {
      const constants = [
        whole(`${output}_starts`, [0n, 0n]),
        whole(`${output}_ends`, [END, END]),
        whole(`${output}_axes`, [2n, 3n]),
        whole(`${output}_steps`, [operation.stride, operation.stride].map(BigInt)),
      ];
      return { ...single("Slice", [operation.x, ...constants.map(({ name }) => name)]), constants };
    }
  }
}

/** Up to three nodes: batch-norm, `+ residual`, ReLU. */
function batchNormNodes(operation: Extract<TracedOperation, { kind: "batchNorm" }>): OperationNodes {
  const { x, weight, bias, mean, variance, residual, eps, relu, output } = operation;
  const normalised = residual === undefined && !relu ? output : `${output}_normalised`;
  const sum = relu ? `${output}_sum` : output;
  return {
    nodes: [
      node("BatchNormalization", [x, weight, bias, mean, variance], normalised, { epsilon: new Float32Array([eps]) }),
      ...(residual === undefined ? [] : [node("Add", [normalised, residual], sum)]),
      ...(relu ? [node("Relu", [residual === undefined ? normalised : sum], output)] : []),
    ],
    constants: [],
  };
}

/** A whole number, a list of them, or, as an array of one, a float. */
type Attributes = Readonly<Record<string, number | readonly number[] | Float32Array>>;

function node(
  opType: string,
  inputs: readonly (string | undefined)[],
  output: string,
  attributes: Attributes = {},
): NodeProto {
  return create(NodeProtoSchema, {
    name: `${opType}_${output}`,
    opType,
    // An optional input that is last is left out.
    input: inputs.filter((input) => input !== undefined),
    output: [output],
    attribute: Object.entries(attributes).map(([name, value]) => attribute(name, value)),
  });
}

function attribute(name: string, value: Attributes[string]): AttributeProto {
  if (value instanceof Float32Array)
    return create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.FLOAT, f: value[0] ?? 0 });
  if (typeof value === "number")
    return create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.INT, i: BigInt(value) });
  return create(AttributeProtoSchema, { name, type: AttributeProto_AttributeType.INTS, ints: value.map(BigInt) });
}

function whole(name: string, values: readonly bigint[]): TensorProto {
  const data = BigInt64Array.from(values);
  return create(TensorProtoSchema, {
    name,
    dims: [BigInt(values.length)],
    dataType: TensorProto_DataType.INT64,
    rawData: new Uint8Array(data.buffer),
  });
}
