import sharp from 'sharp';
import { beforeAll, expect, test } from 'vitest';
import { unwrap } from '../../src/index.js';
import { imagesOfFiles, type ImageOptions } from '../../src/training/index.js';
import { inBrowsers } from './inBrowsers.js';
import type { Checks } from './openPage.js';
import type { PictureChecks } from './picturesPage.js';

/** 12 × 8 pixels of smooth colours, which differ in every corner. */
const smooth = sharp(
  Uint8Array.from({ length: 12 * 8 * 3 }, (_, i) => {
    const [x, y, c] = [Math.floor(i / 3) % 12, Math.floor(i / 36), i % 3];
    return [20 * x, 30 * y, 10 * (x + y)][c]!;
  }),
  { raw: { width: 12, height: 8, channels: 3 } },
);
const clear = sharp(Uint8Array.of(0, 100, 200, 255, 9, 9, 9, 0, 255, 0, 0, 255), {
  raw: { width: 3, height: 1, channels: 4 },
});
const pictures = {
  smooth: await smooth.png().toBuffer(),
  turned: await smooth.withMetadata({ orientation: 6 }).jpeg({ quality: 100, chromaSubsampling: '4:4:4' }).toBuffer(),
  clear: await clear.png().toBuffer(),
}; // oxfmt-ignore
type Name = keyof typeof pictures;

/** The images that Node makes by sharp. */
const inNode = async (name: Name, options: ImageOptions): Promise<readonly number[]> => {
  const data = unwrap(await imagesOfFiles([new File([new Uint8Array(pictures[name])], 'a.png')], options)());
  return Array.from(unwrap(await data.batch(Int32Array.of(0))()).images, (x) => Math.round((x + 1) * 127.5));
};

inBrowsers('pictures', (running) => {
  let page: Checks<PictureChecks>;
  beforeAll(async () => {
    page = await running().open('./picturesPage.ts');
  });
  const inPage = (files: Readonly<Record<string, Uint8Array>>, options: ImageOptions) =>
    page.checks.evaluate((of, given) => of.images(given), {
      files: Object.fromEntries(Object.entries(files).map(([name, bytes]) => [name, Buffer.from(bytes).toString('base64')])),
      options,
    }); // oxfmt-ignore

  test.each<readonly [Name, ImageOptions, number]>([
    ['smooth', { size: [8, 12] }, 0],
    ['smooth', { size: 4, resize: 'none' }, 0],
    ['smooth', { size: 4, resize: 'none', crop: 'right', channels: 1 }, 0],
    ['clear', { size: [1, 3] }, 0],
    ['clear', { size: [1, 3], channels: 1, background: [10, 20, 30] }, 0],
    ['clear', { size: [1, 3], channels: 4 }, 0],
    ['turned', { size: [12, 8] }, 4], // JPEG decoders differ
    ['smooth', { size: 16, resize: 'contain' }, 25], // scaling algorithms differ
    ['smooth', { size: 4 }, 25],
    ['smooth', { size: [4, 6], resize: 'fill' }, 25],
  ])('%s, %j: as in Node, up to %d of 255', async (name, options, most) => {
    const [here, there] = [await inNode(name, options), await inPage({ 'a.png': pictures[name] }, options)];
    expect(there).toHaveLength(here.length);
    const far = (there as readonly number[]).map((byte, i) => Math.abs(byte - here[i]!));
    expect(Math.max(...far)).toBeLessThanOrEqual(most);
  });

  test('a picture of more than maxPixels is refused', async () => {
    const told = await inPage({ 'a.png': pictures.smooth }, { size: 4, maxPixels: 95 });
    expect(told).toMatch(/^a\.png: expected a picture of at most 95 pixels, got 12 × 8; /);
  });

  test('a file that is broken is named', async () => {
    const files = { 'a.png': pictures.smooth, 'b.png': Uint8Array.of(1, 2, 3) };
    expect(await inPage(files, { size: 4 })).toMatch(/^b\.png: expected a picture that can be decoded/);
  });
});
