import { type Dim, fork, type Key, normalLike, type Shape, type Tensor } from '../../dsl/index.js';
import { orRaise } from '../../internal/errors.js';
import { optionsOf } from '../../internal/options.js';
import { exactly, functionOf, share } from '../../internal/decode.js';
import type { Condition } from '../conditioning/condition.js';
import type { Conditioning, Denoiser } from '../denoiser/denoiser.js';
import { qSample } from '../process/forward.js';
import type { Classifier } from '../guidance/guide.js';
import { dropLabels } from '../conditioning/labelDropout.js';
import type { Process } from '../process/process.js';
import { type TimestepDraw, uniformTimesteps } from './timestepDraw.js';

export interface LossOptions {
  /** The probability with which a label is forgotten, for classifier-free guidance; 0 if left out. */
  readonly labelDropout?: number;
  /** How the timesteps of a batch are drawn; {@link uniformTimesteps} if left out. */
  readonly timesteps?: TimestepDraw;
}

/** What options every loss has, for its codec. */
export const lossFields = {
  labelDropout: share,
  timesteps: functionOf<TimestepDraw>('a draw of timesteps, such as uniformTimesteps'),
};

const lossOptions = optionsOf<LossOptions>({
  where: 'loss',
  options: exactly({}, lossFields),
  hint: 'a draw that learns is given to fit alone',
});

/** A batch as a step of training sees it: x_t = √ᾱ_t·x_0 + √(1-ᾱ_t)·ε, and what the network is told. */
export interface NoisedBatch<B extends Dim, I extends Shape> {
  readonly xt: Tensor<[B, ...I]>;
  readonly noise: Tensor<[B, ...I]>;
  readonly at: Conditioning<B>;
}

/**
 * Draws timesteps, noise, dropout and forgotten labels for a batch from one key (its forks 'timestep', 'noise',
 * 'dropout' and 'label'): lines 2 to 4 of Algorithm 1 of DDPM (Ho et al. 2020). Every loss begins with it, so that
 * two losses of one key see the same x_t. Raises `ConfigError` for unknown options and invalid
 * probabilities when the program is traced.
 * @example
 * const denoiser: Denoiser<null, [2]> = { predicts: 'v', apply: (_, x) => x }
 * const noised = (process: Process) =>
 *   program({ x0: 'B 2', k: 'key' }, ({ x0, k }) => noisedBatch(process, denoiser)(x0, k).at.t)
 * await pipe(
 *   RTE.fromEither(ddpm(cosine(1000))),
 *   RTE.flatMap((process) => evaluate(noised(process), { B: 1 })({ x0: Float32Array.of(1, 0), k: key(7) })),
 *   using(reference()),
 * )() // → E.right([56])
 */
export const noisedBatch = <P, I extends Shape>(
  process: Process,
  denoiser: Denoiser<P, I> | Classifier<P, I>,
  options: LossOptions = {},
) => {
  const transmit = qSample(process);
  const given = lossOptions(options);
  return <B extends Dim>(
    x0: Tensor<[B, ...I]>,
    key: Key,
    label?: Tensor<[NoInfer<B>], 'int32'>,
    condition?: Condition<NoInfer<B>>,
  ): NoisedBatch<B, I> => {
    const { labelDropout = 0, timesteps = uniformTimesteps } = orRaise(given);
    const keys = fork(key, 'timestep', 'noise', 'dropout', 'label');
    const forgetting = dropLabels(denoiser, labelDropout); // raises without classes, labels or not
    const drawn = timesteps(process)(x0)(keys.timestep);
    const noise = normalLike(keys.noise, x0);
    return {
      xt: transmit(drawn, noise)(x0),
      noise,
      at: {
        t: drawn,
        dropout: keys.dropout,
        ...(condition === undefined ? {} : { condition }),
        ...(label === undefined ? {} : { label: forgetting(keys.label)(label) }),
      },
    };
  };
};
