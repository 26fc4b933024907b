/** Sines and cosines of times: the inputs of a time embedding. */
import {
  cast,
  concat,
  constantOf,
  cos,
  type Dim,
  dims,
  dtypeOf,
  matmul,
  mul,
  raise,
  reshape,
  sin,
  sinusoid as sinusoidOf,
  type SinusoidLayout,
  type SinusoidOptions,
  stopGradient,
  type Tensor,
} from '../../dsl/index.js';
import { frequenciesOf as sinusoidFrequencies, LAYOUTS } from '../../dsl/ops/network/sinusoid.js';
import type { Exact } from '../../internal/exact.js';
import { finite, natural, show } from '../../internal/decode.js';
import { type Requirement, requirement } from '../../internal/requirement.js';
import { checkedFields } from './fields.js';
import { normalOf } from './initializers.js';
import { parameterOf } from './layer.js';
import { nanOutside, rowOrNaN } from './rows.js';

/** Times `[B]`: timesteps counted from 0, or numbers that may be fractional. */
export type Times<B extends Dim> = Tensor<[B], 'int32' | 'float32'>;

/** The order and the frequencies of sines and cosines, by the code that uses them or one by one: see {@link SinusoidOptions}. */
export type Sinusoid = keyof typeof LAYOUTS | (SinusoidLayout & Pick<SinusoidOptions, 'maxPeriod' | 'scale'>);

/** The number T of timesteps 0 … T − 1, for fractional times 0 ≤ t < T; or `continuous` for times of any size. */
export type TimeRange = number | 'continuous';

/** Options of the features of times. */
export interface TimeFeaturesConfig {
  readonly timesteps: TimeRange;
  /** The length of an embedding, twice the number of frequencies. An embedding of odd length ends with a 0. */
  readonly size: number;
  /**
   * `fourier` has random frequencies, drawn from N(0, 16²), which have no gradient (Song et al. 2021). Weight decay would
   * change them: exclude `frequencies` from it by `groups`.
   */
  readonly sinusoid: Sinusoid | 'fourier';
}

/** A function of times, `[B]` → `[B, size]`. */
type Features = <B extends Dim>(t: Times<B>) => Tensor<[B, Dim]>;

const isLayout = (x: unknown): boolean => {
  const { first, shift, maxPeriod = 1, scale = 1 } = Object(x) as Partial<Exclude<Sinusoid, string>>;
  const isOrder = first === 'sine' || first === 'cosine';
  return isOrder && [shift, maxPeriod, scale].every((n) => finite.is(n)) && maxPeriod > 0;
};

/** Raises `ConfigError` for anything but a {@link Sinusoid} or one of some other names. */
const requireSinusoid =
  (...others: readonly string[]): Requirement =>
  (where, given: unknown) => {
    const names = [...Object.keys(LAYOUTS), ...others];
    if (names.includes(given as string) || isLayout(given)) return;
    raise('ConfigError', {
      where,
      expected: `${names.map((name) => `'${name}'`).join(', ')} or { first, shift, maxPeriod, scale }`,
      actual: show(given),
      hint: "choose the layout of the model whose weights you load; 'ddpm' for a new model",
    });
  };

const requireTimesteps = requirement('a number of timesteps, an integer ≥ 0', natural.is, '1000 is usual');

/** The checks of {@link TimeFeaturesConfig}. */
export const featureChecks: Readonly<Record<'timesteps' | 'sinusoid', Requirement>> = {
  timesteps: (where, given: unknown) => {
    if (given !== 'continuous') requireTimesteps(where, given as number);
  },
  sinusoid: requireSinusoid('fourier'),
};

const optionsOf = (size: number, sinusoid: Sinusoid): SinusoidOptions => {
  if (typeof sinusoid === 'string') return { size, sinusoid };
  const { first, shift, ...options } = sinusoid;
  return { size, sinusoid: { first, shift }, ...options };
};

/** The rows of {@link sinusoidTable}. The last column of an odd size stays 0. */
const rowsOf = (timesteps: number, size: number, sinusoid: Sinusoid): Float64Array => {
  const { first, scale = 1 }: Exclude<Sinusoid, string> = typeof sinusoid === 'string' ? LAYOUTS[sinusoid] : sinusoid;
  const omega = sinusoidFrequencies(optionsOf(size, sinusoid));
  const n = omega.length;
  const [sines, cosines] = first === 'sine' ? [0, n] : [n, 0];
  const rows = new Float64Array(timesteps * size);
  for (let t = 0; t < timesteps; t++) {
    const time = Math.fround(t * Math.fround(scale));
    for (let i = 0; i < n; i++) {
      const angle = Math.fround(time * omega[i]!);
      rows[t * size + sines + i] = Math.sin(angle);
      rows[t * size + cosines + i] = Math.cos(angle);
    }
  }
  return rows;
};

interface SinusoidTableConfig {
  readonly timesteps: number;
  readonly size: number;
  readonly sinusoid: Sinusoid;
}

const tableFields = checkedFields('sinusoidTable', ['timesteps', 'size', 'sinusoid'], { sinusoid: requireSinusoid() });

/**
 * The sinusoidal embeddings of the timesteps 0…T−1: `[timesteps, size]`, row-major: sines and cosines, in float64, of the
 * float32 products (t·scale)·ω of {@link sinusoid}. Raises `ConfigError` for invalid options. Vaswani et al. 2017, section 3.5.
 * @example
 * const table = sinusoidTable({ timesteps: 2, size: 4, sinusoid: 'ddpm' })
 * constantOf(table, 2, 4) // → [[0, 0, 1, 1], [0.841, 0.0001, 0.54, 1]]
 */
export const sinusoidTable = <G = unknown>(
  config: Exact<G, keyof SinusoidTableConfig> & SinusoidTableConfig,
): Float64Array => {
  const { timesteps, size, sinusoid } = tableFields(config);
  return rowsOf(timesteps, size, sinusoid);
};

/** The times 0 ≤ t < T, and NaN for others. */
const within = <B extends Dim>(t: Tensor<[B]>, T: number): Tensor<[B]> => nanOutside(t, t, T);

const isInt = <B extends Dim>(t: Times<B>): t is Tensor<[B], 'int32'> => dtypeOf(t) === 'int32';

/** Sinusoids: of integers from a table, which is exact, and of other times by the backend. NaN outside of the range. */
const sinusoids = (size: number, sinusoid: Sinusoid, T: TimeRange): Features => {
  const options = optionsOf(size, sinusoid);
  if (T === 'continuous') return (t) => sinusoidOf(cast(t, 'float32'), options);
  const table = constantOf(rowsOf(T, size, sinusoid), T, size);
  return (t) => (isInt(t) ? rowOrNaN(table, t) : sinusoidOf(within(cast(t, 'float32'), T), options));
};

/** sin(2π·t·ω), cos(2π·t·ω) with frequencies ω that are not trained. Song et al. 2021; the order of Karras et al. 2022. */
const fourier =
  (frequencies: Tensor<[Dim]>, T: TimeRange): Features =>
  (given) => {
    const t = cast(given, 'float32');
    const times = reshape(T === 'continuous' ? t : within(t, T), dims(t)[0] as number, 1);
    const omega = reshape(stopGradient(frequencies), 1, dims(frequencies)[0] as number);
    const angles = mul(2 * Math.PI, matmul(times, omega));
    return concat(sin(angles), cos(angles)) as Tensor<[Dim, Dim]> as never; // [B, size]
  };

/** The random frequencies of features of a length. */
export const frequenciesOf = (size: number) => parameterOf<[Dim]>(normalOf(16), size / 2);

/** The features of times, from the frequencies if they are random. */
export const featuresOf = ({ size, sinusoid, timesteps }: TimeFeaturesConfig) => {
  const listed = sinusoid === 'fourier' ? undefined : sinusoids(size, sinusoid, timesteps);
  return (frequencies: Tensor<[Dim]> | undefined): Features => listed ?? fourier(frequencies!, timesteps); // has one of both
};
