import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { pythonWith, runPython } from "../python.fixture.ts";
import { crc32c } from "./crc32c.ts";
import { type EventFile, encodeEvents } from "./events.ts";
import { decodeRecords, encodeRecord } from "./records.ts";

const folder = mkdtempSync(join(tmpdir(), "sweepstake-tensorboard-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("CRC-32C", () => {
  // RFC 3720, appendix B.4, and the check value of the algorithm.
  it.each([
    ["123456789", Buffer.from("123456789"), 0xe3069283],
    ["32 zeros", Buffer.alloc(32), 0x8a9136aa],
    ["32 ones", Buffer.alloc(32, 0xff), 0x62a8ab43],
    ["0 to 31", Buffer.from(Array.from({ length: 32 }, (_, i) => i)), 0x46dd794e],
    ["nothing", Buffer.alloc(0), 0],
  ])("of %s", (_, bytes, crc) => {
    expect(crc32c(bytes)).toBe(crc);
  });
});

const file: EventFile = {
  hparams: { "train.lr": 0.1, start: "ticket", "augment.flip": true, seed: 0 },
  startedAt: 1.7e9,
  finishedAt: 1.7e9 + 5,
  status: "success",
  events: [
    { wallTime: 1.7e9 + 2, step: 1, scalars: { "loss/train": 2.25, "accuracy/test": 50 } },
    { wallTime: 1.7e9 + 4.5, step: 300, scalars: { "loss/train": 1.125, "accuracy/test": 75.5 } },
  ],
};

describe("an event file", () => {
  const bytes = encodeEvents(file);

  it("begins with the version, bytes and checksums as TensorFlow writes them", () => {
    // wall_time 1.7e9 (field 1, double), "brain.Event:2" (field 3): 9 + 15 bytes; checksums of an independent implementation.
    expect(bytes.readBigUInt64LE(0)).toBe(24n);
    expect(bytes.readUInt32LE(8)).toBe(0x224b7fa3);
    expect(bytes.readDoubleLE(13)).toBe(1.7e9);
    expect(bytes.toString("latin1", 23, 36)).toBe("brain.Event:2");
    expect(bytes.readUInt32LE(36)).toBe(0x9d8fedec);
  });

  it("has a scalar as field 5.1 of its event: tag and float32", () => {
    const records = decodeRecords(bytes);
    expect(records.length).toBe(5);
    const value = Buffer.from([0x0a, 10, ...Buffer.from("loss/train"), 0x15, 0, 0, 0x10, 0x40]); // 2.25
    const step = Buffer.from([0x10, 1, 0x2a]);
    const event = Buffer.from(records[2] ?? []);
    expect(event.readDoubleLE(1)).toBe(1.7e9 + 2);
    expect(event.indexOf(step)).toBe(9);
    expect(event.indexOf(Buffer.concat([Buffer.from([0x0a, value.length]), value]))).toBe(13);
    expect(Buffer.from(records[3] ?? []).subarray(9, 12)).toEqual(Buffer.from([0x10, 0xac, 0x02])); // step 300
  });

  it("is known to be damaged", () => {
    const flipped = Buffer.from(bytes);
    flipped[20] = (flipped[20] ?? 0) ^ 1;
    expect(decodeRecords(flipped)).toBe("the record at byte 0 has a wrong checksum");
    expect(decodeRecords(bytes.subarray(0, -1))).toMatch(/is cut off/);
    expect(decodeRecords(Buffer.concat([encodeRecord(Buffer.of(1)), Buffer.of(1, 2)]))).toMatch(
      /a record at byte 17 is cut off/,
    );
  });

  const python = pythonWith("tensorboard");
  it.skipIf(python === undefined)(
    "is read by TensorBoard itself (needs a Python with tensorboard)",
    () => {
      writeFileSync(join(folder, "events.out.tfevents.sweepstake"), bytes);
      const program = `
import json, sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams import plugin_data_pb2
log = EventAccumulator(sys.argv[1]); log.Reload()
scalars = {tag: [[e.wall_time, e.step, e.value] for e in log.Scalars(tag)] for tag in log.Tags()["scalars"]}
content = log.summary_metadata
def data(tag): return plugin_data_pb2.HParamsPluginData.FromString(log.PluginTagToContent("hparams")[tag])
start, end = data("_hparams_/session_start_info").session_start_info, data("_hparams_/session_end_info").session_end_info
value = lambda v: getattr(v, v.WhichOneof("kind"))
print(json.dumps([scalars, {k: value(v) for k, v in start.hparams.items()}, start.start_time_secs, end.status, end.end_time_secs]))`;
      const [scalars, hparams, ...times] = JSON.parse(runPython(python ?? "", program, folder)) as unknown[];
      expect(scalars).toEqual({
        "loss/train": [
          [1.7e9 + 2, 1, 2.25],
          [1.7e9 + 4.5, 300, 1.125],
        ],
        "accuracy/test": [
          [1.7e9 + 2, 1, 50],
          [1.7e9 + 4.5, 300, 75.5],
        ],
      });
      expect(hparams).toEqual(file.hparams);
      expect(times).toEqual([1.7e9, 1, 1.7e9 + 5]);
    },
    60_000,
  );
});
