/** The network that ships with the page: the averages of a run of the demo, as int8 per output channel. */
import type { NoisefoldError } from 'noisefold/dsl';
import { decodeSafetensors, type StoredTensor, type TensorFile } from 'noisefold/training';
import { function as F, taskEither as TE } from 'fp-ts';
import { fetched, once } from './fetched.js';

const WHERE = 'the file of the network';

export type Weights = TensorFile['tensors'];

/**
 * The float32 parameters of a file of `saveTrained` with `dtype: 'int8'`: w = scale·q, with a scale for each output channel, the last
 * axis. `loadTrained` would read it too, and take 8 kB more of code.
 */
export const restored = ({ tensors }: TensorFile): Weights =>
  new Map(
    [...tensors].flatMap(([path, tensor]): readonly (readonly [string, StoredTensor])[] => {
      const scales = tensors.get(`scales.${path}`)?.data;
      if (!path.startsWith('params.')) return [];
      const name = path.slice('params.'.length);
      if (scales === undefined) return [[name, tensor]];
      const { shape, data } = tensor;
      const numbers = Float32Array.from(
        { length: data.length },
        (_, i) => Number(data[i]) * Number(scales[i % scales.length]),
      );
      return [[name, { dtype: 'F32', shape, data: numbers }]];
    }),
  );

/** The weights at a URL, loaded once. Fails with `FileError` or `DecodeError`. */
export const weightsAt = (url: string): TE.TaskEither<NoisefoldError, Weights> =>
  once(F.pipe(fetched(WHERE, url), TE.flatMapEither(decodeSafetensors(WHERE)), TE.map(restored)));
