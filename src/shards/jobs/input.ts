/** The images of a job as bytes, which are sent along with it. */
import type { Batch, Images } from '../../training/index.js';
import { decodeSafetensors, encodeSafetensors, type StoredTensor } from '../../formats/safetensors/safetensors.js';
import { fail, type NoisefoldError } from '../../internal/errors.js';
import { E, F, type either } from '../../internal/fp.js';

/** Images of a job, with their labels; -1 for none. */
export interface InputImages {
  readonly images: Images;
  readonly labels: Int32Array;
}

/** The bytes of a batch of images. */
export const inputOf = (
  { images, labels }: Batch,
  image: readonly [number, number, number],
): either.Either<NoisefoldError, Uint8Array> => {
  const count = images.length / (image[0] * image[1] * image[2]);
  return encodeSafetensors({
    tensors: new Map<string, StoredTensor>([
      ['images', { dtype: 'F32', shape: [count, ...image], data: images }],
      ['labels', { dtype: 'I32', shape: [count], data: labels ?? new Int32Array(count).fill(-1) }],
    ]),
    metadata: {},
  });
};

/** Reads the bytes of {@link inputOf}. */
export const inputIn = (bytes: Uint8Array): either.Either<NoisefoldError, InputImages> =>
  F.pipe(
    decodeSafetensors('input of the job')(bytes),
    E.flatMap(({ tensors }) => {
      const [images, labels] = [tensors.get('images'), tensors.get('labels')];
      const [count = 0, height = 0, width = 0, channels = 0] = images?.shape ?? [];
      return images?.dtype === 'F32' &&
        images.shape.length === 4 &&
        labels?.dtype === 'I32' &&
        labels.shape[0] === count
        ? E.right({
            images: { data: images.data, shape: [count, height, width, channels] as const },
            labels: labels.data,
          })
        : fail('DecodeError', {
            where: 'input of the job',
            expected: 'images of float32, [count, height, width, channels], and a label for each',
            actual: 'other tensors',
            hint: 'send the job again',
          });
    }),
  );
