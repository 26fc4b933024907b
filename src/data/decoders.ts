/** Decodes pictures to images: by sharp in Node, by a canvas in browsers. */
import { failure, type NoisefoldError } from '../internal/errors.js';
import { E, type either, F, TE, type taskEither } from '../internal/fp.js';
import { importPeer, isAbsent, reasonOf } from '../internal/peer.js';
import { checkFormat } from './pictureFormats.js';
import { imageBytes, placementOf, type PicturePlan, pixelsFor, wrongSize } from './pictures.js';

/** Decodes the bytes of a file to the bytes of an image; `where` names the file in messages. */
export type Decode = (where: string, file: Uint8Array) => taskEither.TaskEither<NoisefoldError, Uint8Array>;

type Sharp = typeof import('sharp').default;

const PEER = 'sharp';

const broken = (where: string, actual: string): NoisefoldError =>
  failure('DecodeError', {
    where,
    expected: 'a picture that can be decoded',
    actual,
    hint: 'replace the file by an intact one, or remove it',
  });

/** Loads sharp. Fails with `ConfigError` if it is not installed or cannot be loaded. */
export const loadSharp = (
  where: string,
  load: () => Promise<unknown> = () => importPeer(PEER),
): taskEither.TaskEither<NoisefoldError, Sharp> =>
  TE.tryCatch(
    async () => ((await load()) as { readonly default: Sharp }).default, // the error names this package
    (thrown) =>
      failure('ConfigError', {
        where,
        expected: `the optional peer dependency ${PEER}, which decodes pictures`,
        actual: isAbsent(PEER, thrown) ? 'none: it is not installed' : reasonOf(thrown),
        hint: `run npm install ${PEER}`,
      }),
  );

/** sharp's names for the parts that a crop keeps. */
const POSITION = { center: 'centre', top: 'top', bottom: 'bottom', left: 'left', right: 'right' } as const;

/** Decodes by sharp: rotated according to EXIF, in sRGB, the first picture of an animation. */
const bySharp =
  (sharp: Sharp, plan: PicturePlan): Decode =>
  (where, file) =>
  async () => {
    const { height, width, resize, crop, background } = plan;
    const [r, g, b] = background;
    try {
      const metadata = await sharp(file, { limitInputPixels: false }).metadata(); // does not decode the pixels
      const isOnItsSide = (metadata.orientation ?? 1) >= 5;
      const turned = isOnItsSide ? { width: metadata.height, height: metadata.width } : metadata;
      const wrong = wrongSize(where, plan, turned, file.length);
      if (wrong !== null) return E.left(wrong);
      const picture = sharp(file, { failOn: 'error', limitInputPixels: pixelsFor(plan, file.length) })
        .rotate()
        .toColourspace('srgb')
        .ensureAlpha();
      const { left, top } = placementOf(plan, turned);
      const part =
        resize === 'none'
          ? picture.extract({ left: -left, top: -top, width, height })
          : picture.resize({ height, width, fit: resize, position: POSITION[crop], background: { r, g, b, alpha: 0 } });
      return E.right(imageBytes(plan, await part.raw({ depth: 'uchar' }).toBuffer()));
    } catch (thrown) {
      return E.left(broken(where, reasonOf(thrown)));
    }
  };

/** The browser functions that a canvas needs, declared here so that the types do not depend on the DOM library. */
interface Bitmap {
  readonly width: number;
  readonly height: number;
  readonly close: () => void;
}
interface Context {
  imageSmoothingQuality: string;
  readonly drawImage: (bitmap: Bitmap, left: number, top: number, width: number, height: number) => void;
  readonly getImageData: (left: number, top: number, width: number, height: number) => { readonly data: Uint8ClampedArray };
} // oxfmt-ignore
// the globals of browsers that exist by hasCanvas
declare const createImageBitmap: (file: Blob) => Promise<Bitmap>;
declare const OffscreenCanvas: new (
  width: number,
  height: number,
) => { readonly getContext: (kind: '2d', options: object) => Context };

/** True in browsers and their workers. */
const hasCanvas = (): boolean => 'createImageBitmap' in globalThis && 'OffscreenCanvas' in globalThis;

/** Decodes by a canvas: rotated according to EXIF, in sRGB, the first picture of an animation. */
const byCanvas =
  (plan: PicturePlan): Decode =>
  (where, file) =>
  async (): Promise<either.Either<NoisefoldError, Uint8Array>> => {
    try {
      const bitmap = await createImageBitmap(new Blob([new Uint8Array(file)]));
      try {
        const wrong = wrongSize(where, plan, bitmap, file.length);
        if (wrong !== null) return E.left(wrong);
        const { height, width } = plan;
        const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
        context.imageSmoothingQuality = 'high';
        const { left, top, ...size } = placementOf(plan, bitmap);
        context.drawImage(bitmap, left, top, size.width, size.height);
        const { data } = context.getImageData(0, 0, width, height);
        return E.right(imageBytes(plan, data));
      } finally {
        bitmap.close();
      }
    } catch (thrown) {
      return E.left(broken(where, reasonOf(thrown)));
    }
  };

/** A decoder that accepts the same formats on every machine, whatever else sharp or the browser can decode. */
const ofKnownFormats =
  (decode: Decode): Decode =>
  (where, file) =>
    F.pipe(
      TE.fromEither(checkFormat(where, file)),
      TE.flatMap(() => decode(where, file)),
    );

/** The decoder of this machine. Fails with `ConfigError` in Node without sharp. */
export const decoderOf = (where: string, plan: PicturePlan): taskEither.TaskEither<NoisefoldError, Decode> =>
  F.pipe(
    hasCanvas() ? TE.right(byCanvas(plan)) : TE.map((sharp: Sharp) => bySharp(sharp, plan))(loadSharp(where)),
    TE.map(ofKnownFormats),
  );
