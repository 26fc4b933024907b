/**
 * The network that draws without a training: the one that ships with the page, which is the averages of a run of the demo as int8
 * per output channel, or one of a checkpoint of the demo.
 */
import type { NoisefoldError } from 'noisefold/dsl';
import { decodeSafetensors, type Snapshot, type StoredTensor, type TensorFile } from 'noisefold/training';
import { function as F, taskEither as TE } from 'fp-ts';
import { type Recipe, recipe } from '../../mnist/recipe.js';
import { fetched, once } from './fetched.js';

const WHERE = 'the file of the network';

export type Weights = TensorFile['tensors'];

/** A network that draws, and is not in training. */
export interface Loaded {
  readonly recipe: Recipe;
  readonly weights: TE.TaskEither<NoisefoldError, Weights>;
}

/**
 * The float32 parameters of a file of `saveTrained` with `dtype: 'int8'`: w = scale·q, with a scale for each output channel, the last
 * axis. `loadTrained` would read it too, and take 8 kB more of code. A tensor without scales stays as it is.
 */
export const restored = ({ tensors }: Pick<TensorFile, 'tensors'>, prefix = 'params.'): Weights =>
  new Map(
    [...tensors].flatMap(([path, tensor]): readonly (readonly [string, StoredTensor])[] => {
      const scales = tensors.get(`scales.${path}`)?.data;
      if (!path.startsWith(prefix)) return [];
      const name = path.slice(prefix.length);
      if (scales === undefined) return [[name, tensor]];
      const { shape, data } = tensor;
      const numbers = Float32Array.from(
        { length: data.length },
        (_, i) => Number(data[i]) * Number(scales[i % scales.length]),
      );
      return [[name, { dtype: 'F32', shape, data: numbers }]];
    }),
  );

/** The shipped network, at a URL, loaded once. Its weights fail with `FileError` or `DecodeError`. */
export const networkAt = (url: string): Loaded => ({
  recipe,
  weights: once(
    F.pipe(
      fetched(WHERE, url),
      TE.flatMapEither(decodeSafetensors(WHERE)),
      TE.map((file) => restored(file)),
    ),
  ),
});

/** The averages of a training. */
export const averageOf = ({ recipe, from }: { readonly recipe: Recipe; readonly from: Snapshot }): Loaded => ({
  recipe,
  weights: TE.right(restored(from, 'average.')),
});
