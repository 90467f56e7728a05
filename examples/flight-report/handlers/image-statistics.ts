// Step image_statistics: size and brightness of each image.
import { PNG } from 'pngjs';
import { defineHandler, PermanentError } from 'tasker-worker';

import { reasonOf } from '../lib/reason.js';
import { readSource, SOURCES } from '../lib/source-data.js';

export type ImageStatistics = {
  file: string;
  width: number;
  height: number;
  /** 0 (black) … 255 (white). */
  mean_luma: number;
};

const WHITE = 255;
const OPAQUE = 255;

export const imageStatisticsStep = defineHandler({
  name: 'image_statistics',
  executor: 'threads',
  module: import.meta.url,
  run: async () => ({
    images: await Promise.all(SOURCES.images.map(async (file) => imageStatistics(file, await readSource(file)))),
  }),
});

/**
 * Size of a PNG and its mean luma as seen on a white page.
 *
 * @param file - name for the result and for errors
 * @param png - content of the file
 * @throws {PermanentError} when it is no PNG
 */
export function imageStatistics(file: string, png: Buffer): ImageStatistics {
  const image = decode(file, png);
  return { file, width: image.width, height: image.height, mean_luma: meanLuma(image.data) };
}

/**
 * Mean of 0.2126 R + 0.7152 G + 0.0722 B over all pixels composited on white.
 *
 * The weights come last: until then everything is a sum of integers, which is exact.
 *
 * @param rgba - 4 bytes a pixel, alpha not premultiplied
 */
export function meanLuma(rgba: Uint8Array): number {
  const bytes = new DataView(rgba.buffer, rgba.byteOffset, rgba.byteLength);
  let red = 0;
  let green = 0;
  let blue = 0;
  for (let pixel = 0; pixel < rgba.length; pixel += 4) {
    const alpha = bytes.getUint8(pixel + 3);
    const background = WHITE * (OPAQUE - alpha);
    red += bytes.getUint8(pixel) * alpha + background;
    green += bytes.getUint8(pixel + 1) * alpha + background;
    blue += bytes.getUint8(pixel + 2) * alpha + background;
  }
  return (0.2126 * red + 0.7152 * green + 0.0722 * blue) / (OPAQUE * (rgba.length / 4));
}

function decode(file: string, png: Buffer): PNG {
  try {
    return PNG.sync.read(png);
  } catch (error) {
    throw new PermanentError(`${file} is not a PNG image: ${reasonOf(error)}`);
  }
}
