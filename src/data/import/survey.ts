import { CHUNK, type Form, faultOf } from "./chunks.ts";
import { pictureSize } from "./decode.ts";
import { sourceError } from "./faults.ts";
import { PictureFault, type PictureSize } from "./picture.ts";
import type { Collection, SourceFault, SourceSpec } from "./source.ts";

/** The shape of a set and how its images get it. */
export interface Survey extends Form {
  readonly shape: readonly [number, number, number];
}

/**
 * Reads every image's header: what is wrong with any of them, and which shape they have in common.
 * @param onProgress images looked at so far
 * @throws InputError with all faults that headers show: unreadable files, kinds that are not taken, ragged sizes without `side`
 */
export async function survey(
  source: SourceSpec,
  collection: Collection,
  onProgress: (done: number) => void,
): Promise<Survey> {
  const faults: SourceFault[] = [];
  const sizes = new Map<string, { readonly size: PictureSize; readonly indices: number[] }>();
  const { images } = collection;
  let hasColour = false;
  for (let from = 0; from < images.length; from += CHUNK) {
    for (const [i, file] of (await collection.read(from, from + CHUNK)).entries()) {
      const name = images[from + i]?.name ?? "";
      try {
        if (file instanceof Error) throw new PictureFault("unreadable file", file.message);
        const { width, height, channels } = pictureSize(file);
        const size = { width, height, channels };
        hasColour ||= size.channels === 3;
        const key = `${size.width} × ${size.height}`;
        const group = sizes.get(key) ?? { size, indices: [] };
        group.indices.push(from + i);
        sizes.set(key, group);
      } catch (error) {
        faults.push(faultOf(name, error));
      }
    }
    onProgress(Math.min(images.length, from + CHUNK));
  }
  const groups = [...sizes.entries()].sort(([, a], [, b]) => b.indices.length - a.indices.length);
  const [most, ...others] = groups;
  if (source.side === undefined && most !== undefined)
    for (const [key, { indices }] of others)
      for (const index of indices)
        faults.push({
          name: images[index]?.name ?? "",
          fault: `image of another size than the ${most[0]} of most`,
          detail: key,
        });
  if (faults.length > 0 || most === undefined) throw sourceError(source.place, faults);
  const channels = source.channels ?? (hasColour ? 3 : 1);
  const { width, height } = source.side === undefined ? most[1].size : { width: source.side, height: source.side };
  return { side: source.side, channels, pixels: channels * width * height, shape: [channels, height, width] };
}
