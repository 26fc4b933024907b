/**
 * Sinusoidal embeddings of times, computed in the program, so that times may be fractional or results of other
 * operations.
 */
import { type Extent, extents, type Wide } from '../../types/dim.js';
import { dual } from '../../../internal/dual.js';
import { refuseShape } from '../../../internal/errors.js';
import { aboveZero, finite, hinted, numberOf, oneOf } from '../../../internal/decode.js';
import { t } from '../../../internal/fp.js';
import { type FilledOf, optional, type OptionsOf, record, schema } from '../../../internal/schema.js';
import type { Node } from '../../graph/node.js';
import * as nodes from '../../primitives/index.js';
import { type AnyTensor, type Dim, nodeOf, type Tensor, tensor } from '../../graph/tensor.js';
import { demandFloats } from '../operand.js';

const layoutFields = {
  /** The first half of an embedding: its sines or its cosines. */
  first: oneOf('sine', 'cosine'),
  /** The shift of the frequencies ω_i = maxPeriod^(−i/(n − shift)), i = 0…n−1, where n is half the size. */
  shift: finite,
};

/**
 * The first half of an embedding, and the shift of its frequencies. A shift of 1 includes the lowest frequency
 * 1/maxPeriod; 0 excludes it.
 */
export interface SinusoidLayout extends OptionsOf<typeof layoutFields> {}

/** The layouts by name. */
export const LAYOUTS = {
  ddpm: { first: 'sine', shift: 1 },
  'guided-diffusion': { first: 'cosine', shift: 0 },
} as const;

const sinusoidFields = {
  /** The length of an embedding. An embedding of odd length ends with a 0. */
  size: numberOf('a number'),
  /** `ddpm` (Ho et al. 2020): sines first, shift 1; `guided-diffusion` (Dhariwal & Nichol 2021): cosines first, shift 0. */
  sinusoid: hinted(
    t.union(
      [oneOf('ddpm', 'guided-diffusion'), record(layoutFields)],
      "'ddpm', 'guided-diffusion' or { first, shift }",
    ),
    'first is sine or cosine, and shift a number',
  ),
  /** The period of the lowest frequency divided by 2π; default 10000. */
  maxPeriod: optional(hinted(aboveZero, '10000 is usual'), 10_000),
  /** A factor of the times; default 1. Use 1000 for times from 0 to 1. */
  scale: optional(hinted(finite, 'times are multiplied by the scale'), 1),
};

/** Options of {@link sinusoid}. */
export interface SinusoidOptions<D = number> extends Omit<OptionsOf<typeof sinusoidFields>, 'size'> {
  /** The length of an embedding. An embedding of odd length ends with a 0. */
  readonly size: D;
}

const layoutOf = ({ sinusoid }: Pick<SinusoidOptions, 'sinusoid'>): SinusoidLayout =>
  typeof sinusoid === 'object' ? sinusoid : LAYOUTS[sinusoid as keyof typeof LAYOUTS]; // a name

const sinusoidOptions = /* @__PURE__ */ schema('sinusoid', sinusoidFields).rule((options) => {
  const half = Math.floor(options.size / 2);
  return half > 1 && layoutOf(options).shift >= half
    ? {
        field: 'sinusoid.shift',
        expected: `less than ${half}, half of the size`,
        actual: `${layoutOf(options).shift}`,
        hint: '0 and 1 are usual',
      }
    : null;
});

/**
 * Computes ω_i by the float32 operations of the published code, exp(−ln(maxPeriod)·i / (n − shift)), so that a network
 * gets the numbers that it was trained with. Another order of operations changes the last bits of ω, and so the fifth
 * decimal of t·ω. Raises `ConfigError`.
 */
export const frequenciesOf = (options: SinusoidOptions): Float32Array => frequencies(sinusoidOptions.demand(options));

const frequencies = (options: FilledOf<typeof sinusoidOptions>): Float32Array => {
  const { size, maxPeriod } = options;
  const { shift } = layoutOf(options);
  extents('sinusoid', [size]);
  const n = Math.floor(size / 2);
  const slope = Math.fround(-Math.log(maxPeriod));
  const exponent = (i: number): number => Math.fround(Math.fround(slope * i) / (n > shift ? n - shift : 1));
  return Float32Array.from({ length: n }, (_, i) => Math.exp(exponent(i)));
};

/** 2²⁹: float64 has 29 more bits than float32. */
const MORE = 2 ** 29;
/** The bound below which angles count as small: their float32 error is at most 2.4e-7. */
const SMALL = 4;

/**
 * Rounds angles to float32 even if they are computed in float64, as on the reference backend: x·2²⁹ − (x·2²⁹ − x) is x
 * rounded to the 24 bits of a float32 (Veltkamp 1968). In float32 the expression is 0, and x is already rounded. Small
 * angles are not rounded: rounding would hardly change them, and without it finite differences give the derivative 1.
 */
const roundedToFloat32 = (x: Node): Node => {
  const large = nodes.scale(x, MORE);
  const rounded = nodes.sub(large, nodes.sub(large, x));
  const isSmall = nodes.binary('less', nodes.unary('abs', x), nodes.full(SMALL, x.shape));
  const isKept = nodes.binary('or', isSmall, nodes.binary('equal', rounded, nodes.zerosLike(x)));
  return nodes.add(x, nodes.stopGradient(nodes.sub(nodes.select(isKept, x, rounded), x)));
};

/**
 * The sinusoidal embedding of times: t `[B]` → `[B, size]`, sines and cosines of the float32 products (t·scale)·ω_i. Times are
 * any float32 numbers; see {@link SinusoidOptions} for the order and the frequencies. For |t·ω| ≤ 10⁴ the result is within 5e-7
 * of the sine or cosine of the float32 product, on every backend. Raises `ConfigError` for invalid options, `ShapeError`
 * and `DTypeError` unless `t` is a float32 vector. Vaswani et al. 2017, section 3.5; DDPM (Ho et al. 2020), appendix B.
 * @example
 * const t = constantOf([0, 0.5], 2)
 * sinusoid(t, { size: 4, sinusoid: 'ddpm' }) // → [[0, 0, 1, 1], [0.4794, 0.00005, 0.8776, 1]]
 * pipe(t, sinusoid({ size: 64, sinusoid: 'guided-diffusion', scale: 1000 })) // : Tensor<[2, 64]>
 */
export const sinusoid: {
  <const D extends number>(
    options: SinusoidOptions<Extent<D>>,
  ): <B extends Dim>(t: Tensor<[B]>) => Tensor<[B, Wide<D>]>;
  <B extends Dim, const D extends number>(t: Tensor<[B]>, options: SinusoidOptions<Extent<D>>): Tensor<[B, Wide<D>]>;
} = dual('sinusoid', 2, (t: AnyTensor, settings: SinusoidOptions) => {
  const options = sinusoidOptions.demand(settings);
  const x = nodeOf(t);
  if (x.shape.length !== 1) refuseShape('sinusoid', 'times, [B]', x.shape, 'reshape it first');
  demandFloats('sinusoid', x);
  const omega = frequencies(options);
  const [B, n] = [x.shape[0]!, omega.length];
  const { scale } = options;
  const scaled = scale === 1 ? x : roundedToFloat32(nodes.scale(x, Math.fround(scale)));
  const times = nodes.broadcast(nodes.reshape(scaled, [B, 1]), [B, n]);
  const omegas = nodes.broadcast(nodes.constant(omega, [1, n], 'float32'), [B, n]);
  const angles = roundedToFloat32(nodes.mul(times, omegas));
  const [sines, cosines] = [nodes.unary('sin', angles), nodes.unary('cos', angles)];
  const halves = layoutOf(options).first === 'sine' ? [sines, cosines] : [cosines, sines];
  return tensor(nodes.pad(nodes.concat(halves, 1), [0, 0], [0, options.size % 2]));
});
