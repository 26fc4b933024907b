import { type Dim, fork, type Key, normalLike, type Shape, type Tensor } from '../../dsl/index.js';
import { type NoisefoldError, orRaise } from '../../internal/errors.js';
import { functionOf, hinted, share } from '../../internal/decode.js';
import type { either } from '../../internal/fp.js';
import { type FilledOf, optional, type OptionsOf, schema } from '../../internal/schema.js';
import type { Condition } from '../conditioning/condition.js';
import type { Conditioning, Denoiser } from '../denoiser/denoiser.js';
import { qSample } from '../process/forward.js';
import type { Classifier } from '../guidance/guide.js';
import { dropLabels } from '../conditioning/labelDropout.js';
import type { Process } from '../process/process.js';
import { type TimestepDraw, uniformTimesteps } from './timestepDraw.js';
import { demanding } from '../../internal/takes.js';
import { networkPart, processPart } from '../parts.js';

/** The options that every loss has. */
export const lossFields = {
  /** The probability of dropping a label, for classifier-free guidance; 0 if left out. */
  labelDropout: optional(hinted(share, '0.1 is usual'), 0),
  /** The draw of timesteps; {@link uniformTimesteps} if left out. */
  timesteps: optional(
    hinted(
      functionOf<TimestepDraw>('a draw of timesteps, such as uniformTimesteps'),
      'only fit takes an adaptive draw',
    ),
    uniformTimesteps,
  ),
};
const lossOptions = schema('loss', lossFields);

export interface LossOptions extends OptionsOf<typeof lossFields> {}

/** A batch for a training step: x_t = √ᾱ_t·x_0 + √(1-ᾱ_t)·ε, its noise ε, and the conditioning. */
export interface NoisedBatch<B extends Dim, I extends Shape> {
  readonly xt: Tensor<[B, ...I]>;
  readonly noise: Tensor<[B, ...I]>;
  readonly at: Conditioning<B>;
}

/** {@link noisedBatch} with checked options, whose error is raised when the program is traced. */
export const drawnBatch = <P, I extends Shape>(
  process: Process,
  denoiser: Denoiser<P, I> | Classifier<P, I>,
  given: either.Either<NoisefoldError, FilledOf<typeof lossOptions>>,
) => {
  const transmit = qSample(process);
  return <B extends Dim>(
    x0: Tensor<[B, ...I]>,
    key: Key,
    label?: Tensor<[NoInfer<B>], 'int32'>,
    condition?: Condition<NoInfer<B>>,
  ): NoisedBatch<B, I> => {
    const { labelDropout, timesteps } = orRaise(given);
    const keys = fork(key, 'timestep', 'noise', 'dropout', 'label');
    const dropped = dropLabels(denoiser, labelDropout); // raises for a denoiser without classes, even without labels
    const drawn = timesteps(process)(x0)(keys.timestep);
    const noise = normalLike(keys.noise, x0);
    return {
      xt: transmit(drawn, noise)(x0),
      noise,
      at: {
        t: drawn,
        dropout: keys.dropout,
        ...(condition === undefined ? {} : { condition }),
        ...(label === undefined ? {} : { label: dropped(keys.label)(label) }),
      },
    };
  };
};

/**
 * Draws timesteps, noise, dropout and label dropout for a batch from one key (its forks 'timestep', 'noise', 'dropout' and
 * 'label'): lines 2 to 4 of Algorithm 1 of DDPM (Ho et al. 2020). Every loss begins with it, so two losses with the same key
 * have the same x_t. Raises `ConfigError` for unknown options and invalid probabilities when the program is traced.
 * @example
 * const denoiser: Denoiser<null, [2]> = { predicts: 'v', apply: (_, x) => x }
 * const process = unwrap(ddpm(cosine(1000)))
 * const noised = program({ x0: 'B 2', k: 'key' }, ({ x0, k }) => noisedBatch(process, denoiser)(x0, k).at.t)
 * await using nf = await open(reference())
 * await nf.run(evaluate(noised, { B: 1 })({ x0: Float32Array.of(1, 0), k: key(7) })) // → [56]
 */
export const noisedBatch = demanding(
  'noisedBatch',
  { process: processPart, denoiser: networkPart },
  <P, I extends Shape>(process: Process, denoiser: Denoiser<P, I> | Classifier<P, I>, options?: LossOptions) =>
    drawnBatch(process, denoiser, lossOptions.decode(options)),
);
