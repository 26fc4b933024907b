/** Couplings of images with noise. A training computes them on the host, before each step. */
import type { NoisefoldError, RandomKey } from '../../dsl/index.js';
import { show } from '../../internal/decode.js';
import { raise } from '../../internal/errors.js';
import { E, type taskEither } from '../../internal/fp.js';
import { take } from '../../internal/gen.js';
import { checkNumbers } from '../../data/images.js';
import type { Samples } from '../../data/examples.js';
import { genTask } from '../../dsl/run/genEffect.js';

/** The images of a batch on the host, and their positions in the data. */
export interface ImagesToCouple {
  /** Row-major, `[B, height, width, channels]`, in [-1, 1]. */
  readonly images: Float32Array;
  readonly positions: Int32Array;
}

/**
 * Returns the noise ε of each image of a batch, or a promise of it: as many numbers as `images` has. Runs while the step
 * before computes. Each step has its own key. The numbers need not be noise: they may be other images.
 */
export interface Coupling {
  (batch: ImagesToCouple, key: RandomKey): Float32Array | Promise<Float32Array>;
  /** The coupling of held-out images; by default their noise is normal and independent of the images. */
  readonly heldOut?: Coupling;
}

/** The noise of a batch by a coupling. Raises `ConfigError` for an array of another length. */
export const noiseBy = async (coupling: Coupling, batch: ImagesToCouple, key: RandomKey): Promise<Float32Array> => {
  const noise: unknown = await coupling(batch, key);
  const { length } = batch.images;
  return noise instanceof Float32Array && noise.length === length
    ? noise
    : raise('ConfigError', {
        where: 'training.coupling',
        expected: `a Float32Array of ${length} numbers, the noise of ${batch.positions.length} images`,
        actual: noise instanceof Float32Array ? `a Float32Array of ${noise.length}` : show(noise),
        hint: 'return the noise of the images, in their order',
      });
};

/**
 * Adds the noise of a coupling to the samples of a step. Fails with `ConfigError` for noise of another size, and with `NonFinite`
 * for numbers that are not finite.
 */
export const coupledBy =
  (coupling: Coupling, positions: Int32Array, key: RandomKey) =>
  (samples: Samples): taskEither.TaskEither<NoisefoldError, Samples> =>
    genTask('training.coupling', function* () {
      const { images } = samples;
      const noise = yield* take(async () => E.right(await noiseBy(coupling, { images, positions }, key)));
      const each = images.length / positions.length;
      const about = { is: Number.isFinite, expected: 'finite noise', hint: 'check the coupling', each };
      checkNumbers(noise, { ...about, where: (at) => `training.coupling: noise of image ${at}` });
      return { ...samples, noise };
    });
