import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { crc32 } from '../formats/bytes/crc32.js';
import { leftOf, right } from '../training/testing.js';
import { type Dataset, pixelOf } from './dataset.js';
import { loadSharp } from './decoders.js';
import { imageFolder } from './imageFolder.js';
import { imagesOfFiles } from './imagesOfFiles.js';
import { schema } from '../internal/schema.js';
import { pictureFields, type PictureOptions, placementOf, planOf } from './pictures.js';

const root = mkdtempSync(join(tmpdir(), 'noisefold-'));
afterAll(() => rmSync(root, { recursive: true }));

let count = 0;
let folder = '';
beforeEach(() => {
  folder = join(root, `${count++}`);
  mkdirSync(folder);
});

/** A picture of rows of pixels, each with its channels. */
const picture = (rows: readonly (readonly (readonly number[])[])[]): Sharp =>
  sharp(Uint8Array.from(rows.flat(2)), {
    raw: { width: rows[0]!.length, height: rows.length, channels: rows[0]![0]!.length as 1 | 3 | 4 },
  });
/** A picture of one colour. */
const plain = (width: number, height: number, ...color: readonly number[]): Sharp =>
  picture(Array.from({ length: height }, () => Array.from({ length: width }, () => color)));
const grey = plain(2, 2, 128).png().toBuffer();

const save = async (path: string, content: Promise<Uint8Array> | Uint8Array | string): Promise<void> => {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), await content);
};

/** The bytes of an image. */
const bytesAt = async (data: Dataset, position: number): Promise<readonly number[]> =>
  [...right(await data.batch(Int32Array.of(position))()).images].map((x) => Math.round((x + 1) * 127.5));
const labelsOf = async (data: Dataset): Promise<readonly number[]> => [
  ...right(await data.batch(Int32Array.from({ length: data.size }, (_, i) => i))()).labels!,
];

describe('classes', () => {
  test('are the subfolders, sorted by name, however deep the pictures are', async () => {
    for (const path of ['dogs/b.png', 'dogs/old/1999/a.png', 'cats/a.png', 'Ants/x.png']) await save(path, grey);
    const data = right(await imageFolder(folder, { size: 2 })());
    expect(data.names).toEqual({ label: ['Ants', 'cats', 'dogs'] });
    expect(data.files).toEqual(['Ants/x.png', 'cats/a.png', 'dogs/b.png', 'dogs/old/1999/a.png']);
    expect(await labelsOf(data)).toEqual([0, 1, 2, 2]);
    expect(data.image).toEqual([2, 2, 3]);
  });

  test('are absent in a flat folder, or with labels: none', async () => {
    await save('a.png', grey);
    expect(right(await imageFolder(folder, { size: 2 })()).names).toEqual({});
    await save('sub/b.png', grey);
    const data = right(await imageFolder(folder, { size: 2, labels: 'none' })());
    expect(right(await data.batch(Int32Array.of(0, 1))()).labels).toBeUndefined();
  });

  test('are required for a picture beside the folders', async () => {
    for (const path of ['cats/a.png', 'loose.png']) await save(path, grey);
    const error = await leftOf(imageFolder(folder, { size: 2 }));
    expect(error).toMatchObject({ _tag: 'ConfigError', where: 'imageFolder.labels', actual: 'loose.png beside the folders' });
  });

  test('come from a function of the path, as names or numbers', async () => {
    for (const path of ['cat_1.png', 'cat_2.png', 'ape_1.png']) await save(path, grey);
    const named = right(await imageFolder(folder, { size: 2, labels: (path) => path.split('_')[0]!, conditions: (path) => ({ name: path }) })());
    expect(right(await named.batch(Int32Array.of(2))()).conditions).toEqual({ name: ['cat_2.png'] });
    expect(named.names['label']).toEqual(['ape', 'cat']);
    expect(await labelsOf(named)).toEqual([0, 1, 1]);
    const numbered = right(await imageFolder(folder, { size: 2, labels: (path) => (path.startsWith('cat') ? 2 : 0) })());
    expect(numbered.names).toEqual({ label: ['0', '1', '2'] });
    expect(await labelsOf(numbered)).toEqual([0, 2, 2]);
  });

  test('are those of the training data, even if some have no pictures', async () => {
    await save('dogs/a.png', grey);
    const classes = ['cats', 'dogs'];
    expect(await labelsOf(right(await imageFolder(folder, { size: 2, names: { label: classes } })()))).toEqual([1]);
    await save('owls/a.png', grey);
    const error = await leftOf(imageFolder(folder, { size: 2, names: { label: classes } }));
    expect(error).toMatchObject({ expected: 'one of the classes cats, dogs', actual: 'owls for owls/a.png' });
  });

  test.each([
    ['a fraction', () => 0.5],
    ['a negative number', () => -1],
    ['nothing', () => undefined as never],
    ['a name for one and a number for another', (path: string) => (path === 'a.png' ? 1 : 'b')],
  ])('are not %s', async (_, labels) => {
    for (const path of ['a.png', 'b.png']) await save(path, grey);
    expect(await leftOf(imageFolder(folder, { size: 2, labels }))).toMatchObject({ _tag: 'ConfigError', where: 'imageFolder.labels' });
  });
}); // oxfmt-ignore

describe('files', () => {
  test('of every format and spelling are pictures; others are listed as ignored', async () => {
    const result = plain(3, 3, 10, 20, 30);
    await save('a.JPG', result.jpeg({ quality: 100, chromaSubsampling: '4:4:4' }).toBuffer());
    await save('b.Png', result.png().toBuffer());
    await save('c.webp', result.webp({ lossless: true }).toBuffer());
    await save('d.gif', result.gif().toBuffer());
    await save('e.TIFF', result.tiff({ compression: 'none' }).toBuffer());
    await save('f.avif', result.avif({ lossless: true }).toBuffer());
    await save('g.jpeg', plain(3, 3, 0, 0, 0).jpeg().toBuffer());
    await save('notes.txt', 'not a picture');
    await save('.hidden.png', grey);
    await save('._b.png', 'a copy that macOS leaves behind');
    await save('.thumbnails/a.png', grey);
    await save('__MACOSX/a.png', grey);
    mkdirSync(join(folder, 'empty'));
    const data = right(await imageFolder(folder, { size: 3 })());
    expect(data.files).toEqual(['a.JPG', 'b.Png', 'c.webp', 'd.gif', 'e.TIFF', 'f.avif', 'g.jpeg']);
    expect(data.ignored).toEqual(['._b.png', '.hidden.png', '.thumbnails/', '__MACOSX/', 'empty/', 'notes.txt']);
    for (const i of [1, 2, 3, 4]) expect((await bytesAt(data, i)).slice(0, 3)).toEqual([10, 20, 30]);
  });

  test('behind links are read once, also with circular and broken links', async () => {
    await save('real/a.png', grey);
    symlinkSync('..', join(folder, 'real', 'back'));
    symlinkSync('real', join(folder, 'again'));
    symlinkSync('nowhere', join(folder, 'broken.png'));
    symlinkSync(join('real', 'a.png'), join(folder, 'real', '..', 'linked'));
    const other = mkdtempSync(join(root, 'other-'));
    writeFileSync(join(other, 'b.png'), await grey);
    symlinkSync(other, join(folder, 'elsewhere'));
    const data = right(await imageFolder(folder, { size: 2 })());
    expect(data.files).toEqual(['elsewhere/b.png', 'real/a.png']);
    expect(data.ignored).toEqual(['again/', 'broken.png', 'linked', 'real/back/']);
  });

  test.each([
    ['truncated', async () => (await plain(64, 64, 1, 2, 3).jpeg().toBuffer()).subarray(0, -50)],
    ['of another kind', async () => new TextEncoder().encode('text')],
    ['empty', async () => new Uint8Array(0)],
    ['a truncated PNG', async () => (await plain(64, 64, 1, 2, 3).png({ compressionLevel: 0 }).toBuffer()).subarray(0, 4000)],
    ['an SVG', async () => new TextEncoder().encode('<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"/>')],
    ['a BMP', async () => Uint8Array.of(0x42, 0x4d, 58, 0, 0, 0, 0, 0, 0, 0, 54, 0, 0, 0, 40, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 24)],
  ] as const)('that are broken (%s) are errors that name them', async (_, make) => {
    await save('good.png', grey);
    await save('zebras.jpg', make());
    const error = await leftOf(right(await imageFolder(folder, { size: 2 })()).batch(Int32Array.of(0, 1, 0)));
    expect(error).toMatchObject({ _tag: 'DecodeError', where: join(folder, 'zebras.jpg'), expected: expect.stringMatching(/^a picture that can be decoded/) });
  });

  test('of a format that is not read say how they begin', async () => {
    const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"><rect width="8" height="8"/></svg>';
    await save('logo.png', new TextEncoder().encode(svg));
    const error = await leftOf(right(await imageFolder(folder, { size: 2 })()).batch(Int32Array.of(0)));
    expect(error.message).toBe(
      `${join(folder, 'logo.png')}: expected a picture that can be decoded: JPEG, PNG, WebP, GIF, TIFF or AVIF, ` +
        'got a file that begins with "<svg xmlns=\\"http"; convert the file to one of these formats, replace it, or remove it',
    );
  });

  test.each(['jpeg', 'png', 'webp', 'gif', 'tiff', 'avif'] as const)('of the format %s are read under any name', async (format) => {
    await save('zebra.png', plain(8, 8, 255, 255, 255).toFormat(format).toBuffer());
    const { images } = right(await right(await imageFolder(folder, { size: 1 })()).batch(Int32Array.of(0))());
    expect(Math.min(...images)).toBeGreaterThan(0.95);
  });

  test('that were removed are a FileError that names them', async () => {
    await save('a.png', grey);
    const data = right(await imageFolder(folder, { size: 2, cache: 0 })());
    rmSync(join(folder, 'a.png'));
    expect(await leftOf(data.batch(Int32Array.of(0)))).toMatchObject({ _tag: 'FileError', where: join(folder, 'a.png') });
  });

  test('in a folder that is missing, a file or without pictures are errors', async () => {
    await save('text.txt', 'text');
    expect(await leftOf(imageFolder(join(folder, 'none'), { size: 2 }))).toMatchObject({ _tag: 'FileError', where: join(folder, 'none') });
    expect(await leftOf(imageFolder(join(folder, 'text.txt'), { size: 2 }))).toMatchObject({ _tag: 'FileError' });
    expect(await leftOf(imageFolder(folder, { size: 2 }))).toMatchObject({ _tag: 'DecodeError', actual: 'none, and 1 other files or folders' });
    expect(await leftOf(imageFolder(undefined as never, { size: 2 }))).toMatchObject({ _tag: 'ConfigError', where: 'imageFolder.path' });
  });

  test('need sharp; without it the error says how to install it', async () => {
    const missing = () => Promise.reject(new Error("Cannot find package 'sharp' imported from x.js"));
    expect((await leftOf(loadSharp('imageFolder', missing))).message).toBe(
      'imageFolder: expected the optional peer dependency sharp, which decodes pictures, got none: it is not installed; run npm install sharp',
    );
  });
}); // oxfmt-ignore

describe('a picture of more than maxPixels', () => {
  const nine = plain(3, 3, 0);
  const errorOf = async (content: Promise<Uint8Array>, options: { readonly maxPixels?: number; readonly resize?: 'none' }) => {
    await save('one.png', content);
    return leftOf(right(await imageFolder(folder, { size: 2, ...options })()).batch(Int32Array.of(0)));
  };

  test.each(['jpeg', 'png', 'webp', 'gif', 'tiff', 'avif'] as const)('is refused: %s', async (format) => {
    expect((await errorOf(nine.clone().toFormat(format).toBuffer(), { maxPixels: 8 })).message).toBe(
      `${join(folder, 'one.png')}: expected a picture of at most 8 pixels, got 3 × 3; leave it out, or make it smaller; if you trust the file and have the memory, raise \`maxPixels\``,
    );
  });

  /** A PNG file of a size in bytes whose header has a width and a height. */
  const claiming = async (width: number, height: number, bytes: number): Promise<Buffer> => {
    const png = await nine.clone().png().toBuffer();
    const huge = Buffer.concat([png, Buffer.alloc(bytes - png.length)]);
    huge.writeUInt32BE(width, 16);
    huge.writeUInt32BE(height, 20);
    huge.writeUInt32BE(crc32(huge.subarray(12, 29)), 29);
    return huge;
  };

  test('is refused before its pixels are decoded, by default from 67 megapixels', async () => {
    const huge = await claiming(2 ** 13, 2 ** 13 + 1, 2 ** 17);
    expect(await errorOf(Promise.resolve(huge), {})).toMatchObject({ _tag: 'DecodeError', actual: '8192 × 8193' });
    expect(await errorOf(Promise.resolve(huge), { maxPixels: 2 ** 27 })).toMatchObject({ expected: 'a picture that can be decoded' });
  });

  test('is by default one of more than 4 megapixels and 1024 for a byte', async () => {
    const large = (height: number, bytes: number) => errorOf(claiming(2 ** 12, height, bytes), {});
    const broken = { expected: 'a picture that can be decoded' }; // its size is accepted
    expect(await large(2 ** 10, 300)).toMatchObject(broken);
    expect(await large(2 ** 10 + 1, 300)).toMatchObject({ expected: 'a picture of at most 4194304 pixels in 300 bytes' });
    expect(await large(2 ** 11, 2 ** 13)).toMatchObject(broken);
    expect(await large(2 ** 11 + 1, 2 ** 13)).toMatchObject({ expected: 'a picture of at most 8388608 pixels in 8192 bytes' });
  });

  test('is the smallest that is refused, and maxPixels is at least 1', async () => {
    await save('one.png', nine.clone().png().toBuffer());
    right(await right(await imageFolder(folder, { size: 2, maxPixels: 9 })()).batch(Int32Array.of(0))());
    expect((await leftOf(imageFolder(folder, { size: 2, maxPixels: 0 }))).where).toBe('imageFolder.maxPixels');
  });
}); // oxfmt-ignore

describe('pixels', () => {
  const only = async (options: Parameters<typeof imageFolder>[1], content: Promise<Uint8Array>) => {
    await save('one.png', content);
    return bytesAt(right(await imageFolder(folder, options)()), 0);
  };
  const two = (...pixels: readonly (readonly number[])[]): Promise<Uint8Array> => picture([pixels]).png().toBuffer();

  test('are bytes/127.5 - 1, as in datasetOf', async () => {
    await save('one.png', two([0], [77], [255]));
    const data = right(await imageFolder(folder, { size: [1, 3], channels: 1 })());
    const { images } = right(await data.batch(Int32Array.of(0))());
    expect(images).toEqual(Float32Array.of(pixelOf(0), pixelOf(77), pixelOf(255)));
  });

  test.each([
    ['grey as grey', [[10], [200]], 1, [10, 200]],
    ['grey as RGB', [[10], [200]], 3, [10, 10, 10, 200, 200, 200]],
    ['grey as RGB and opacity', [[10], [200]], 4, [10, 10, 10, 255, 200, 200, 200, 255]],
    ['RGB as grey, by luma', [[255, 0, 0], [0, 0, 255]], 1, [76, 29]],
    ['RGB as RGB', [[1, 2, 3], [40, 50, 60]], 3, [1, 2, 3, 40, 50, 60]],
    ['RGBA on white', [[0, 100, 200, 255], [9, 9, 9, 0]], 3, [0, 100, 200, 255, 255, 255]],
    ['half-transparent RGBA on white', [[0, 0, 0, 51], [255, 0, 0, 255]], 3, [204, 204, 204, 255, 0, 0]],
    ['RGBA on white, as grey', [[0, 0, 0, 51], [9, 9, 9, 0]], 1, [204, 255]],
    ['RGBA with its opacity', [[1, 2, 3, 255], [9, 9, 9, 0]], 4, [1, 2, 3, 255, 255, 255, 255, 0]],
  ] as const)('%s', async (_, pixels, channels, expected) => {
    expect(await only({ size: [1, 2], channels }, two(...pixels))).toEqual(expected);
  });

  test('show the background that is given', async () => {
    const clear = two([9, 9, 9, 0], [0, 0, 0, 255]);
    expect(await only({ size: [1, 2], background: [255, 0, 10] }, clear)).toEqual([255, 0, 10, 0, 0, 0]);
  });

  test('of 16 bits, of a palette and of CMYK are those of 8-bit RGB', async () => {
    await save('a.png', picture([[[50, 100, 150], [0, 255, 7]]]).toColourspace('rgb16').png().toBuffer());
    await save('b.png', picture([[[50, 100, 150], [0, 255, 7]]]).png({ palette: true }).toBuffer());
    await save('c.jpg', plain(8, 8, 255, 255, 255).toColourspace('cmyk').jpeg().toBuffer());
    const data = right(await imageFolder(folder, { size: [1, 2] })());
    for (const i of [0, 1])
      for (const [at, byte] of [50, 100, 150, 0, 255, 7].entries()) expect(Math.abs((await bytesAt(data, i))[at]! - byte)).toBeLessThanOrEqual(1);
    for (const byte of await bytesAt(data, 2)) expect(byte).toBeGreaterThan(250);
  });

  test('are rotated according to EXIF', async () => {
    // orientation 6: the camera lay on its side; the left column becomes the top row
    const turned = picture([[[10], [20]], [[30], [40]]]).withMetadata({ orientation: 6 }).png().toBuffer();
    expect(await only({ size: 2, channels: 1 }, turned)).toEqual([30, 10, 40, 20]);
    const wide = picture([[[10], [20], [30]]]).withMetadata({ orientation: 6 }).png().toBuffer();
    expect(await only({ size: [2, 1], channels: 1, resize: 'none', crop: 'bottom' }, wide)).toEqual([20, 30]);
  });
}); // oxfmt-ignore

describe('resize and crop', () => {
  /** 4 × 2 pixels: columns of four greys. */
  const wide = picture([0, 1].map(() => [[0], [80], [160], [240]])).png().toBuffer(); // oxfmt-ignore
  const made = async (options: Omit<Parameters<typeof imageFolder>[1], 'channels'>) => {
    await save('wide.png', wide);
    return bytesAt(right(await imageFolder(folder, { channels: 1, ...options })()), 0);
  };

  test.each([
    [{}, [80, 160, 80, 160]],
    [{ crop: 'left' }, [0, 80, 0, 80]],
    [{ crop: 'right' }, [160, 240, 160, 240]],
    [{ resize: 'none' }, [80, 160, 80, 160]],
    [{ resize: 'none', crop: 'right' }, [160, 240, 160, 240]],
  ] as const)('%j keeps a part', async (options, expected) => {
    expect(await made({ size: 2, ...options })).toEqual(expected);
  });

  test('contain fills the rest with the background', async () => {
    const bytes = await made({ size: 4, resize: 'contain', background: [50, 50, 50] });
    expect(bytes).toEqual([[50, 50, 50, 50], [0, 80, 160, 240], [0, 80, 160, 240], [50, 50, 50, 50]].flat());
    expect(await made({ size: 4, resize: 'contain', crop: 'top' })).toEqual([0, 80, 160, 240, 0, 80, 160, 240, ...Array.from({ length: 8 }, () => 255)]);
  });

  test('fill scales both sides independently', async () => {
    const [left, right] = await made({ size: [1, 2], resize: 'fill' });
    expect(left).toBeLessThan(80);
    expect(right).toBeGreaterThan(160);
  });

  test('a size too large for any machine is refused', async () => {
    for (const size of [2 ** 20, [4, 0], 1.5, '32', [1, 2, 3]])
      expect((await leftOf(imageFolder(folder, { size: size as never }))).where).toMatch(/^imageFolder.size/);
  });

  test('none refuses a picture that is too small, by name', async () => {
    await save('wide.png', wide);
    const data = right(await imageFolder(folder, { size: 3, resize: 'none' })());
    expect((await leftOf(data.batch(Int32Array.of(0)))).message).toBe(
      `${join(folder, 'wide.png')}: expected a picture of at least 3 × 3 pixels, got 4 × 2; leave it out, or pass resize: 'cover'`,
    );
  });

  test('the pure part of canvas decoding places a picture as sharp does', () => {
    const pictures = schema('pictures', pictureFields);
    const of = (options: PictureOptions) => placementOf(planOf(pictures.demand(options)), { width: 400, height: 200 });
    expect(of({ size: 100 })).toEqual({ left: -50, top: 0, width: 200, height: 100 });
    expect(of({ size: 100, crop: 'right' })).toEqual({ left: -100, top: 0, width: 200, height: 100 });
    expect(of({ size: 100, resize: 'contain' })).toEqual({ left: 0, top: 25, width: 100, height: 50 });
    expect(of({ size: [50, 300], resize: 'fill' })).toEqual({ left: 0, top: 0, width: 300, height: 50 });
    expect(of({ size: [101, 100], resize: 'none', crop: 'bottom' })).toEqual({ left: -150, top: -99, width: 400, height: 200 });
  });
}); // oxfmt-ignore

describe('memory', () => {
  const many = async (options: { readonly cache?: number }) => {
    for (let i = 0; i < 20; i++) await save(`${String(i).padStart(2, '0')}.png`, plain(2, 2, i).png().toBuffer());
    return right(await imageFolder(folder, { size: 2, channels: 1, ...options })());
  };

  test('keeps a small data set, which is then `inMemory`; a batch is in the order of its positions', async () => {
    const data = await many({});
    expect(data.inMemory).toBe(true);
    const positions = Int32Array.from({ length: 20 }, (_, i) => (i * 7) % 20);
    const { images } = right(await data.batch(positions)());
    expect([...positions].map((_, i) => Math.round((images[i * 4]! + 1) * 127.5))).toEqual([...positions]);
    rmSync(folder, { recursive: true });
    right(await data.batch(positions)());
  });

  test('keeps no more images than fit', async () => {
    const data = await many({ cache: 4 * 3 });
    expect(data.inMemory).toBe(false);
    right(await data.batch(Int32Array.from({ length: 20 }, (_, i) => i))());
    rmSync(folder, { recursive: true });
    const actual = await Promise.all(Array.from({ length: 20 }, async (_, i) => (await data.batch(Int32Array.of(i))())._tag));
    expect(actual.filter((tag) => tag === 'Right')).toHaveLength(3);
  });

  test('of size 0 keeps nothing', async () => {
    const data = await many({ cache: 0 });
    right(await data.batch(Int32Array.of(0))());
    rmSync(folder, { recursive: true });
    expect((await leftOf(data.batch(Int32Array.of(0))))._tag).toBe('FileError');
  });
}); // oxfmt-ignore

describe('imagesOfFiles', () => {
  const file = async (name: string, level: number, path?: string): Promise<File> => {
    const result = new File([new Uint8Array(await plain(1, 1, level).png().toBuffer())], name, { type: 'image/png' });
    return path === undefined ? result : Object.defineProperty(result, 'webkitRelativePath', { value: path });
  };

  test('takes files in the order of their names, and lists those that are not pictures', async () => {
    const files = [await file('b.png', 2), await file('a.PNG', 1), new File(['x'], 'notes.txt')];
    const data = right(await imagesOfFiles(files, { size: 1, channels: 1 })());
    expect(data).toMatchObject({ files: ['a.PNG', 'b.png'], ignored: ['notes.txt'], names: {} });
    expect([await bytesAt(data, 0), await bytesAt(data, 1)]).toEqual([[1], [2]]);
  });

  test('uses the subfolders of a chosen folder as classes', async () => {
    const files = [await file('1.png', 1, 'pets/dogs/1.png'), await file('1.png', 2, 'pets/cats/1.png')];
    const data = right(await imagesOfFiles(files, { size: 1 })());
    expect(data.names).toEqual({ label: ['cats', 'dogs'] });
    expect(await labelsOf(data)).toEqual([0, 1]);
  });

  test('takes blobs, and names the broken one', async () => {
    const blobs = [new Blob([new Uint8Array(await grey)], { type: 'image/png' }), new Blob(['text'], { type: 'image/png' })];
    const data = right(await imagesOfFiles(blobs, { size: 1 })());
    right(await data.batch(Int32Array.of(0))());
    expect(await leftOf(data.batch(Int32Array.of(1)))).toMatchObject({ _tag: 'DecodeError', where: '1' });
  });
}); // oxfmt-ignore
