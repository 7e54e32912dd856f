/** A decoded image: 8 bits per sample, interleaved, row by row. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  /** 1 is grey, 3 is red, green and blue. */
  readonly channels: 1 | 3;
  /** [height, width, channels]. */
  readonly pixels: Uint8Array;
}

/** What a file's header says of its image. */
export type PictureSize = Pick<Picture, "width" | "height" | "channels">;

/** Why an image cannot be taken: a fault of few words, for counting, and what was found. */
export class PictureFault extends Error {
  override readonly name = "PictureFault";
  readonly fault: string;

  /**
   * @param fault  the same words for every file with this fault
   * @param detail what is special about this file
   */
  constructor(fault: string, detail = "") {
    super(detail === "" ? fault : `${fault} (${detail})`);
    this.fault = fault;
  }
}

/** Larger images are no photographs but attempts to fill the memory. */
const MOST_PIXELS = 2 ** 27;

/** @throws PictureFault for an impossible or absurd size */
export function checkSize(width: number, height: number): void {
  if (width < 1 || height < 1 || width * height > MOST_PIXELS)
    throw new PictureFault("image of an impossible size", `${width} × ${height}`);
}
