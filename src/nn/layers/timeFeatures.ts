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
import { aboveZero, finite, hinted, natural, oneOf } from '../../internal/decode.js';
import { t } from '../../internal/fp.js';
import { optional, type OptionsOf, record, schema } from '../../internal/schema.js';
import { count } from './fields.js';
import { normalOf } from './initializers.js';
import { parameterOf } from './layer.js';
import { nanOutside, rowOrNaN } from './outOfRange.js';

/** Times `[B]`: timesteps counted from 0, or numbers that may be fractional. */
export type Times<B extends Dim> = Tensor<[B], 'int32' | 'float32'>;

/** The order and the frequencies of sines and cosines, by the code that uses them or one by one: see {@link SinusoidOptions}. */
export type Sinusoid = keyof typeof LAYOUTS | (SinusoidLayout & Pick<SinusoidOptions, 'maxPeriod' | 'scale'>);

/** The number T of timesteps 0 … T − 1, for fractional times 0 ≤ t ≤ T; or `continuous` for times of any size. */
export type TimeRange = number | 'continuous';

/** A number of timesteps. */
const steps = count('a number of timesteps', '1000 is usual');

const layout = record({
  first: oneOf('sine', 'cosine'),
  shift: finite,
  maxPeriod: optional(hinted(aboveZero, '10000 is usual')),
  scale: optional(finite),
});

/** The layout of sines and cosines, by name or by fields. */
/* @__NO_SIDE_EFFECTS__ */
const sinusoidBy = <N extends string>(names: t.Type<N>) =>
  hinted(
    t.union([names, layout], `${names.name}, or { first, shift, maxPeriod, scale }`),
    "choose the layout of the model whose weights you load; 'ddpm' for a new model",
  );

export const timesteps: t.Type<TimeRange> = hinted(
  t.union([natural, t.literal('continuous')], `${steps.name}, or 'continuous'`),
  '1000 is usual',
);
export const sinusoid: t.Type<Sinusoid | 'fourier'> = sinusoidBy(oneOf('ddpm', 'guided-diffusion', 'fourier'));

export const featureFields = {
  timesteps,
  /** The length of an embedding, twice the number of frequencies. An embedding of odd length ends with a 0. */
  size: count('the length of an embedding'),
  /**
   * `fourier` has random frequencies, drawn from N(0, 16²), which have no gradient (Song et al. 2021). Weight decay would
   * change them: exclude `frequencies` from it by `groups`.
   */
  sinusoid,
};

/** Options of the features of times. */
export interface TimeFeaturesConfig extends OptionsOf<typeof featureFields> {}

/** A function of times, `[B]` → `[B, size]`. */
type Features = <B extends Dim>(t: Times<B>) => Tensor<[B, Dim]>;

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

const tableOptions = schema('sinusoidTable', {
  timesteps: steps,
  size: featureFields.size,
  sinusoid: sinusoidBy(oneOf('ddpm', 'guided-diffusion')),
});
interface SinusoidTableConfig extends OptionsOf<typeof tableOptions> {}

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
  const table = tableOptions.demand(config);
  return rowsOf(table.timesteps, table.size, table.sinusoid);
};

/** The times 0 ≤ t ≤ T, and NaN for others. A flow has times up to 1000. */
const within = <B extends Dim>(t: Tensor<[B]>, T: number): Tensor<[B]> => nanOutside(t, t, T);

const isInt = <B extends Dim>(t: Times<B>): t is Tensor<[B], 'int32'> => dtypeOf(t) === 'int32';

/** Sinusoids: for integers from an exact table, for other times by sin and cos of the backend. NaN outside of the range. */
const sinusoids = (size: number, sinusoid: Sinusoid, T: TimeRange): Features => {
  const options = optionsOf(size, sinusoid);
  if (T === 'continuous') return (t) => sinusoidOf(cast(t, 'float32'), options);
  const table = constantOf(rowsOf(T, size, sinusoid), T, size);
  return (t) => (isInt(t) ? rowOrNaN(table, t) : sinusoidOf(within(cast(t, 'float32'), T), options));
};

/** sin(2π·t·ω), cos(2π·t·ω) with frequencies ω that are not trained. Song et al. 2021; the order of Karras et al. 2022. */
const fourier =
  (frequencies: Tensor<[Dim]>, T: TimeRange): Features =>
  (time) => {
    const t = cast(time, 'float32');
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
