import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { decodeCheckpoint, readCheckpoint } from "../../../src/checkpoints/read-checkpoint.ts";
import { readMask } from "../../../src/checkpoints/read-mask.ts";
import { unpickle } from "../../../src/checkpoints/unpickle.ts";
import { ZipArchive } from "../../../src/checkpoints/zip-read.ts";
import { encodeZip } from "../../../src/checkpoints/zip-write.ts";
import type { HostArray } from "../../../src/core/array.ts";
import type { Stream } from "../../../src/core/rng.ts";
import { decodeSafetensors, encodeSafetensors } from "../../../src/core/safetensors.ts";
import { projectFolder } from "../root.ts";
import { mutated, mutatedText, pick } from "./mutate.ts";
import type { Reader } from "./reader.ts";

/** Files of PyTorch: both formats, all protocols, all types, pruned ones, whole checkpoints of trainings. */
function torchFiles(): readonly Buffer[] {
  const folder = join(projectFolder(), "test/fixtures/checkpoints");
  const names = readdirSync(folder).filter((name) => name.endsWith(".pt"));
  return names.sort().map((name) => readFileSync(join(folder, name)));
}

function isZip(file: Buffer): boolean {
  return file.readUInt16BE(0) === 0x504b;
}

const keys = [".", "state_dict", "__proto__", "optimizer.state", "constructor", "ema", "model."];

/** Mostly none: then the reader looks for the weights itself. */
function drawnKey(draws: Stream): { readonly key?: string } {
  return draws.below(8) === 0 ? { key: pick(keys, draws) } : {};
}

/** Whole files of torch.save. */
const torch: Reader = {
  name: ".pt",
  prepare() {
    const files = torchFiles();
    return (draws) => {
      const bytes = mutated(pick(files, draws), pick(files, draws), draws);
      const options = { ...drawnKey(draws), isMask: draws.below(4) === 0 };
      return { bytes, read: () => decodeCheckpoint(bytes, "f.pt", options) };
    };
  },
};

interface Parts {
  readonly parts: readonly { readonly name: string; readonly bytes: Buffer }[];
  readonly pickle: Buffer;
}

function partsOf(file: Buffer): Parts {
  const archive = new ZipArchive(file, "f.pt");
  const parts = archive.names.map((name) => ({ name, bytes: Buffer.from(archive.read(name)) }));
  return { parts, pickle: parts.find(({ name }) => name.endsWith("/data.pkl"))?.bytes ?? Buffer.alloc(0) };
}

/** The pickle inside, packed again with the right checksums. */
const repacked: Reader = {
  name: ".pt, repacked",
  prepare() {
    const files = torchFiles().filter(isZip).map(partsOf);
    return (draws) => {
      const { parts, pickle } = pick(files, draws);
      const changed = mutated(pickle, pick(files, draws).pickle, draws);
      const bytes = encodeZip(
        parts.map((part) => {
          if (part.bytes === pickle) return { ...part, bytes: changed };
          return draws.below(50) === 0 ? { ...part, bytes: mutated(part.bytes, part.bytes, draws) } : part;
        }),
      );
      const options = drawnKey(draws);
      return { bytes, read: () => decodeCheckpoint(bytes, "f.pt", options) };
    };
  },
};

/** Every opcode that pickles have, also those that are refused. */
const opcodes = [
  ...Buffer.from("(N\x88\x89KMJ\x8a\x8bGX\x8cUCB)\x85\x86\x87t]ae}su\x8f\x90qr\x94hjc\x93RbQ.io\x81\x92P", "latin1"),
];
const moreOpcodes = [...Buffer.from("\x8d\x8e\x91\x96\x97\x98012ILFSVTdlpg\x82", "latin1")];

/** The unpickler alone: changed pickles, and programs of random opcodes. */
const pickles: Reader = {
  name: "pickle",
  prepare() {
    const seeds = torchFiles()
      .filter(isZip)
      .map((file) => partsOf(file).pickle);
    return (draws) => {
      const bytes = draws.below(3) === 0 ? program(draws) : mutated(pick(seeds, draws), pick(seeds, draws), draws);
      return { bytes, read: () => unpickle(bytes, 0, "f.pt") };
    };
  },
};

function program(draws: Stream): Buffer {
  const length = 3 + draws.below(200);
  const body = Array.from({ length }, () => {
    const kind = draws.below(10);
    return kind < 6 ? pick(opcodes, draws) : kind < 7 ? pick(moreOpcodes, draws) : draws.below(16);
  });
  return Buffer.from([0x80, 2 + draws.below(4), ...body, 0x2e]);
}

const zip: Reader = {
  name: "zip",
  prepare() {
    const files = torchFiles().filter(isZip);
    return (draws) => {
      const bytes = mutated(pick(files, draws), pick(files, draws), draws);
      const read = () => {
        const archive = new ZipArchive(bytes, "f.zip");
        return archive.names.map((name) => archive.read(name).length);
      };
      return { bytes, read };
    };
  },
};

const arrays = new Map<string, HostArray>([
  ["conv.weight", { dtype: "float32", shape: [2, 1, 1, 2], data: Float32Array.of(0, 1, 0.5, -1) }],
  ["conv.weight_mask", { dtype: "int8", shape: [4], data: Int8Array.of(0, 1, 1, 0) }],
  ["steps", { dtype: "int64", shape: [], data: BigInt64Array.of(7n) }],
  ["empty", { dtype: "float16", shape: [0, 7], data: new Uint16Array(0) }],
]);

const safetensors: Reader = {
  name: "safetensors",
  prepare() {
    const ours = { format: "sweepstake-checkpoint-1", key: "0a".repeat(32) };
    const files = [{}, { format: "pt", order: '["steps","empty"]' }, ours].map((more) =>
      encodeSafetensors(arrays, more),
    );
    const headers = files.map((file) => file.subarray(8, 8 + Number(file.readBigUInt64LE(0))).toString("utf8"));
    return (draws) => {
      const n = draws.below(files.length);
      const [file = Buffer.alloc(0), header = ""] = [files[n], headers[n]];
      let bytes = mutated(file, pick(files, draws), draws);
      if (draws.below(2) === 0) {
        // The text of the header is changed, its length fits again.
        const changed = Buffer.from(
          mutatedText(header, pick(headers, draws), ["F32", "I8", "BOOL", "__metadata__"], draws),
        );
        const length = Buffer.alloc(8);
        length.writeBigUInt64LE(BigInt(changed.length));
        bytes = Buffer.concat([length, changed, file.subarray(8 + Buffer.byteLength(header))]);
      }
      const options = drawnKey(draws);
      const read = draws.below(2) === 0 ? decodeSafetensors : () => decodeCheckpoint(bytes, "f.safetensors", options);
      return { bytes, read: () => read(bytes, "f.safetensors") };
    };
  },
};

/** A model in two files with an index, and masks: what is read by path. */
const shards: Reader = {
  name: "shards, masks",
  prepare(folder) {
    const names = ["m-00001-of-00002.safetensors", "m-00002-of-00002.safetensors"];
    const halves = [...arrays].map((entry) => encodeSafetensors(new Map([entry]), {}));
    const map = { "conv.weight": names[0], steps: names[1] };
    const index = JSON.stringify({ metadata: { total_size: 24 }, weight_map: map });
    const mask = encodeSafetensors(new Map([...arrays].slice(1, 2)), {});
    for (const [i, name] of names.entries()) writeFileSync(join(folder, name), halves[2 * i] ?? "");
    return (draws) => {
      const isIndex = draws.below(2) === 0;
      const bytes = isIndex
        ? Buffer.from(mutatedText(index, index, names, draws))
        : mutated(mask, Buffer.from(index), draws);
      const path = join(folder, isIndex ? "m.safetensors.index.json" : "mask.safetensors");
      writeFileSync(path, bytes);
      return { bytes, read: () => (isIndex ? readCheckpoint(path) : readMask(path)) };
    };
  },
};

export const weightReaders: readonly Reader[] = [torch, repacked, pickles, zip, safetensors, shards];
