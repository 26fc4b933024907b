/** Couplings of images with noise, which a training takes on the host between its programs. */
import type { NoisefoldError, RandomKey } from '../../dsl/index.js';
import { show } from '../../internal/decode.js';
import { raise } from '../../internal/errors.js';
import { E, type taskEither } from '../../internal/fp.js';
import { take } from '../../internal/gen.js';
import { checkNumbers } from '../data/images.js';
import type { Samples } from '../fit/examples.js';
import { genTask } from '../genEffect.js';

/** The images of a batch on the host, and their positions in the data. */
export interface ImagesToCouple {
  /** Row-major, `[B, height, width, channels]`, in [-1, 1]. */
  readonly images: Float32Array;
  readonly positions: Int32Array;
}

/**
 * Chooses the noise ε of each image of a batch, while a step runs: as many numbers as the images have, or a promise of them. Each
 * step has its own key.
 */
export type Coupling = (batch: ImagesToCouple, key: RandomKey) => Float32Array | Promise<Float32Array>;

/**
 * Adds the noise of a coupling to the samples of a step. Fails with `ConfigError` for noise of another size, and with `NonFinite`
 * for numbers that are not finite.
 */
export const coupledBy =
  (coupling: Coupling, positions: Int32Array, key: RandomKey) =>
  (samples: Samples): taskEither.TaskEither<NoisefoldError, Samples> =>
    genTask('training.coupling', function* () {
      const { images } = samples;
      const noise: unknown = yield* take(async () => E.right(await coupling({ images, positions }, key)));
      const where = 'training.coupling';
      if (!(noise instanceof Float32Array) || noise.length !== images.length)
        return raise('ConfigError', {
          where,
          expected: `a Float32Array of ${images.length} numbers, the noise of ${positions.length} images`,
          actual: noise instanceof Float32Array ? `one of ${noise.length}` : show(noise),
          hint: 'return the noise of the images, in their order',
        });
      const each = images.length / positions.length;
      const about = { is: Number.isFinite, expected: 'finite noise', hint: 'check the coupling', each };
      checkNumbers(noise, { ...about, where: (at) => `${where}: noise of image ${at}` });
      return { ...samples, noise };
    });
