import { elementCount, type HostArray, itemBytes, type StateDict } from "./array.ts";
import { InputError, InternalError } from "./errors.ts";
import { fileTypes, METADATA } from "./safetensors-format.ts";

export { decodeSafetensors } from "./safetensors-decode.ts";

/**
 * One safetensors file. Equal tensors and metadata give equal bytes, whatever the order of the maps: tensors are laid out
 * by falling element size, then by name, so that each is aligned to its element size; metadata keys are sorted.
 * @throws InputError when a tensor is called `__metadata__`, which the format keeps for itself
 */
export function encodeSafetensors(tensors: StateDict, metadata: Readonly<Record<string, string>>): Buffer {
  const ordered = [...tensors].sort(
    ([a, x], [b, y]) => itemBytes[y.dtype] - itemBytes[x.dtype] || (a < b ? -1 : a > b ? 1 : 0),
  );
  const fields: string[] = [];
  if (Object.keys(metadata).length > 0) fields.push(`${JSON.stringify(METADATA)}:${metadataJson(metadata)}`);
  let end = 0;
  for (const [name, array] of ordered) {
    checkTensor(name, array);
    const begin = end;
    end += array.data.byteLength;
    const { dtype, shape } = array;
    const entry = { dtype: fileTypes[dtype], shape, data_offsets: [begin, end] };
    fields.push(`${JSON.stringify(name)}:${JSON.stringify(entry)}`);
  }
  const json = `{${fields.join(",")}}`;
  const length = Math.ceil(Buffer.byteLength(json) / 8) * 8;
  const file = Buffer.alloc(8 + length + end, " ");
  file.writeBigUInt64LE(BigInt(length), 0);
  file.write(json, 8);
  let at = 8 + length;
  for (const [, { data }] of ordered) {
    file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return file;
}

function metadataJson(metadata: Readonly<Record<string, string>>): string {
  const fields = Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${fields.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(",")}}`;
}

function checkTensor(name: string, { shape, data }: HostArray): void {
  if (name === METADATA)
    throw new InputError({
      where: `tensor "${METADATA}"`,
      message: `expected another name: safetensors keeps "${METADATA}" for itself`,
      hint: "rename the parameter",
    });
  if (data.length !== elementCount(shape))
    throw new InternalError(
      `encodeSafetensors(): tensor "${name}" has ${data.length} elements, its shape [${shape.join(", ")}] says ${elementCount(shape)}`,
    );
}
