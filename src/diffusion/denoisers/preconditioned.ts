/** Denoisers from networks that take float noise labels. */
import { add, type Dim, div, reciprocal, scaleBy, type Shape, square, type Tensor } from '../../dsl/index.js';
import { fail, type NoisefoldError, raise } from '../../internal/errors.js';
import { E, type either, F } from '../../internal/fp.js';
import { partLike } from '../../internal/parts.js';
import { argument } from '../../internal/schema.js';
import type { Conditioning, Denoiser, Model } from './denoiser.js';
import type { NoiseLevel } from '../paths/path.js';
import { preconditioningOf, type PreconditioningOptions } from './preconditioning.js';

/** A raw network F(x, c_noise) with parameters `P` and samples of shape `I`. Its `predicts` is ignored. */
export interface NoiseNetwork<P, I extends Shape> extends Pick<Denoiser<P, I>, 'conditions'> {
  /** Maps `params`, c_in·x of `[B, ...I]` and its conditioning, with c_noise as `t`, to `[B, ...I]`. */
  readonly apply: <B extends Dim>(
    params: P,
    x: Tensor<[B, ...I]>,
    at: Conditioning<NoInfer<B>, 'float32'>,
  ) => Tensor<[B, ...I]>;
  /** The same with the identity in place of the attention maps: see {@link pag}. */
  readonly perturbed?: NoiseNetwork<P, I>['apply'];
}

/** A trainable raw network: one with a specification of its parameters. */
export interface NoiseModel<P, I extends Shape> extends NoiseNetwork<P, I>, Pick<Model<P, I>, 'params' | 'init'> {}

/** The denoiser of a network `N`. It keeps `params`, `init` and `config`, if the network has them. */
export type Preconditioned<P, I extends Shape, N> = Denoiser<P, I> &
  Pick<N, Extract<keyof N, 'params' | 'init' | 'config'>> & {
    /** The column of table 1 (EDM), with its constants. */
    readonly preconditioning: Required<PreconditioningOptions>;
  };

const networkOf = argument('preconditioned', partLike('a network { apply }', 'the result of unet', 'apply'));

/** Returns a `ConfigError` for a network of timesteps, which gives NaN for the logarithm of σ. */
const takingAnyTime = ({ timesteps }: object & { readonly timesteps?: number }, { as }: PreconditioningOptions) =>
  timesteps === undefined || as === 'vp' || as === 'iddpm'
    ? E.right(undefined)
    : fail('ConfigError', {
        where: 'preconditioned: network',
        expected: "a network of times of any size, made with timesteps: 'continuous'",
        actual: `a network of ${timesteps} timesteps`,
        hint: 'c_noise, the time that it gets, may be negative',
      });

/** The fields of a network that its denoiser keeps. It does not keep `predicts`, `learned` and `timesteps`. */
const FIELDS = ['conditions', 'params', 'init', 'config'] as const;
const keptOf = (network: object) =>
  Object.fromEntries(Object.entries(network).filter(([name]) => FIELDS.some((field) => field === name)));

/** The noise level of each sample. Raises `ConfigError` if it is missing. */
const requiredLevel = <B extends Dim>(level: NoiseLevel<B> | undefined): NoiseLevel<B> =>
  level ??
  raise('ConfigError', {
    where: 'denoiser: level',
    expected: 'the noise level of each sample, for a preconditioned network',
    actual: 'none',
    hint: 'apply overNoising(noising)(denoiser), which looks it up',
  });

/**
 * Makes a denoiser of x₀ from a raw network, by the preconditioning of EDM (Karras et al. 2022, eq. 7 and table 1):
 * D(x; σ) = c_skip·x + c_out·F(c_in·x; c_noise), with σ/α of the noise level as σ, and x = x_t/α. The network gets c_noise as
 * `t`, float32. It is defined at every noise level with signal, so it works on any path.
 *
 * | `as`      | c_skip               | c_out                  | c_in            | c_noise              |
 * | --------- | -------------------- | ---------------------- | --------------- | -------------------- |
 * | `'edm'`   | σ_data²/(σ²+σ_data²) | σ·σ_data/√(σ²+σ_data²) | 1/√(σ²+σ_data²) | ¼·ln σ               |
 * | `'vp'`    | 1                    | -σ                     | 1/√(σ²+1)       | (M-1)·σ^{-1}(σ)      |
 * | `'ve'`    | 1                    | σ                      | 1               | ln(½·σ)              |
 * | `'iddpm'` | 1                    | -σ                     | 1/√(σ²+1)       | M-1-argmin_j ∣u_j-σ∣ |
 *
 * Its usual loss has the weight of table 1, λ(σ) = 1/c_out², so it is the squared error of F. Train and sample as in the paper over
 * {@link edm}: `fit` takes its times and this weight, and {@link heun} on a number of steps its noise levels. A learned variance is dropped.
 *
 * With `sigmaMin`, σ - σ_min is in place of σ in c_skip and in the numerator of c_out, so that D(x; σ_min) = x: consistency models (Song
 * et al. 2023, appendix C). Returns a `ConfigError` for invalid options, and for `'edm'` or `'ve'` of a network of timesteps.
 *
 * @param network - if it is a model, with `params` and `init`, the result is a model too
 * @param options - `as`, and the constants of that column: {@link PreconditioningOptions}
 * @example
 * const silent: NoiseNetwork<null, []> = { apply: (_, x) => zerosLike(x) }
 * const denoiser = unwrap(preconditioned(silent, { as: 'edm', sigmaData: 0.5 }))
 * // c_skip is 1/2 and 1/17
 * overNoising(edm())(denoiser).apply(null, ones(2), { t: constantOf([0.5, 2], 2) }) // → [1 / 2, 1 / 17]
 */
export const preconditioned = <P, I extends Shape, N extends object>(
  network: NoiseNetwork<P, I> & N,
  options: PreconditioningOptions,
): either.Either<NoisefoldError, Preconditioned<P, I, N>> =>
  F.pipe(
    networkOf.decode(network),
    E.flatMap(() => preconditioningOf(options)),
    E.tap(() => takingAnyTime(network, options)),
    E.map(({ preconditioning, coefficients }) => {
      const denoised =
        (F: NoiseNetwork<P, I>['apply']): Denoiser<P, I>['apply'] =>
        (params, xt, { level, ...at }) => {
          const { alpha, sigma } = requiredLevel(level);
          const x = scaleBy(xt, reciprocal(alpha));
          const c = coefficients(div(sigma, alpha));
          return add(scaleBy(x, c.skip), scaleBy(F(params, scaleBy(x, c.in), { ...at, t: c.noise }), c.out)); // eq. 7
        };
      const denoiser = {
        ...keptOf(network),
        predicts: 'x0',
        clock: 'level',
        needsSignal: true,
        weight: <B extends Dim>({ alpha, sigma }: NoiseLevel<B>) =>
          reciprocal(square(coefficients(div(sigma, alpha)).out)),
        preconditioning,
        // the writer of models checks by these fields that the functions are unchanged, as for `unet`
        apply: Object.assign(denoised(network.apply), { ...network.apply, preconditioning }),
        ...(network.perturbed && { perturbed: denoised(network.perturbed) }),
      };
      return denoiser as typeof denoiser & Preconditioned<P, I, N>; // has `params` and `init` if N has them
    }),
  );
