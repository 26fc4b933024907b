import {
  add,
  type Dim,
  gather,
  type Key,
  raise,
  scaleBy,
  type Shape,
  table,
  type Tensor,
  type TreeSpec,
} from '../dsl/index.js';
import { conversion, type Parameterization } from './parameterization.js';
import type { Process } from './process.js';
import { column } from './table.js';

/** What a denoiser is told beside x_t. */
export interface Conditioning<B extends Dim> {
  /** The timestep of each sample, `[B]`, counted from 0. */
  readonly t: Tensor<[B], 'int32'>;
  /** The class of each sample, `[B]`; see {@link Denoiser.classes}. */
  readonly label?: Tensor<[B], 'int32'>;
  /** Randomness for dropout layers; without it they do nothing, as at sampling. */
  readonly dropout?: Key;
}

/**
 * A function that sees the data in x_t, with parameters `P` and samples of shape `I`: a network, a closed
 * form, or another denoiser made over. Sampling and losses take nothing else.
 */
export interface Denoiser<P, I extends Shape> {
  /** What `apply` gives: the noise ε, the data x₀ or the velocity v. */
  readonly predicts: Parameterization;
  /** The number of classes, where there are some: labels count from 0, and `classes` itself is no class at all. */
  readonly classes?: number;
  /** How many timesteps it knows, 0…timesteps-1; left out, it takes any. */
  readonly timesteps?: number;
  /** `params`, x_t of `[B, ...I]` and its conditioning to a prediction of `[B, ...I]`. */
  readonly apply: <B extends Dim>(
    params: P,
    x: Tensor<[B, ...I]>,
    at: Conditioning<NoInfer<B>>,
  ) => Tensor<[B, ...I]>;
}

/** A denoiser to be trained: it knows its parameters. */
export interface Model<P, I extends Shape> extends Denoiser<P, I> {
  readonly params: TreeSpec<P>;
  /** Parameters to begin with. */
  readonly init: (key: Key) => P;
}

/**
 * The same denoiser in another parameterization: from what it predicts and x_t to what was asked. Its `t`
 * indexes the process.
 *
 * @example
 * const black: Denoiser<null, []> = { predicts: 'x0', apply: (_, x) => zerosLike(x) }
 * const process = ddpm(scheduleFromBetas([0.36, 0.4375]))
 * const noise = pipe(process, E.map((p) => reparameterize(p, 'epsilon')(black)))
 * pipe(noise, E.map(({ apply }) => apply(null, ones(2), { t: iota(2) }))) // → E.right([1.667, 1.25])
 */
export const reparameterize =
  (process: Process, to: Parameterization) =>
  <P, I extends Shape>(denoiser: Denoiser<P, I>): Denoiser<P, I> => {
    if (denoiser.predicts === to) return denoiser;
    const conversions = process.marginals.map(conversion(denoiser.predicts, to));
    const ofX = table(column(conversions, ({ x }) => x));
    const ofPrediction = table(column(conversions, ({ prediction }) => prediction));
    return {
      ...denoiser,
      predicts: to,
      apply: (params, x, at) =>
        add(scaleBy(gather(ofPrediction)(at.t))(denoiser.apply(params, x, at)))(
          scaleBy(gather(ofX)(at.t))(x),
        ),
    };
  };

/** Raises where a process goes on past the timesteps of a denoiser, which would take the last for all of them. */
const requireKnown = (timesteps: Int32Array, known = Number.POSITIVE_INFINITY): void => {
  const last = timesteps.reduce((a, b) => Math.max(a, b), 0);
  if (last >= known)
    raise('ConfigError', {
      where: 'denoiser',
      expected: `a process whose timesteps it knows, 0 to ${known - 1}`,
      actual: `one that goes up to ${last}`,
      hint: 'make the model with as many `timesteps` as the process has',
    });
};

/**
 * A denoiser that is asked by the timesteps 0…T-1 of a process, and asks in turn by those that the network
 * knows: other ones where the process is respaced. It raises `ConfigError`, when it is applied, for a process
 * of more timesteps than it knows.
 *
 * @example
 * const clock: Denoiser<null, []> = { predicts: 'x0', apply: (_, x, { t }) => add(x)(cast('float32')(t)) }
 * const seen = (process: Process) => overProcess(process)(clock).apply(null, zeros(3), { t: iota(3) })
 * pipe(ddpm(cosine(1000)), E.flatMap(respace(spaced(3))), E.map(seen)) // → E.right([0, 500, 999])
 */
export const overProcess =
  ({ timesteps }: Process) =>
  <P, I extends Shape>(denoiser: Denoiser<P, I>): Denoiser<P, I> => {
    const same = timesteps.every((timestep, t) => timestep === t);
    return {
      ...denoiser,
      apply: (params, x, at) => {
        requireKnown(timesteps, denoiser.timesteps);
        return denoiser.apply(params, x, same ? at : { ...at, t: gather(table(timesteps))(at.t) });
      },
    };
  };
