/**
 * The networks that draw without a training: those of digits and of faces that ship with the page, which are the averages of runs of
 * the demos as int8 per output channel, or one of a checkpoint of the demo.
 */
import type { Model, Noising } from 'noisefold/diffusion';
import type { Dim, NoisefoldError } from 'noisefold/dsl';
import type { UNetParams } from 'noisefold/nn';
import { decodeSafetensors, type Snapshot, type StoredTensor, type TensorFile } from 'noisefold/training';
import { either as E, function as F, taskEither as TE } from 'fp-ts';
import { IMAGE } from '../../faces/attributes.js';
import { architectureOf as facesOf, recipe as faces } from '../../faces/recipe.js';
import { architectureOf, type Recipe, recipe } from '../../mnist/recipe.js';
import { fetched, once } from './fetched.js';

const WHERE = 'the file of the network';

export type Weights = TensorFile['tensors'];

/** The architecture of a network, and the height, the width and the channels of its images. */
export interface Parts {
  readonly model: Model<UNetParams, [Dim, Dim, Dim]>;
  readonly noising: Noising;
  readonly image: readonly [number, number, number];
}

/** A network that draws, and is not in training. */
export interface Loaded {
  readonly parts: () => E.Either<NoisefoldError, Parts>;
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

/** The weights of a file at a URL, loaded once. Fails with `FileError` or `DecodeError`. */
const weightsAt = (url: string): Loaded['weights'] =>
  once(
    F.pipe(
      fetched(WHERE, url),
      TE.flatMapEither(decodeSafetensors(WHERE)),
      TE.map((file) => restored(file)),
    ),
  );

/** The parts of a network of digits. */
export const digitParts = (from: Recipe): E.Either<NoisefoldError, Parts> =>
  E.map((made: Omit<Parts, 'image'>) => ({ ...made, image: from.model.image }))(architectureOf(from));

/** The shipped network, at a URL. */
export const networkAt = (url: string): Loaded => ({ parts: () => digitParts(recipe), weights: weightsAt(url) });

/** The network of faces, at a URL. */
export const facesAt = (url: string): Loaded => ({
  parts: () => E.map((made: Omit<Parts, 'image'>) => ({ ...made, image: IMAGE }))(facesOf(faces)),
  weights: weightsAt(url),
});

/** The averages of a training. */
export const averageOf = (plan: { readonly recipe: Recipe; readonly from: Snapshot }): Loaded => ({
  parts: () => digitParts(plan.recipe),
  weights: TE.right(restored(plan.from, 'average.')),
});
