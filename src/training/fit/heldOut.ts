/** The loss on images that are held out. */
import {
  type Backend,
  foldIn,
  fork,
  type NoisefoldError,
  read,
  release,
  type Value,
  type Resident,
  type Vectors,
} from '../../dsl/index.js';
import { F, type io, TE, type taskEither } from '../../internal/fp.js';
import type { ImageShape } from '../data/dataset.js';
import { givenOf, loaded } from './examples.js';
import { compiled, type GivenExamples } from '../open.js';
import { ensuring } from '../../internal/scope.js';
import type { Training } from './training.js';
import { heldOutLosses } from './trainState.js';

/** A measurement that is made again and again. */
export interface Evaluation {
  /** Whether it is to be made after so many updates. */
  readonly isDue: (done: number) => boolean;
  readonly loss: (params: Resident<Vectors>) => taskEither.TaskEither<NoisefoldError, number>;
  readonly release: io.IO<void>;
}

/** So many held-out images are measured, where nothing is said. */
export const HELD_OUT = 256;

const mean = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0) / numbers.length;

/** The mean loss of parameters on the held-out images of a training, with the same noise each time. */
export const evaluation =
  <P, I extends ImageShape>(training: Training<P, I>) =>
  (backend: Backend): taskEither.TaskEither<NoisefoldError, Evaluation> => {
    const { heldOut, batch, key, model } = training;
    if (heldOut === undefined)
      return TE.right({ isDue: () => false, loss: () => TE.right(Number.NaN), release: () => {} });
    const { data, every } = heldOut;
    const images = Math.min(heldOut.images ?? HELD_OUT, data.size);
    const rounds = Array.from({ length: Math.ceil(images / batch) }, (_, round) => round);
    const keys = fork(key, 'heldOut');
    const batchAt = loaded(model, data);
    return F.pipe(
      compiled(heldOutLosses(training, data.image), { B: batch })<
        { readonly params: Resident<Vectors>; readonly examples: GivenExamples },
        Value<[number]>
      >(backend),
      TE.map(({ run, release: free }) => {
        /** The losses of the images of a round; a last one that is not full is filled with the first images. */
        const lossesOf =
          (params: Resident<Vectors>) =>
          (round: number): taskEither.TaskEither<NoisefoldError, readonly number[]> =>
            F.pipe(
              batchAt(Int32Array.from({ length: batch }, (_, i) => (round * batch + i) % images)),
              TE.flatMap((samples) => run({ params, examples: givenOf(model, samples, foldIn(keys.heldOut, round)) })),
              TE.flatMap((losses) => F.pipe(read(losses)(backend), ensuring(release(losses)(backend)))),
              TE.map((numbers) => Array.from(numbers.subarray(0, images - round * batch))),
            );
        return {
          isDue: (done) => done % every === 0,
          loss: (params) =>
            F.pipe(
              rounds,
              TE.traverseSeqArray(lossesOf(params)),
              TE.map((losses) => mean(losses.flat())),
            ),
          release: free,
        };
      }),
    );
  };
