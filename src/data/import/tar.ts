import { InputError } from "../../core/errors.ts";
import { visible } from "../../core/visible.ts";
import { readRange, type StoredFile } from "./stored-file.ts";

/** A file in a tar archive: where its bytes lie. */
export interface TarEntry {
  readonly name: string;
  readonly start: number;
  readonly size: number;
}

const BLOCK = 512;

/** Extended headers hold a long name and a few numbers. */
const MAX_EXTENDED = 2 ** 20;

/** Of the next entry, from headers before it. */
interface Extended {
  readonly name?: string;
  readonly size?: number;
}

/**
 * The files of a tar archive. Headers alone are read; folders are left out. No name is ever used as a path, but one that climbs out of the
 * archive is a reason to trust nothing in it.
 * @throws InputError for damage, links and devices, and names that climb out
 * @source POSIX.1-2001 (ustar and pax), GNU tar's manual (long names, large numbers)
 */
export function tarEntries(file: StoredFile): readonly TarEntry[] {
  const entries: TarEntry[] = [];
  let extended: Extended = {};
  for (let at = 0; ; ) {
    if (at + BLOCK > file.size) throw refuse(file, `is cut off at byte ${file.size}: it has no end`);
    const header = readRange(file, at, BLOCK);
    if (header.every((byte) => byte === 0)) return entries;
    if (!isHeader(header))
      throw refuse(file, at === 0 ? notTar(header) : `expected a header at byte ${at}, got another`);
    const type = String.fromCharCode(header[156] ?? 0);
    const size = extended.size ?? numberIn(header.subarray(124, 136));
    const start = at + BLOCK;
    if (!Number.isSafeInteger(size) || start + size > file.size)
      throw refuse(file, `is cut off: the entry at byte ${at} has ${size} bytes`);
    if (type === "x" || type === "L") {
      if (size > MAX_EXTENDED) throw refuse(file, `the header at byte ${at} has ${size} bytes`);
      extended = { ...extended, ...readExtended(type, readRange(file, start, size)) };
    } else if (type !== "g") {
      const name = checkedName(file, extended.name ?? nameIn(header));
      if (type === "0" || type === "\0" || type === "7") entries.push({ name, start, size });
      else if (type !== "5")
        throw new InputError({
          where: `${file.path}: ${visible(name)}`,
          message: "expected files and folders in the archive, got a link or a device",
          hint: "pack it again with --dereference",
        });
      extended = {};
    }
    at = start + Math.ceil(size / BLOCK) * BLOCK;
  }
}

/** The sum of all bytes, those of the sum itself as blanks. */
function isHeader(header: Buffer): boolean {
  const sum = header.reduce((total, byte, i) => total + (i >= 148 && i < 156 ? 32 : byte), 0);
  return /^[ 0-7]+[\0 ]*$/.test(header.toString("latin1", 148, 156)) && numberIn(header.subarray(148, 156)) === sum;
}

/** Octal digits, or GNU's binary form for more than they hold. */
function numberIn(field: Buffer): number {
  if (((field[0] ?? 0) & 0x80) !== 0)
    return field.reduce((value, byte, i) => value * 256 + (i === 0 ? byte & 0x7f : byte), 0);
  const digits = textIn(field).trim();
  return /^[0-7]*$/.test(digits) ? Number.parseInt(`0${digits}`, 8) : Number.NaN;
}

function nameIn(header: Buffer): string {
  const name = textIn(header.subarray(0, 100));
  const prefix = header.toString("latin1", 257, 263) === "ustar\0" ? textIn(header.subarray(345, 500)) : "";
  return prefix === "" ? name : `${prefix}/${name}`;
}

function textIn(field: Buffer): string {
  const end = field.indexOf(0);
  return field.toString("utf8", 0, end < 0 ? field.length : end);
}

/** `L`: a long name. `x`: lines of `LENGTH KEY=VALUE`. */
function readExtended(type: "x" | "L", bytes: Buffer): Extended {
  if (type === "L") return { name: textIn(bytes) };
  let found: Extended = {};
  for (let at = 0; at < bytes.length; ) {
    const [head = "", length] = /^(\d{1,9}) /.exec(bytes.toString("latin1", at, at + 10)) ?? [];
    const end = at + Number(length ?? bytes.length);
    const [key, ...value] = bytes.toString("utf8", at + head.length, end - 1).split("=");
    if (key === "path") found = { ...found, name: value.join("=") };
    if (key === "size") found = { ...found, size: Number(value.join("=")) };
    at = Math.max(end, at + 1);
  }
  return found;
}

function checkedName(file: StoredFile, name: string): string {
  const climbs =
    name.startsWith("/") || /[\\\0]/.test(name) || /^[A-Za-z]:/.test(name) || name.split("/").includes("..");
  if (!climbs && name !== "") return name;
  throw new InputError({
    where: file.path,
    message: `expected names inside the archive, got ${JSON.stringify(visible(name))}, which climbs out of it`,
    hint: "the archive was not made for you: do not unpack it",
  });
}

function notTar(header: Buffer): string {
  if (header[0] === 0x1f && header[1] === 0x8b)
    return "expected a plain tar archive, got a gzip file: unpack it with gunzip";
  return "expected a tar archive, got something else";
}

function refuse({ path }: StoredFile, message: string): InputError {
  return new InputError({ where: path, message, hint: "the file is damaged or no tar archive: fetch it again" });
}
