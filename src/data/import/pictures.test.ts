import { createCanvas } from "@napi-rs/canvas";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodePicture } from "./decode.ts";
import { fitPicture } from "./fit.ts";
import { greyPng, jpeg, png } from "./images.fixture.ts";

function fault(bytes: Uint8Array): string {
  try {
    decodePicture(bytes);
    return "taken";
  } catch (error) {
    return error instanceof Error ? error.message : "";
  }
}

describe("PNG", () => {
  it("gives the bytes that another encoder, with all its filters, has written", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 30 }),
        fc.integer(),
        (width, height, salt) => {
          const canvas = createCanvas(width, height);
          const context = canvas.getContext("2d");
          const image = context.createImageData(width, height);
          for (let i = 0; i < image.data.length; i++)
            image.data[i] = i % 4 === 3 ? 255 : ((i * i + (salt % 97) * i) >> 3) & 255;
          context.putImageData(image, 0, 0);
          const { pixels, channels } = decodePicture(canvas.toBuffer("image/png"));
          expect(channels).toBe(3);
          expect([...pixels]).toEqual([...image.data].filter((_, i) => i % 4 !== 3));
        },
      ),
      { numRuns: 30 },
    );
  });

  it("stretches grey of fewer bits and looks colours up in the palette", () => {
    const bits = png({ width: 4, height: 1, depth: 2 }, Uint8Array.of(0b00011011));
    expect([...decodePicture(bits).pixels]).toEqual([0, 85, 170, 255]);
    const palette = png({ width: 2, height: 1, colour: 3 }, Uint8Array.of(1, 0), [
      ["PLTE", Uint8Array.of(1, 2, 3, 4, 5, 6)],
    ]);
    expect([...decodePicture(palette).pixels]).toEqual([4, 5, 6, 1, 2, 3]);
  });

  it("refuses 16 bits, transparency, damage and what is cut off", () => {
    expect(fault(png({ width: 1, height: 1, depth: 16 }, Uint8Array.of(1, 2)))).toBe("PNG of 16 bits per sample");
    expect(fault(png({ width: 1, height: 1, colour: 6 }, Uint8Array.of(1, 2, 3, 254)))).toBe("transparent pixels");
    expect(fault(png({ width: 1, height: 1, colour: 6 }, Uint8Array.of(1, 2, 3, 255)))).toBe("taken");
    expect(fault(png({ width: 1, height: 1 }, Uint8Array.of(7), [["tRNS", Uint8Array.of(0, 7)]]))).toBe(
      "transparent pixels",
    );
    const whole = greyPng(9, 9, (i) => i);
    for (let end = 0; end < whole.length; end++) expect(fault(whole.subarray(0, end))).not.toBe("taken");
    for (let at = 8; at < whole.length; at++) {
      const changed = Buffer.from(whole);
      changed[at] = (changed[at] ?? 0) ^ 4;
      expect(fault(changed)).not.toBe("taken");
    }
  });

  it("a bomb ends at the size of its header", () => {
    const bomb = png({ width: 2, height: 1000 }, new Uint8Array(2000));
    bomb.writeUInt32BE(1, 20);
    expect(fault(bomb)).toContain("damaged PNG");
    const absurd = png({ width: 1, height: 1 }, Uint8Array.of(1));
    absurd.writeUInt32BE(2 ** 31 - 1, 16);
    expect(fault(absurd)).toContain("impossible size");
  });
});

describe("JPEG", () => {
  it("is decoded to the colour it was made of, within a level", () => {
    const { width, height, channels, pixels } = decodePicture(jpeg(17, 9, "rgb(200, 100, 50)"));
    expect([width, height, channels]).toEqual([17, 9, 3]);
    for (const [i, value] of pixels.entries())
      expect(Math.abs(value - ([200, 100, 50][i % 3] ?? 0))).toBeLessThanOrEqual(2);
  });

  it("that is cut off anywhere is refused, and so are four components", () => {
    const whole = jpeg(16, 16, "rgb(1, 2, 3)");
    for (let end = 0; end < whole.length; end++) expect(fault(whole.subarray(0, end))).not.toBe("taken");
    const frame = whole.indexOf(Buffer.of(0xff, 0xc0));
    const cmyk = Buffer.from(whole);
    cmyk[frame + 9] = 4;
    expect(fault(cmyk)).toBe("CMYK JPEG");
  });
});

describe("scaling and cutting", () => {
  it("averages when it halves, keeps what is constant, and takes the middle", () => {
    // By hand: halving has the weights 1/8, 3/8, 3/8, 1/8, at the ends 3/7, 3/7, 1/7.
    const line = Uint8Array.of(0, 70, 140, 210);
    const narrow = fitPicture(
      { width: 4, height: 4, channels: 1, pixels: new Uint8Array(16).map((_, i) => line[i % 4] ?? 0) },
      2,
      1,
    );
    expect([...narrow]).toEqual([50, 160, 50, 160]);
    const flat = { width: 37, height: 23, channels: 3, pixels: new Uint8Array(37 * 23 * 3).fill(99) } as const;
    expect(new Set(fitPicture(flat, 8, 3))).toEqual(new Set([99]));
    const wide = { width: 5, height: 2, channels: 1, pixels: Uint8Array.from({ length: 10 }, (_, i) => i) } as const;
    // An odd pixel goes by Python's round(1.5) = 2.
    expect([...fitPicture(wide, 2, 1)]).toEqual([2, 3, 7, 8]);
  });

  it("makes grey as PIL does, and planes of colours", () => {
    const red = { width: 1, height: 1, channels: 3, pixels: Uint8Array.of(255, 0, 0) } as const;
    expect([...fitPicture(red, undefined, 1)]).toEqual([76]);
    const two = { width: 2, height: 1, channels: 3, pixels: Uint8Array.of(1, 2, 3, 4, 5, 6) } as const;
    expect([...fitPicture(two, undefined, 3)]).toEqual([1, 4, 2, 5, 3, 6]);
  });
});
