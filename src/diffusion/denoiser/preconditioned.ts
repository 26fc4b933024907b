/** Denoisers from networks that take float noise labels. */
import { add, type Dim, div, reciprocal, scaleBy, type Shape, type Tensor } from '../../dsl/index.js';
import type { Itself } from '../../internal/itself.js';
import { fail, type NoisefoldError } from '../../internal/errors.js';
import { E, type either, F } from '../../internal/fp.js';
import { partLike } from '../../internal/parts.js';
import { argument } from '../../internal/schema.js';
import { processPart } from '../parts.js';
import type { Conditioning, Denoiser, Model } from './denoiser.js';
import { noiseLevels, wholeTimesteps } from '../conditioning/networkTimesteps.js';
import { type Channel, leavesSignal } from '../schedules/channel.js';
import { preconditioningOf, type PreconditioningOptions } from './preconditioning.js';
import type { Process } from '../process/process.js';

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

const refused = (expected: string, actual: string, hint: string) =>
  fail('ConfigError', { where: 'preconditioned', expected, actual, hint });

const processOf = argument('preconditioned', processPart);
const networkOf = argument('preconditioned', partLike('a network { apply }', 'the result of unet', 'apply'));

/** Checks a process: a `ConfigError` for a level without signal, and for two levels at one timestep. */
const checkedProcess = (process: Process): either.Either<NoisefoldError, Process> => {
  const { schedule, marginals, timesteps } = process;
  const withoutSignal = marginals.findIndex((marginal) => !leavesSignal(marginal));
  if (withoutSignal !== -1)
    return refused(
      'a finite σ at every timestep of the process',
      `σ = ${schedule.sigmas[withoutSignal]} at t = ${withoutSignal}`,
      'take processOfSigmas, with levels from 0.002 to 80',
    );
  const twice = timesteps.findIndex((t, i) => i > 0 && t === timesteps[i - 1]);
  return twice === -1
    ? E.right(process)
    : refused(
        'a timestep for each noise level of the process',
        `two levels at t = ${timesteps[twice]}`,
        'give the process before respacing, or one of processOfSigmas',
      );
};

/** Looks up the noise level of a network's timestep; NaN at timesteps that the process does not visit. */
const levelsByTimestep = ({ marginals, timesteps }: Process) => {
  const channels = Array.from({ length: 1 + timesteps.at(-1)! }, (): Channel => ({ alpha: NaN, sigma: NaN }));
  timesteps.forEach((t, i) => (channels[t] = marginals[i]!));
  return noiseLevels({ marginals: channels });
};

/** The fields of a network that its denoiser keeps. It does not keep `predicts`, `learned` and `timesteps`. */
const KEPT = ['classes', 'unconditional', 'condition', 'params', 'init', 'config'] as const;
const keptOf = (network: object) =>
  Object.fromEntries(Object.entries(network).filter(([name]) => KEPT.some((kept) => kept === name)));

/**
 * Makes a denoiser of x₀ from a raw network, by the preconditioning of EDM (Karras et al. 2022, eq. 7 and table 1):
 * D(x; σ) = c_skip·x + c_out·F(c_in·x; c_noise), with σ/α of the noise level as σ, and x = x_t/α. The network gets c_noise as
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
    E.tap(() => checkedProcess(process)),
    E.map((coefficients) => {
      const levelOf = levelsByTimestep(process);
      const denoiser: Denoiser<P, I> = {
        ...keptOf(network),
        predicts: 'x0',
        timesteps: 1 + process.timesteps.at(-1)!,
        apply: (params, xt, { t, level = levelOf(wholeTimesteps(t)), ...at }) => {
          const x = scaleBy(xt, reciprocal(level.alpha));
          const c = coefficients(div(level.sigma, level.alpha));
          const raw = network.apply(params, scaleBy(x, c.in), { ...at, t: c.noise });
          return add(scaleBy(x, c.skip), scaleBy(raw, c.out));
        },
      };
      return denoiser as Preconditioned<P, I, N>; // with `params` and `init` of N, if it has them
    }),
  );
