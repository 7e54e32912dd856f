import { gunzipSync, gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { canonicalJson, type Json, sha256 } from "../../core/canonical-json.ts";
import { provenance } from "../../store/provenance.fixture.ts";
import { encodeRecord } from "../../store/record.ts";
import { decodeResults, encodeResults, type FinishedResult } from "./results-file.ts";

/** A finished stage whose key is that of what it states. */
function result(seed: number, files: Readonly<Record<string, string>>, key?: string): FinishedResult {
  const stage = canonicalJson({ kind: "train", version: 1, parameters: { seed }, inputs: {} });
  const all = new Map(
    Object.entries({ "stage.json": `${stage}\n`, ...files }).map(([name, text]) => [name, Buffer.from(text)]),
  );
  const entries = [...all].map(([name, bytes]) => [name, { sha256: sha256(bytes), sizeBytes: bytes.length }] as const);
  return {
    record: {
      format: 1,
      key: key ?? sha256(stage),
      kind: "train",
      status: "done",
      summary: {},
      files: Object.fromEntries(entries),
      provenance,
    },
    files: all,
  };
}

const results = [
  result(0, { "metrics.jsonl": '{"epoch":1}\n', "mask.safetensors": "\0\n\xff" }),
  result(1, { "metrics.jsonl": "" }),
];
const name = "rates";
const packed = encodeResults({ name, results });

/** The file with its unpacked bytes changed. */
function changed(change: (bytes: Buffer) => Buffer): Buffer {
  return gzipSync(change(gunzipSync(packed)));
}

/** The file with fields of its first line changed. */
function withHeader(fields: Readonly<Record<string, Json>>): Buffer {
  return changed((bytes) => {
    const end = bytes.indexOf(10);
    const header = { ...(JSON.parse(bytes.subarray(0, end).toString()) as Record<string, Json>), ...fields };
    return Buffer.concat([Buffer.from(canonicalJson(header)), bytes.subarray(end)]);
  });
}

/** A file whose checksums all fit, holding this. */
function forged(record: string, ...files: readonly string[]): Buffer {
  const body = Buffer.concat([record, ...files].map((text) => Buffer.from(text)));
  const header = { type: "sweepstake results", format: 1, sweepstake: "0.1.0", name, results: 1 };
  const line = canonicalJson({ ...header, sizeBytes: body.length, sha256: sha256(body) });
  return gzipSync(Buffer.concat([Buffer.from(`${line}\n`), body]));
}

const read = (bytes: Buffer) => decodeResults(bytes, "a.results.gz");

describe("an export of results", () => {
  it("holds every record and every byte, in the order of the keys, and is the same bytes for the same results", () => {
    const sorted = [...results].sort((a, b) => (a.record.key < b.record.key ? -1 : 1));
    expect(read(packed)).toEqual({ name, results: sorted });
    expect(encodeResults({ name, results: [...results].reverse() })).toEqual(packed);
  });

  it("is refused wherever it is cut off", () => {
    for (let length = 2; length < packed.length; length += 7)
      expect(() => read(packed.subarray(0, length))).toThrow(/^a\.results\.gz: the file is damaged: it is cut off/);
    expect(() => read(changed((bytes) => bytes.subarray(0, -1)))).toThrow(/bytes of results instead of/);
  });

  it("is refused with any bit of what it holds flipped", () => {
    const { length } = gunzipSync(packed);
    for (let at = 0; at < length; at += 13) {
      const flipped = changed((bytes) => {
        bytes.writeUInt8((bytes[at] ?? 0) ^ 4, at);
        return bytes;
      });
      expect(() => read(flipped), `byte ${at}`).toThrow(/a\.results\.gz: the file/);
    }
  });

  it("is refused by name when another version wrote it, and when it is none", () => {
    expect(() => read(withHeader({ format: 2, sweepstake: "9.0.0" }))).toThrow(
      /another version: it is of format 2, by sweepstake 9\.0\.0, this version reads format 1/,
    );
    const [first] = results;
    const record = first === undefined ? "" : encodeRecord({ ...first.record, format: 2 as 1 });
    expect(() => read(forged(record))).toThrow(/another version: it has records of format 2/);
    expect(() => read(withHeader({ type: "zip" }))).toThrow(/no export of results: its first line/);
    expect(() => read(Buffer.from("name: demo\n"))).toThrow(/no export of results: it is not packed by gzip/);
    expect(() => read(withHeader({ results: 3 }))).toThrow("it holds 2 results instead of 3");
  });

  it("is refused when a result has the key of another stage, or weights", () => {
    const record = (of: FinishedResult) => [encodeRecord(of.record), ...fileTexts(of)] as const;
    const other = result(1, {}, results[0]?.record.key);
    expect(() => read(forged(...record(other)))).toThrow(/its key is that of another stage/);
    expect(() => read(forged(...record(result(1, { "weights@2.safetensors": "" }))))).toThrow(
      /lists the file "weights@2\.safetensors", which no export has/,
    );
    expect(() => read(forged(...record(result(1, { "../evil": "" }))))).toThrow(/lists the file "\.\.\/evil"/);
    expect(read(forged(...record(result(1, {})))).results).toHaveLength(1);
  });
});

function fileTexts({ record, files }: FinishedResult): readonly string[] {
  return Object.keys(record.files)
    .sort()
    .map((file) => files.get(file)?.toString() ?? "");
}
