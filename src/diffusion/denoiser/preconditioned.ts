/** Denoisers from networks that take float noise labels. */
import { add, type Dim, scaleBy, type Shape, type Tensor } from '../../dsl/index.js';
import type { Itself } from '../../internal/itself.js';
import { fail, type NoisefoldError } from '../../internal/errors.js';
import { E, type either, F } from '../../internal/fp.js';
import { partLike } from '../../internal/parts.js';
import { argument } from '../../internal/schema.js';
import { processPart } from '../parts.js';
import type { Conditioning, Denoiser, Model } from './denoiser.js';
import { leavesSignal } from '../schedules/channel.js';
import {
  type Coefficients,
  type Preconditioning,
  preconditioningOf,
  type PreconditioningOptions,
} from './preconditioning.js';
import type { Process } from '../process/process.js';
import { entriesAt } from '../process/table.js';

/** The conditioning of a network of noise labels. */
export interface NoiseConditioning<B extends Dim> extends Omit<Conditioning<B>, 't'> {
  /** c_noise of each sample, float32 `[B]`. */
  readonly t: Tensor<[B]>;
}

/** A raw network F(x, c_noise) with parameters `P` and samples of shape `I`. Its `predicts` and `timesteps` are ignored. */
export interface NoiseNetwork<P, I extends Shape> extends Pick<
  Denoiser<P, I>,
  'classes' | 'unconditional' | 'condition'
> {
  /** Maps `params`, c_in·x of `[B, ...I]` and its conditioning to `[B, ...I]`. */
  readonly apply: <B extends Dim>(
    params: P,
    x: Tensor<[B, ...I]>,
    at: NoiseConditioning<NoInfer<B>>,
  ) => Tensor<[B, ...I]>;
}

/** A trainable raw network: one with a specification of its parameters. */
export interface NoiseModel<P, I extends Shape> extends NoiseNetwork<P, I>, Pick<Model<P, I>, 'params' | 'init'> {}

/** The denoiser of a network `N`. It keeps `params`, `init` and `config`, if the network has them. */
export type Preconditioned<P, I extends Shape, N> = Denoiser<P, I> &
  Pick<N, Extract<keyof N, 'params' | 'init' | 'config'>>;

/** The coefficients of a noise level for x_t = √ᾱ·(x_0 + σ·ε), which is √ᾱ times the x of EDM. */
interface Level extends Coefficients {
  /** The timestep that the denoiser gets. */
  readonly t: number;
}

const refused = (expected: string, actual: string, hint: string) =>
  fail('ConfigError', { where: 'preconditioned', expected, actual, hint });

const processOf = argument('preconditioned', processPart);
const networkOf = argument('preconditioned', partLike('a network { apply }', 'the result of unet', 'apply'));

/** The levels of a process. Returns a `ConfigError` for a level without signal, and for two levels at one timestep. */
const levelsOf = (
  { schedule: { sigmas }, marginals, timesteps }: Process,
  coefficients: Preconditioning,
): either.Either<NoisefoldError, readonly Level[]> => {
  const withoutSignal = marginals.findIndex((marginal) => !leavesSignal(marginal));
  if (withoutSignal !== -1)
    return refused(
      'a finite σ at every timestep of the process',
      `σ = ${sigmas[withoutSignal]} at t = ${withoutSignal}`,
      'take processOfSigmas, with levels from 0.002 to 80',
    );
  const twice = timesteps.findIndex((t, i) => i > 0 && t === timesteps[i - 1]);
  if (twice !== -1)
    return refused(
      'a timestep for each noise level of the process',
      `two levels at t = ${timesteps[twice]}`,
      'give the process before respacing, or one of processOfSigmas',
    );
  return E.right(
    Array.from(sigmas, (sigma, i): Level => {
      const { skip, out, in: input, noise } = coefficients(sigma);
      const { alpha } = marginals[i]!;
      return { t: timesteps[i]!, skip: skip / alpha, out, in: input / alpha, noise };
    }),
  );
};

/** The fields of a network that its denoiser keeps. It does not keep `predicts`, `learned` and `timesteps`. */
const KEPT = ['classes', 'unconditional', 'condition', 'params', 'init', 'config'] as const;
const keptOf = (network: object) =>
  Object.fromEntries(Object.entries(network).filter(([name]) => KEPT.some((kept) => kept === name)));

/**
 * Makes a denoiser of x₀ from a raw network, by the preconditioning of EDM (Karras et al. 2022, eq. 7 and table 1):
 * D(x; σ) = c_skip·x + c_out·F(c_in·x; c_noise), with σ of the process at t, and x = x_t/√ᾱ_t. The network gets c_noise as
 * `t`, float32.
 *
 * | `as`      | c_skip               | c_out                  | c_in            | c_noise              |
 * | --------- | -------------------- | ---------------------- | --------------- | -------------------- |
 * | `'edm'`   | σ_data²/(σ²+σ_data²) | σ·σ_data/√(σ²+σ_data²) | 1/√(σ²+σ_data²) | ¼·ln σ               |
 * | `'vp'`    | 1                    | -σ                     | 1/√(σ²+1)       | (M-1)·σ^{-1}(σ)      |
 * | `'ve'`    | 1                    | σ                      | 1               | ln(½·σ)              |
 * | `'iddpm'` | 1                    | -σ                     | 1/√(σ²+1)       | M-1-argmin_j ∣u_j-σ∣ |
 *
 * To sample as in the paper, use {@link heun} on every timestep of {@link processOfSigmas} of {@link karrasSigmas}. The loss
 * of the paper is `weightedBy(edmWeight(0.5))(simpleLosses)`. A learned variance is dropped. Returns a `ConfigError` for
 * invalid options, for a process with a level without signal, and for one with two levels at one timestep.
 *
 * @param process - the process to sample or train with, before respacing
 * @param network - if it is a model, with `params` and `init`, the result is a model too
 * @param options - `as`, and the constants of that column: {@link PreconditioningOptions}
 * @example
 * const silent: NoiseNetwork<null, []> = { apply: (_, x) => zerosLike(x) }
 * const made = unwrap(preconditioned(unwrap(processOfSigmas([0.5, 2])), silent, { as: 'edm', sigmaData: 0.5 }))
 * // x_t/√ᾱ_t is √1.25 and √5; c_skip is 1/2 and 1/17
 * made.apply(null, ones(2), { t: iota(2) }) // → [0.559, 0.1315]
 */
export const preconditioned = <P, I extends Shape, N extends object>(
  process: Itself<Process>,
  network: NoiseNetwork<P, I> & N,
  options: PreconditioningOptions,
): either.Either<NoisefoldError, Preconditioned<P, I, N>> =>
  F.pipe(
    processOf.decode(process),
    E.flatMap(() => networkOf.decode(network)),
    E.flatMap(() => preconditioningOf(options)),
    E.flatMap((coefficients) => levelsOf(process, coefficients)),
    E.map((levels) => {
      const timesteps = 1 + levels.at(-1)!.t;
      /** NaN at timesteps that the process does not visit. */
      const byTimestep = (number: (level: Level) => number) => {
        const numbers = new Float64Array(timesteps).fill(NaN);
        for (const level of levels) numbers[level.t] = number(level);
        return entriesAt(numbers);
      };
      const [skip, out] = [byTimestep((level) => level.skip), byTimestep((level) => level.out)];
      const [input, noise] = [byTimestep((level) => level.in), byTimestep((level) => level.noise)];
      const denoiser: Denoiser<P, I> = {
        ...keptOf(network),
        predicts: 'x0',
        timesteps,
        apply: (params, x, { t, ...at }) => {
          const raw = network.apply(params, scaleBy(x, input(t)), { ...at, t: noise(t) });
          return add(scaleBy(x, skip(t)), scaleBy(raw, out(t)));
        },
      };
      return denoiser as Preconditioned<P, I, N>; // with `params` and `init` of N, if it has them
    }),
  );
