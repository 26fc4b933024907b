/** The digits of the page: a part of MNIST in 16 grey levels, written by the build. */
import type { NoisefoldError } from 'noisefold/dsl';
import { type Dataset, datasetOf, decodeSafetensors, type TensorFile } from 'noisefold/training';
import { either as E, function as F, taskEither as TE } from 'fp-ts';
import { AREA, HELD_OUT, SIDE, TRAINED } from '../shared/extent.js';
import type { Pixels } from '../shared/messages.js';
import { unpacked } from '../shared/packed.js';
import { fetched, once, unserved } from './fetched.js';

type Images = Dataset<[typeof SIDE, typeof SIDE, 1]>;

interface Digit {
  readonly image: Pixels;
  readonly label: number;
}

/**
 * Digits that load when they are first needed, and again after a failure. Loading fails with `FileError` or
 * `DecodeError`.
 */
export interface Digits {
  readonly load: TE.TaskEither<NoisefoldError, unknown>;
  readonly train: Images;
  /** Held out from training. */
  readonly test: Images;
  /** One of the held-out digits. */
  readonly digit: (at: number) => TE.TaskEither<NoisefoldError, Digit>;
}

const WHERE = 'the file of digits';

const wrong = (actual: string): NoisefoldError => unserved(WHERE, actual);

const bytesOf = ({ tensors }: TensorFile, name: string): E.Either<NoisefoldError, Uint8Array<ArrayBuffer>> => {
  const tensor = tensors.get(name);
  return tensor?.dtype === 'U8' ? E.right(new Uint8Array(tensor.data)) : E.left(wrong(`one without the bytes ${name}`));
};

const split = (file: TensorFile, name: 'train' | 'test', size: number) =>
  F.pipe(
    E.Do,
    E.bind('pixels', () => E.map(unpacked)(bytesOf(file, `${name}.images`))),
    E.bind('labels', () => bytesOf(file, `${name}.labels`)),
    E.bind('data', (parts) => datasetOf({ ...parts, image: [SIDE, SIDE, 1] })),
    E.filterOrElse(
      ({ data }) => data.size === size,
      ({ data }) => wrong(`${data.size} digits in ${name} in place of ${size}`),
    ),
  );

const splitsOf = (file: TensorFile) =>
  F.pipe(
    E.Do,
    E.bind('train', () => split(file, 'train', TRAINED)),
    E.bind('test', () => split(file, 'test', HELD_OUT)),
  );

/** The digits at a URL. */
export const digitsAt = (url: string): Digits => {
  const load = once(
    F.pipe(fetched(WHERE, url), TE.flatMapEither(decodeSafetensors(WHERE)), TE.flatMapEither(splitsOf)),
  );
  const images = (name: 'train' | 'test', size: number): Images => ({
    size,
    image: [SIDE, SIDE, 1],
    batch: (positions) =>
      F.pipe(
        load,
        TE.flatMap((splits) => splits[name].data.batch(positions)),
      ),
  });
  return {
    load,
    train: images('train', TRAINED),
    test: images('test', HELD_OUT),
    digit: (at) =>
      F.pipe(
        load,
        TE.map(({ test: { pixels, labels } }) => {
          const i = at % HELD_OUT;
          return { image: pixels.slice(i * AREA, (i + 1) * AREA), label: labels[i]! };
        }),
      ),
  };
};
