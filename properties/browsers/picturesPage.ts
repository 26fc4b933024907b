/** Decodes pictures with a canvas. */
import { E } from '../../src/internal/fp.js';
import { imagesOfFiles, type ImageOptions } from '../../src/training/index.js';

/** Pictures as base64, by their names. */
type Files = Readonly<Record<string, string>>;

export interface PictureChecks {
  /** The images as bytes, or the message of an error. */
  readonly images: (input: { readonly files: Files; readonly options: ImageOptions }) => Promise<readonly number[] | string>;
} // oxfmt-ignore

const checks: PictureChecks = {
  images: async ({ files, options }) => {
    const pictures = Object.entries(files).map(
      ([name, text]) => new File([Uint8Array.from(atob(text), (byte) => byte.charCodeAt(0))], name),
    );
    const data = await imagesOfFiles(pictures, options)();
    if (E.isLeft(data)) return data.left.message;
    const batch = await data.right.batch(Int32Array.from(pictures.keys()))();
    return E.isLeft(batch) ? batch.left.message : Array.from(batch.right.images, (x) => Math.round((x + 1) * 127.5));
  },
};
Object.assign(globalThis, { checks });
