import { InputError } from "../../core/errors.ts";
import type { StoredArray } from "./arrays.ts";
import type { Picture } from "./picture.ts";

/** How the values of [N, H, W], [N, H, W, C] and [N, C, H, W] become pictures; C is 1 or 3. */
export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  readonly isChannelsFirst: boolean;
}

/**
 * How the images of an array become pictures.
 * @throws InputError for other types than uint8, other shapes, and arrays of another size than their shape says
 */
export function pictureLayout({ header, name, size }: StoredArray): Layout {
  const { type, shape, isFortran } = header();
  if (!/^[|<>=]?u1$/.test(type) || isFortran)
    throw new InputError({
      where: name,
      message: `expected images of type uint8 in C order, got ${type}${isFortran ? " in Fortran order" : ""}`,
      hint: "values from 0 to 255 are kept as bytes: numpy.ascontiguousarray(a).astype('uint8')",
    });
  const found = layout(name, shape);
  checkValues(
    name,
    size(),
    shape.reduce((product, n) => product * n, 1),
  );
  return found;
}

/** The picture of a row, from bytes of the array's values. */
export function pictureAt(
  { width, height, channels, isChannelsFirst }: Layout,
  row: number,
  read: (at: number, length: number) => Buffer,
): Picture {
  const size = width * height * channels;
  const bytes = read(row * size, size);
  return { width, height, channels, pixels: isChannelsFirst ? interleaved(bytes, channels) : bytes };
}

function layout(name: string, shape: readonly number[]): Layout {
  const [, a = 0, b = 0, c = 1] = shape;
  const last = shape.length === 3 || (shape.length === 4 && (c === 1 || c === 3));
  const first = shape.length === 4 && (a === 1 || a === 3);
  if (last === first || a * b * c === 0)
    throw new InputError({
      where: name,
      message: `expected images of shape [N, H, W], [N, H, W, C] or [N, C, H, W] with 1 or 3 channels, got [${shape.join(", ")}]`,
      hint: last && first ? "it could be read both ways: write it as [N, H, W]" : "numpy.reshape gives it one",
    });
  const channels = (first ? a : c) === 3 ? 3 : 1;
  return first
    ? { width: c, height: b, channels, isChannelsFirst: true }
    : { width: b, height: a, channels, isChannelsFirst: false };
}

function interleaved(planes: Uint8Array, channels: number): Uint8Array {
  const plane = planes.length / channels;
  return Uint8Array.from(
    { length: planes.length },
    (_, i) => planes[(i % channels) * plane + Math.floor(i / channels)] ?? 0,
  );
}

/** @throws InputError when an array has more or fewer bytes than its shape says */
export function checkValues(where: string, found: number, expected: number): void {
  if (found !== expected)
    throw new InputError({
      where,
      message: `expected ${expected} bytes of values, as its shape says, got ${found}`,
      hint: "the file is damaged or cut off: write or copy it again",
    });
}
