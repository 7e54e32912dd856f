import { fromBinary } from "@bufbuild/protobuf";
import {
  type AttributeProto,
  ModelProtoSchema,
  type NodeProto,
  type TensorProto,
  TensorProto_DataType,
} from "onnx-buf";
import type { StateDict } from "../../core/array.ts";
import { RunError } from "../../core/errors.ts";
import { batchNorm, conv2d, globalAvgPool, linear, maxPool2d, padChannels, subsample } from "../../tensor/ops.ts";
import { Tensor } from "../../tensor/tensor.ts";

/** Element types, which a tensor has as plain numbers. */
const [FLOAT, INT64]: readonly number[] = [TensorProto_DataType.FLOAT, TensorProto_DataType.INT64];

/** An ONNX file that we wrote, read back. */
export interface OnnxFile {
  /** float32 initializers by name. */
  readonly weights: StateDict;
  readonly metadata: ReadonlyMap<string, string>;
  /** What the file computes, of float32 images [N, C, H, W]; tensors belong to the caller's scope. */
  run(images: Tensor): Tensor;
}

/**
 * Decodes a file and makes it computable, so that an export is checked by what is in the file. It knows the operators that we write, no
 * others.
 * @throws RunError for anything else
 */
export function readOnnx(bytes: Uint8Array): OnnxFile {
  const { graph, metadataProps } = fromBinary(ModelProtoSchema, bytes);
  const [input, output] = [graph?.input[0]?.name, graph?.output[0]?.name];
  if (graph === undefined || input === undefined || output === undefined)
    throw new RunError("the ONNX file has no graph with an input and an output");
  const floats = graph.initializer.filter(({ dataType }) => dataType === FLOAT);
  const integers = new Map(
    graph.initializer
      .filter(({ dataType }) => dataType === INT64)
      .map((tensor) => [tensor.name, Array.from(new BigInt64Array(aligned(tensor)), Number)]),
  );
  const weights: StateDict = new Map(
    floats.map((tensor) => [
      tensor.name,
      { dtype: "float32", shape: tensor.dims.map(Number), data: new Float32Array(aligned(tensor)) },
    ]),
  );
  return {
    weights,
    metadata: new Map(metadataProps.map(({ key, value }) => [key, value])),
    run(images) {
      const values = new Map([...weights].map(([name, array]) => [name, Tensor.fromHost(array)]));
      values.set(input, images);
      for (const node of graph.node) values.set(node.output[0] ?? "", compute(node, values, integers));
      return valueNamed(values, output);
    },
  };
}

function compute(
  node: NodeProto,
  values: ReadonlyMap<string, Tensor>,
  integers: ReadonlyMap<string, readonly number[]>,
): Tensor {
  const attributes = new Map(node.attribute.map((attribute) => [attribute.name, attribute]));
  const pair = (name: string) => twoOf(attributes.get(name));
  const [x, a, b, c, d] = node.input.filter((name) => !integers.has(name)).map((name) => valueNamed(values, name));
  const numbers = node.input.flatMap((name) => integers.get(name) ?? []);
  if (x === undefined) throw new RunError(`${node.opType} without an input`);
  switch (node.opType) {
    case "Conv":
      return conv2d(x, needed(a), b, {
        ...{ stride: pair("strides"), padding: pair("pads"), dilation: pair("dilations") },
        groups: Number(attributes.get("group")?.i ?? 1n),
      });
    case "Gemm":
      return linear(x, needed(a), b);
    case "BatchNormalization":
      return batchNorm(x, {
        ...{ weight: needed(a), bias: needed(b), runningMean: needed(c), runningVar: needed(d) },
        ...{ training: false, momentum: 0, eps: attributes.get("epsilon")?.f ?? 1e-5 },
      });
    case "Relu":
      return x.relu();
    case "Add":
      return x.add(needed(a));
    case "MaxPool":
      return maxPool2d(x, pair("kernel_shape"), pair("strides"), pair("pads"));
    case "GlobalAveragePool":
      return globalAvgPool(x);
    case "Flatten":
      return x.flatten(Number(attributes.get("axis")?.i ?? 1n));
    case "Pad":
      return padChannels(x, numbers[1] ?? 0, numbers[5] ?? 0);
    case "Slice":
      return subsample(x, numbers.at(-1) ?? 1);
    default:
      throw new RunError(`the ONNX file has the operator ${node.opType}, which we do not write`);
  }
}

function twoOf(attribute: AttributeProto | undefined): readonly [number, number] {
  const [height, width] = attribute?.ints ?? [];
  if (height === undefined || width === undefined) throw new RunError("an operator of the ONNX file lacks its sizes");
  return [Number(height), Number(width)];
}

function needed(value: Tensor | undefined): Tensor {
  if (value === undefined) throw new RunError("an operator of the ONNX file lacks an input");
  return value;
}

function valueNamed(values: ReadonlyMap<string, Tensor>, name: string): Tensor {
  return needed(values.get(name));
}

/** The bytes of a tensor in a buffer of their own. */
function aligned({ rawData }: TensorProto): ArrayBuffer {
  return Uint8Array.from(rawData).buffer;
}
