import { create, toBinary } from "@bufbuild/protobuf";
import {
  GraphProtoSchema,
  ModelProtoSchema,
  OperatorSetIdProtoSchema,
  StringStringEntryProtoSchema,
  type TensorProto,
  TensorProto_DataType,
  TensorProtoSchema,
  type TensorShapeProto_Dimension,
  TensorShapeProto_DimensionSchema,
  TensorShapeProtoSchema,
  TypeProto_TensorSchema,
  TypeProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from "onnx-buf";
import type { HostArray, StateDict } from "../../core/array.ts";
import { InputError } from "../../core/errors.ts";
import { VERSION } from "../../core/version.ts";
import type { Trace } from "../../tensor/trace.ts";
import { operationNodes } from "./nodes.ts";

/** Versions that onnxruntime reads since 1.12 (2022). */
export const IR_VERSION = 8n;
export const OPSET = 17n;
/** Names of the graph's input and output. */
export const INPUT = "images";
export const OUTPUT = "logits";
/** Largest message of protobuf. */
const LARGEST = 2 ** 31 - 1;

export interface OnnxNetwork {
  /** The forward pass; its input is called `images`, its parameters and buffers by their names in `weights`. */
  readonly trace: Trace;
  /** float32; what the forward pass does not read is left out. */
  readonly weights: StateDict;
  /** [C, H, W] of one image. */
  readonly shape: readonly number[];
  readonly classes: number;
  /** What the images must be, for people. */
  readonly inputText: string;
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * The bytes of an ONNX file: opset 17, IR version 8, any number of images, inference.
 * @throws InputError for a network beyond 2 GiB, which an ONNX file cannot hold
 */
export function encodeOnnx({ trace, weights, shape, classes, inputText, metadata }: OnnxNetwork): Uint8Array {
  const operations = trace.operations.map(operationNodes);
  const nodes = operations.flatMap((operation) => operation.nodes);
  const read = new Set(nodes.flatMap(({ input }) => input));
  const used = [...weights].filter(([name]) => read.has(name));
  const size = used.reduce((sum, [, { data }]) => sum + data.byteLength, 0);
  if (size > LARGEST)
    throw new InputError({
      where: "--to onnx",
      message: `the network has ${size} bytes of weights, and an ONNX file holds less than 2 GiB`,
      hint: "--to safetensors has no such limit",
    });
  for (const node of nodes) node.output = node.output.map((name) => (name === trace.output ? OUTPUT : name));
  for (const node of nodes) node.input = node.input.map((name) => (name === trace.output ? OUTPUT : name));
  const model = create(ModelProtoSchema, {
    irVersion: IR_VERSION,
    opsetImport: [create(OperatorSetIdProtoSchema, { domain: "", version: OPSET })],
    producerName: "sweepstake",
    producerVersion: VERSION,
    docString: inputText,
    metadataProps: Object.entries(metadata).map(([key, value]) => create(StringStringEntryProtoSchema, { key, value })),
    graph: create(GraphProtoSchema, {
      name: "network",
      node: nodes,
      initializer: [
        ...used.map(([name, array]) => floats(name, array)),
        ...operations.flatMap(({ constants }) => constants),
      ],
      input: [value(INPUT, ["N", ...shape], inputText)],
      output: [value(OUTPUT, ["N", classes], "one logit per class, in the order of the labels; softmax gives shares")],
    }),
  });
  return toBinary(ModelProtoSchema, model);
}

/** A float32 tensor of a fixed shape but for named dimensions. */
function value(name: string, shape: readonly (string | number)[], docString: string): ValueInfoProto {
  const elem = create(TypeProto_TensorSchema, {
    elemType: TensorProto_DataType.FLOAT,
    shape: create(TensorShapeProtoSchema, { dim: shape.map(dimension) }),
  });
  const type = create(TypeProtoSchema, { value: { case: "tensorType", value: elem } });
  return create(ValueInfoProtoSchema, { name, type, docString });
}

function dimension(size: string | number): TensorShapeProto_Dimension {
  return create(TensorShapeProto_DimensionSchema, {
    value: typeof size === "string" ? { case: "dimParam", value: size } : { case: "dimValue", value: BigInt(size) },
  });
}

function floats(name: string, { shape, data }: HostArray): TensorProto {
  return create(TensorProtoSchema, {
    name,
    dims: shape.map(BigInt),
    dataType: TensorProto_DataType.FLOAT,
    // A copy, since the type asks for a buffer that nobody shares.
    rawData: Uint8Array.from(new Uint8Array(data.buffer, data.byteOffset, data.byteLength)),
  });
}
