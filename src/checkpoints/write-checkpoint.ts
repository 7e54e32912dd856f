import { extname } from "node:path";
import type { StateDict } from "../core/array.ts";
import { InputError } from "../core/errors.ts";
import { encodeSafetensors } from "../core/safetensors.ts";
import { orderMetadata } from "../core/safetensors-order.ts";
import { encodeTorch } from "./torch-write.ts";

/** How weights are written, by the ending of the file's name. */
const encoders: Readonly<Record<string, (state: StateDict) => Buffer>> = {
  ".pt": encodeTorch,
  ".pth": encodeTorch,
  ".pth.tar": encodeTorch,
  ".ckpt": encodeTorch,
  ".bin": encodeTorch,
  ".safetensors": (state) => encodeSafetensors(state, { format: "pt", ...orderMetadata(state) }),
};

/**
 * The encoder of a weight file that PyTorch reads; for the form of torch.nn.utils.prune see `toPruneForm`.
 * @param path its ending says the format: .pt, .pth, .pth.tar, .ckpt and .bin a state dict of torch.save, .safetensors safetensors
 * @throws InputError for any other ending
 */
export function checkpointEncoder(path: string): (state: StateDict) => Buffer {
  const ending = Object.keys(encoders).find((one) => path.toLowerCase().endsWith(one));
  const encoder = ending === undefined ? undefined : encoders[ending];
  if (encoder === undefined)
    throw new InputError({
      where: path,
      message: `expected a name that ends in ${Object.keys(encoders).join(", ")}, got "${extname(path)}"`,
      hint: "the ending says which format is written",
    });
  return encoder;
}
