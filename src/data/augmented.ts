/** Random changes to the images of a data set, drawn again each time an image is used for training. */
import { foldIn, fork, type RandomKey } from '../dsl/index.js';
import type { Exact } from '../internal/exact.js';
import { hostKey, natural, oneOf, refined, share } from '../internal/decode.js';
import { attempt, raise, showShape } from '../internal/errors.js';
import { F, t, TE } from '../internal/fp.js';
import { argument, optional, type OptionsOf, schema } from '../internal/schema.js';
import { randomInto } from '../internal/numerics/threefry.js';
import { withName } from '../internal/dual.js';
import { type Batch, dataSet, type Dataset, type ImageSize } from './dataset.js';
import { identityOf } from './identity.js';

/** An image on the host, in [-1, 1], row-major. */
export interface ImagePixels {
  readonly data: Float32Array;
  readonly shape: ImageSize;
}

/**
 * Changes an image at random: a function of only the image and the key. Snapshots identify it by its function name and its
 * settings.
 */
export interface Augmentation {
  (image: ImagePixels, key: RandomKey): ImagePixels;
  /** The options of the function that made it, as JSON: `Object.assign(darker(0.5), { settings: { most: 0.5 } })`. */
  readonly settings?: unknown;
}

/** Names an augmentation by the function that made it, with its options. */
const madeBy = (name: string, settings: unknown, augment: Augmentation): Augmentation =>
  Object.assign(withName(name, augment), { settings });

const uniformKey = argument('hostUniform', hostKey, 'give the key that the augmentation gets');
const uniformCount = argument('hostUniform: count', natural, 'give the number of draws');

/**
 * Draws uniform numbers in [0, 1) from a key on the host: the same for the same key.
 * @example
 * hostUniform(key(7), 2) // → [0.908, 0.735]
 */
export const hostUniform = (key: RandomKey, count: number): Float32Array => {
  const known = uniformKey.demand(key);
  const numbers = new Float32Array(uniformCount.demand(count));
  randomInto('uniform', known, numbers);
  return numbers;
};

/** An integer from 0 to n - 1. */
const below = (n: number, uniform: number): number => Math.floor(uniform * n);

/**
 * Makes an image of the same shape. For each pixel, the functions return the row and the column of the image to copy
 * from. A pixel from outside the image is black.
 */
const moved = (
  { data, shape }: ImagePixels,
  rowOf: (y: number) => number,
  columnOf: (x: number) => number,
): ImagePixels => {
  const [height, width, channels] = shape;
  const columns = Int32Array.from({ length: width }, (_, x) => columnOf(x));
  const out = new Float32Array(data.length).fill(-1);
  for (let y = 0; y < height; y++) {
    const row = rowOf(y);
    if (row < 0 || row >= height) continue;
    for (let x = 0; x < width; x++) {
      const column = columns[x]!;
      if (column < 0 || column >= width) continue;
      const [to, from] = [(y * width + x) * channels, (row * width + column) * channels];
      for (let c = 0; c < channels; c++) out[to + c] = data[from + c]!;
    }
  }
  return { data: out, shape };
};

const flips = schema('randomFlip', {
  /** The probability of a flip: ½ by default. */
  probability: optional(share, 0.5),
  /** `horizontal`, the default, exchanges left and right; `vertical` exchanges top and bottom. */
  direction: optional(oneOf('horizontal', 'vertical'), 'horizontal'),
});

/** Settings of {@link randomFlip}. */
export interface FlipOptions extends OptionsOf<typeof flips> {}

/**
 * Mirrors an image with a probability. Raises `ConfigError` for an invalid option.
 * @example
 * const image: ImagePixels = { data: Float32Array.of(-1, 0, 1), shape: [1, 3, 1] }
 * randomFlip({ probability: 1 })(image, key(7)).data // → [1, 0, -1]
 */
export const randomFlip = <G = unknown>(options?: Exact<G, keyof FlipOptions> & FlipOptions): Augmentation => {
  const settings = flips.demand(options);
  const { probability, direction } = settings;
  return madeBy('randomFlip', settings, (image, key) => {
    if (!(hostUniform(key, 1)[0]! < probability)) return image;
    const [height, width] = image.shape;
    const back = (n: number) => (at: number) => n - 1 - at;
    return direction === 'horizontal' ? moved(image, F.identity, back(width)) : moved(image, back(height), F.identity);
  });
};

const crops = schema('randomCrop', {
  /** The pixels that are added on each side. */
  padding: natural,
  /** `black`, the default; `edge` repeats the outermost pixels; `reflect` mirrors the image at them. */
  fill: optional(oneOf('black', 'edge', 'reflect'), 'black'),
});

/** Settings of {@link randomCrop}. */
export interface CropOptions extends OptionsOf<typeof crops> {}

/** Maps a position outside an image of n pixels to a position inside it. */
const FILLS: Readonly<Record<NonNullable<CropOptions['fill']>, (at: number, n: number) => number>> = {
  black: F.identity,
  edge: (at, n) => Math.min(Math.max(at, 0), n - 1),
  reflect: (at, n) => {
    const period = Math.max(2 * (n - 1), 1);
    const within = ((at % period) + period) % period;
    return Math.min(within, period - within);
  },
};

/**
 * Pads an image on each side and crops it to its former size at a random offset. Raises `ConfigError` for an invalid
 * option.
 * @example
 * const image: ImagePixels = { data: Float32Array.of(0.25, 0.5, 0.75), shape: [1, 3, 1] }
 * randomCrop({ padding: 1, fill: 'edge' })(image, key(7)).data // → [0.5, 0.75, 0.75]
 */
export const randomCrop = <G = unknown>(options: Exact<G, keyof CropOptions> & CropOptions): Augmentation => {
  const settings = crops.demand(options);
  const { padding, fill } = settings;
  const place = FILLS[fill];
  return madeBy('randomCrop', settings, (image, key) => {
    const [height, width] = image.shape;
    const [down = 0, right = 0] = [...hostUniform(key, 2)].map((u) => below(2 * padding + 1, u) - padding);
    return moved(
      image,
      (y) => place(y + down, height),
      (x) => place(x + right, width),
    );
  });
};

const arguments_ = schema('augmented', {
  data: dataSet,
  augmentations: refined(t.UnknownArray, 'an array of functions, such as [randomFlip()]', (functions) =>
    functions.every((one) => typeof one === 'function'),
  ),
});

/** The functions that make augmentations. A user may pass one without calling it, by mistake. */
const UNCALLED: readonly { readonly maker: unknown; readonly call: string }[] = [
  { maker: randomFlip, call: 'randomFlip()' },
  { maker: randomCrop, call: 'randomCrop({ padding: 4 })' },
];

/** Applies the steps to an image, each with its own key. Raises `ConfigError` for an image of another shape. */
const changed = (image: ImagePixels, augmentations: readonly Augmentation[], key: RandomKey): Float32Array => {
  const { data, shape } = augmentations.reduce((one, augment, step) => augment(one, foldIn(key, step)), image);
  return showShape(shape) === showShape(image.shape) && data.length === image.data.length
    ? data
    : raise('ConfigError', {
        where: 'augmented',
        expected: `images ${showShape(image.shape)}, as in the data set`,
        actual: `one ${showShape(shape)} of ${data.length} numbers`,
        hint: 'crop or pad to the former size in the last function',
      });
};

/**
 * Makes a data set whose images are changed at random, by each function in turn, whenever a training step uses them.
 * The key of an image depends only on the key of the training, the step and the position in the batch, so that a
 * resumed run continues with the same bits. A resumed run must have the same functions, by name and settings. Held-out
 * losses and measurements pass no key, so they use the unchanged images. Raises `ConfigError` for anything but a data
 * set and functions. A batch fails with `ConfigError` if a function changes the shape of an image.
 * @example
 * const white = unwrap(datasetOf({ pixels: Uint8Array.of(255, 255), image: [1, 2, 1] }))
 * const darker: Augmentation = ({ data, shape }, k) => ({ data: data.map((x) => x - hostUniform(k, 1)[0]!), shape })
 * const data = augmented(white, [randomFlip(), randomCrop({ padding: 4, fill: 'edge' }), darker])
 * const plain = unwrap(await data.batch(Int32Array.of(0))())
 * plain // → { images: [1, 1] }
 * const once = unwrap(await data.batch(Int32Array.of(0), key(7))())
 * const again = unwrap(await data.batch(Int32Array.of(0), key(7))())
 * assert.deepEqual(once, again)
 * assert.notDeepEqual(once, plain)
 */
export const augmented = <D extends Dataset>(data: D, augmentations: readonly Augmentation[]): D => {
  arguments_.demand({ data, augmentations });
  const uncalled = UNCALLED.find(({ maker }) => augmentations.some((one) => one === maker));
  if (uncalled)
    raise('ConfigError', {
      where: 'augmented',
      expected: 'functions that change an image',
      actual: 'one that makes such a function',
      hint: `call it: ${uncalled.call}`,
    });
  const [height, width, channels] = data.image;
  const each = height * width * channels;
  const ofKey =
    (key: RandomKey) =>
    ({ images, ...rest }: Batch): Batch => {
      const out = new Float32Array(images.length);
      for (let i = 0; (i + 1) * each <= images.length; i++) {
        const image = { data: images.slice(i * each, (i + 1) * each), shape: [height, width, channels] as const };
        out.set(changed(image, augmentations, foldIn(key, i)), i * each);
      }
      return { ...rest, images: out };
    };
  const batch: Dataset['batch'] = (positions, key) => {
    if (key === undefined) return data.batch(positions);
    const keys = fork(key, 'images', 'data'); // one key for these changes, and one for those that the data set makes itself
    return F.pipe(
      data.batch(positions, keys.data),
      TE.flatMapEither((samples) => attempt(() => ofKey(keys.images)(samples))),
    );
  };
  return { ...data, batch, augmentations: [...(data.augmentations ?? []), ...augmentations.map(identityOf)] };
};
