import { decodeJpeg, isJpeg, jpegSize } from "./jpeg.ts";
import { type Picture, PictureFault, type PictureSize } from "./picture.ts";
import { decodePng, isPng, pngSize } from "./png.ts";

/** Size and channels of an image file's bytes, by its header; of a picture, its own. @throws PictureFault for what is not taken */
export function pictureSize(bytes: Uint8Array | Picture): PictureSize {
  if (!(bytes instanceof Uint8Array)) return bytes;
  if (isPng(bytes)) return pngSize(bytes);
  if (isJpeg(bytes)) return jpegSize(bytes);
  throw neither(bytes);
}

/** The image in a file's bytes; a picture is one already. @throws PictureFault for what is not taken or damaged */
export function decodePicture(bytes: Uint8Array | Picture): Picture {
  if (!(bytes instanceof Uint8Array)) return bytes;
  if (isPng(bytes)) return decodePng(bytes);
  if (isJpeg(bytes)) return decodeJpeg(bytes);
  throw neither(bytes);
}

function neither(bytes: Uint8Array): PictureFault {
  return new PictureFault(bytes.length === 0 ? "empty file" : "neither PNG nor JPEG");
}
