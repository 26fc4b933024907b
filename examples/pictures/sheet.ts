/** Rows and columns of images, grey or RGB, on white paper, with labels. Sharp writes the labels, in a font of this machine. */
import { failure, type NoisefoldError } from 'noisefold/dsl';
import { type ImageBatch, imageGrid, type Picture } from 'noisefold/training';
import { either as E, function as F, taskEither as TE } from 'fp-ts';
import sharp, { type Sharp } from 'sharp';

export interface Sheet {
  /** The images row by row, `[rows·columns, height, width, 1 or 3]`, in [-1, 1]. */
  readonly images: ImageBatch;
  /** The label of each row, on its left, in one line or more. */
  readonly rows: readonly string[];
  /** The label of each column, above it; none for a sheet without them. */
  readonly columns: readonly string[];
  /** Text above the labels of the rows, such as the name of what the columns show. */
  readonly corner?: string;
  /** The pixels of the sheet for a pixel of an image. */
  readonly scale: number;
}

const GAP = 4;
const MARGIN = 12;
const FONT = 14;
const LINE = 24;

/** The width of text in pixels, generously: a font is not known here. Marks above letters take no room. */
const widthOf = (text: string): number =>
  Math.max(
    ...text.split('\n').map((line) => Math.ceil(0.64 * FONT * line.normalize('NFD').replaceAll(/\p{M}/gu, '').length)),
  );

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

const text = (x: number, y: number, anchor: string, content: string): string =>
  content
    .split('\n')
    .map((line, i, { length }) => {
      const middle = y + (i - (length - 1) / 2) * 1.3 * FONT;
      return `<text x="${x}" y="${middle}" dy=".35em" text-anchor="${anchor}">${escaped(line)}</text>`;
    })
    .join('');

/** The paper with its labels, as SVG, and the place of the images on it. */
export const paperOf = ({ images: { shape }, rows, columns, corner = '', scale }: Sheet) => {
  const [, height = 0, width = 0] = shape;
  const [down, right] = [height * scale + GAP, width * scale + GAP]; // from an image to the next one
  const across = shape[0]! / rows.length;
  const left = MARGIN + Math.max(...[corner, ...rows].map(widthOf)) + MARGIN;
  const top = MARGIN + (columns.length === 0 && corner === '' ? 0 : LINE);
  const size = { width: left + across * right - GAP + MARGIN, height: top + rows.length * down - GAP + MARGIN };
  const svg = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${size.width}" height="${size.height}">`,
    `<style>text{font:${FONT}px 'DejaVu Sans',sans-serif;fill:#1f2328}</style><rect width="100%" height="100%" fill="#fff"/>`,
    text(left - MARGIN, top - LINE / 2, 'end', corner),
    ...columns.map((name, i) => text(left + i * right + (right - GAP) / 2, top - LINE / 2, 'middle', name)),
    ...rows.map((name, i) => text(left - MARGIN, top + i * down + (down - GAP) / 2, 'end', name)),
    '</svg>',
  ].join('');
  return { ...size, left, top, across, svg };
};

/** Images as RGB and opacity, which leaves the paper visible in the gaps of a grid. */
const opaque = ({ shape, data }: ImageBatch): ImageBatch => {
  const channels = shape.at(-1)!;
  const numberOf = (pixel: number, channel: number): number =>
    channel === 3 ? 1 : data[pixel * channels + Math.min(channel, channels - 1)]!;
  return {
    shape: [...shape.slice(0, -1), 4],
    data: Float32Array.from({ length: (data.length / channels) * 4 }, (_, i) => numberOf(i >> 2, i % 4)),
  };
};

/** The channels of a sheet: 1 if its images are grey, else 3. */
const channelsOf = ({ images }: Sheet): 1 | 3 => (images.shape.at(-1) === 1 ? 1 : 3);

/** The bytes of a picture in its format. */
export const bytesOf = (picture: Sharp): TE.TaskEither<NoisefoldError, Uint8Array> =>
  TE.tryCatch(
    () => picture.toBuffer(),
    (thrown) => failure('FileError', { where: 'sharp', expected: 'a picture', actual: String(thrown), hint: 'install sharp: npm install' }), // oxfmt-ignore
  );

const composed = (sheet: Sheet): E.Either<NoisefoldError, Sharp> => {
  const { svg, left, top, across: columns } = paperOf(sheet);
  return F.pipe(
    imageGrid(opaque(sheet.images), { columns, scale: sheet.scale, gap: GAP }),
    E.map(({ data: input, ...raw }: Picture) =>
      sharp(Buffer.from(svg))
        .composite([{ input: Buffer.from(input), raw, left, top }])
        .removeAlpha()
        .toColourspace(channelsOf(sheet) === 1 ? 'b-w' : 'srgb'),
    ),
  );
};

/** A sheet as a PNG file. */
export const sheetPng = (sheet: Sheet): TE.TaskEither<NoisefoldError, Uint8Array> =>
  F.pipe(
    TE.fromEither(composed(sheet)),
    TE.flatMap((picture) => bytesOf(picture.png({ compressionLevel: 9 }))),
  );

/** A film of sheets of equal size, as a lossless animated WebP that repeats; `delays` has the milliseconds of each sheet. */
export const filmWebp = (
  sheets: readonly Sheet[],
  delays: readonly number[],
): TE.TaskEither<NoisefoldError, Uint8Array> =>
  F.pipe(
    sheets,
    TE.traverseArray((sheet) =>
      F.pipe(
        TE.fromEither(composed(sheet)),
        TE.flatMap((picture) => bytesOf(picture.raw())),
      ),
    ),
    TE.flatMap((frames) => {
      const { width, height: pageHeight } = paperOf(sheets[0]!); // a film has a sheet
      const raw = { width, height: pageHeight * frames.length, channels: channelsOf(sheets[0]!), pageHeight } as const;
      return bytesOf(sharp(Buffer.concat(frames), { raw }).webp({ lossless: true, loop: 0, delay: [...delays], effort: 6 })); // oxfmt-ignore
    }),
  );
