import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { encodeRecord } from "./records.ts";

/** Numbers by tag, at one step of a run. */
export interface ScalarEvent {
  /** Seconds since 1970. */
  readonly wallTime: number;
  readonly step: number;
  readonly scalars: Readonly<Record<string, number>>;
}

/** A run as TensorBoard shows it. */
export interface EventFile {
  /** Settings of the run, for the HParams page. */
  readonly hparams: Readonly<Record<string, string | number | boolean>>;
  readonly startedAt: number;
  readonly finishedAt: number;
  readonly status: "success" | "failure";
  readonly events: readonly ScalarEvent[];
}

/**
 * The bytes of an event file: version, settings, scalars (float32, as TensorBoard keeps them), end. Field numbers are those of its messages.
 * @source tensorflow/core/util/event.proto and framework/summary.proto; tensorboard/plugins/hparams/plugin_data.proto
 */
export function encodeEvents({ hparams, startedAt, finishedAt, status, events }: EventFile): Buffer {
  const version = event(startedAt, 0, (writer) => writer.tag(3, WireType.LengthDelimited).string("brain.Event:2"));
  const start = hparamsEvent(startedAt, "_hparams_/session_start_info", (data) =>
    message(data, 3, (info) => {
      for (const [name, value] of Object.entries(hparams))
        message(info, 1, (entry) => {
          entry.tag(1, WireType.LengthDelimited).string(name);
          message(entry, 2, (of) => protobufValue(of, value));
        });
      info.tag(5, WireType.Bit64).double(startedAt);
    }),
  );
  const end = hparamsEvent(finishedAt, "_hparams_/session_end_info", (data) =>
    message(data, 4, (info) => {
      info.tag(1, WireType.Varint).int32(status === "success" ? 1 : 2);
      info.tag(2, WireType.Bit64).double(finishedAt);
    }),
  );
  return Buffer.concat([version, start, ...events.map(scalarEvent), end].map(encodeRecord));
}

type Fill = (writer: BinaryWriter) => void;

/** `Event`: wall_time = 1, step = 2, and one of the others. */
function event(wallTime: number, step: number, fill: Fill): Uint8Array {
  const writer = new BinaryWriter();
  writer.tag(1, WireType.Bit64).double(wallTime);
  if (step !== 0) writer.tag(2, WireType.Varint).int64(step);
  fill(writer);
  return writer.finish();
}

/** `Event.summary` = 5, `Summary.value` = 1, `Value`: tag = 1, simple_value = 2. */
function scalarEvent({ wallTime, step, scalars }: ScalarEvent): Uint8Array {
  return event(wallTime, step, (writer) =>
    message(writer, 5, (summary) => {
      for (const [tag, number] of Object.entries(scalars))
        message(summary, 1, (value) => {
          value.tag(1, WireType.LengthDelimited).string(tag);
          value.tag(2, WireType.Bit32).float(number);
        });
    }),
  );
}

/** `Value.metadata` = 9, `SummaryMetadata.plugin_data` = 1, `PluginData`: plugin_name = 1, content = 2. */
function hparamsEvent(wallTime: number, tag: string, fill: Fill): Uint8Array {
  return event(wallTime, 0, (writer) =>
    message(writer, 5, (summary) =>
      message(summary, 1, (value) => {
        value.tag(1, WireType.LengthDelimited).string(tag);
        message(value, 9, (metadata) =>
          message(metadata, 1, (plugin) => {
            plugin.tag(1, WireType.LengthDelimited).string("hparams");
            message(plugin, 2, fill);
          }),
        );
      }),
    ),
  );
}

/** `google.protobuf.Value`: number_value = 2, string_value = 3, bool_value = 4. */
function protobufValue(writer: BinaryWriter, value: string | number | boolean): void {
  if (typeof value === "number") writer.tag(2, WireType.Bit64).double(value);
  else if (typeof value === "string") writer.tag(3, WireType.LengthDelimited).string(value);
  else writer.tag(4, WireType.Varint).bool(value);
}

/** A message inside a message, or bytes that are one. */
function message(writer: BinaryWriter, field: number, fill: Fill): void {
  writer.tag(field, WireType.LengthDelimited).fork();
  fill(writer);
  writer.join();
}
