/** The result of a job: a file of tensors named by the job. The job alone decides its bytes. */
import { decodeSafetensors, encodeSafetensors, type StoredTensor } from '../../formats/safetensors/safetensors.js';
import { fail, type NoisefoldError } from '../../internal/errors.js';
import { E, F, type either } from '../../internal/fp.js';

/** The tensors of a result. The first extent of each is the number of items. */
export type Tensors = ReadonlyMap<string, StoredTensor>;

const FORMAT = 'noisefold-shard-1'; // change it when the meaning of files changes

export const resultOf = (job: string, tensors: Tensors): either.Either<NoisefoldError, Uint8Array> =>
  encodeSafetensors({ tensors, metadata: { format: FORMAT, job } });

/** Reads the result of a job. Returns a `DecodeError` for a damaged file, and for the result of another job. */
export const tensorsOf =
  (where: string, job: string) =>
  (bytes: Uint8Array): either.Either<NoisefoldError, Tensors> =>
    F.pipe(
      decodeSafetensors(where)(bytes),
      E.flatMap(({ tensors, metadata }) =>
        metadata['format'] === FORMAT && metadata['job'] === job
          ? E.right(tensors)
          : fail('DecodeError', {
              where,
              expected: `the result of job ${job}`,
              actual: `${metadata['format'] ?? 'another file'} of ${metadata['job'] ?? 'no job'}`,
              hint: 'delete it: the job then runs again',
            }),
      ),
    );

/** A tensor of a result, with float32 numbers unless another dtype is asked for. */
export const tensorIn =
  <D extends StoredTensor['dtype']>(where: string, name: string, dtype: D) =>
  (tensors: Tensors): either.Either<NoisefoldError, Extract<StoredTensor, { readonly dtype: D }>> => {
    const tensor = tensors.get(name);
    return tensor?.dtype === dtype
      ? E.right(tensor as Extract<StoredTensor, { readonly dtype: D }>) // its dtype was compared
      : fail('DecodeError', {
          where,
          expected: `a tensor ${name} of ${dtype}`,
          actual: tensor === undefined ? 'none' : tensor.dtype,
          hint: 'give the result of the right kind of work',
        });
  };

/** Images, or noise of their shape, as tensors. */
export const imageTensors = (images: {
  readonly data: Float32Array;
  readonly shape: readonly number[];
}): StoredTensor => ({ dtype: 'F32', shape: images.shape, data: images.data });
