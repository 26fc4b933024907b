/** Sines and cosines of a time, computed where the program runs: the times may be fractions, or computed themselves. */
import type { Extent, Wide } from '../../types/dim.js';
import { dual } from '../../dual.js';
import { extents } from '../../types/extent.js';
import { raise, showShape } from '../../errors.js';
import type { Node } from '../../graph/node.js';
import {
  add,
  binary,
  broadcast,
  concat,
  constant,
  full,
  mul,
  pad,
  reshape,
  scale,
  select,
  stopGradient,
  sub,
  unary,
  zerosLike,
} from '../../primitives/index.js';
import { type AnyTensor, type Dim, nodeOf, type Tensor, tensor } from '../../graph/tensor.js';

/**
 * Which half of an embedding comes first, and its frequencies ω_i = maxPeriod^(−i/(n − shift)), i = 0…n−1, of which n is
 * half the size: a shift of 0 leaves out the lowest frequency 1/maxPeriod, and 1 includes it.
 */
export interface SinusoidLayout {
  readonly first: 'sine' | 'cosine';
  readonly shift: number;
}

/** Options of {@link sinusoid}. */
export interface SinusoidOptions<D = number> {
  /** The length of an embedding; that of an odd one ends with a 0. */
  readonly size: D;
  /**
   * `ddpm` (Ho et al. 2020): sines first, a shift of 1. `guided-diffusion` (Dhariwal & Nichol 2021): cosines first, a
   * shift of 0. Or a layout of its own.
   */
  readonly sinusoid: 'ddpm' | 'guided-diffusion' | SinusoidLayout;
  /** The period, divided by 2π, of the lowest frequency: 10000. */
  readonly maxPeriod?: number;
  /** By which times are multiplied: 1. With 1000, times are from 0 to 1. */
  readonly scale?: number;
}

/** See {@link sinusoid}. */
interface Sinusoid {
  <const D extends number>(
    options: SinusoidOptions<Extent<D>>,
  ): <B extends Dim>(t: Tensor<[B]>) => Tensor<[B, Wide<D> & Dim]>;
  <B extends Dim, const D extends number>(
    t: Tensor<[B]>,
    options: SinusoidOptions<Extent<D>>,
  ): Tensor<[B, Wide<D> & Dim]>;
}

const LAYOUTS = {
  ddpm: { first: 'sine', shift: 1 },
  'guided-diffusion': { first: 'cosine', shift: 0 },
} as const;

const refuse = (option: string, expected: string, actual: unknown, hint: string): never =>
  raise('ConfigError', { where: `sinusoid.${option}`, expected, actual: `${String(actual)}`, hint });

const layoutOf = ({ sinusoid: given }: SinusoidOptions): SinusoidLayout => {
  if (given === 'ddpm' || given === 'guided-diffusion') return LAYOUTS[given];
  const isLayout =
    typeof given === 'object' && given !== null && ['sine', 'cosine'].includes(given.first) && Number.isFinite(given.shift); // prettier-ignore
  return isLayout
    ? given
    : refuse('sinusoid', "'ddpm', 'guided-diffusion' or { first, shift }", JSON.stringify(given), 'first is sine or cosine, and shift a number'); // prettier-ignore
};

/** ω_i · scale as float32 numbers, so that every backend multiplies by the same. Raises `ConfigError`. */
const frequenciesOf = (options: SinusoidOptions): Float32Array => {
  const { size, maxPeriod = 10_000, scale: s = 1 } = options;
  const { shift } = layoutOf(options);
  extents('sinusoid', [size]);
  if (!(maxPeriod > 0 && Number.isFinite(maxPeriod)))
    refuse('maxPeriod', 'a number > 0', maxPeriod, '10000 is usual');
  if (!Number.isFinite(s)) refuse('scale', 'a finite number', s, 'times are multiplied by it');
  const n = Math.floor(size / 2);
  if (n > 1 && shift >= n)
    refuse('sinusoid.shift', `less than ${n}, half of the size`, shift, '0 and 1 are usual');
  return Float32Array.from({ length: n }, (_, i) => s * maxPeriod ** (-i / (n > shift ? n - shift : 1)));
};

/** 2²⁹: float64 has so many bits more than float32 as this has zeros. */
const MORE = 2 ** 29;
/** Below it a float32 is within 2.4e-7 of what it stands for. */
const NEAR = 4;

/**
 * Angles as float32 holds them, also where they are computed in float64, as the reference does: x·2²⁹ − (x·2²⁹ − x) is x
 * rounded to the 24 bits of a float32 (Veltkamp 1968). In float32 it is 0, and x is rounded already. Small angles stay as
 * they are: float32 hardly changes them, and differences of values still tell the derivative, which is 1.
 */
const roundedToFloat32 = (x: Node): Node => {
  const large = scale(x, MORE);
  const rounded = sub(large, sub(large, x));
  const isNear = binary('less', unary('abs', x), full(NEAR, x.shape));
  const stays = binary('or', isNear, binary('equal', rounded, zerosLike(x)));
  return add(x, stopGradient(sub(select(stays, x, rounded), x)));
};

/**
 * The sinusoidal embedding of times: t `[B]` → `[B, size]`, sines and cosines of the float32 products t·ω_i. A time is
 * any float32 number; {@link SinusoidOptions} has the order and the frequencies. For |t·ω| ≤ 10⁴ a result is within 5e-7
 * of the exact sine or cosine of the float32 product, on every backend. Raises `ConfigError` for wrong options.
 * Vaswani et al. 2017, section 3.5; DDPM (Ho et al. 2020), appendix B.
 *
 * @example
 * const t = constantOf([0, 0.5], 2)
 * sinusoid(t, { size: 4, sinusoid: 'ddpm' }) // → [[0, 0, 1, 1], [0.4794, 0.00005, 0.8776, 1]]
 * pipe(t, sinusoid({ size: 64, sinusoid: 'guided-diffusion', scale: 1000 })) // : Tensor<[2, 64]>
 */
export const sinusoid: Sinusoid = dual('sinusoid', 2, (t: AnyTensor, options: SinusoidOptions) => {
  const x = nodeOf(t);
  if (x.shape.length !== 1)
    raise('ShapeError', {
      where: 'sinusoid',
      expected: 'times, [B]',
      actual: showShape(x.shape),
      hint: 'reshape it first',
    });
  if (x.dtype !== 'float32')
    raise('DTypeError', { where: 'sinusoid', expected: 'float32', actual: x.dtype, hint: 'cast it first' });
  const omega = frequenciesOf(options);
  const [B, n] = [x.shape[0]!, omega.length];
  const angles = roundedToFloat32(
    mul(broadcast(reshape(x, [B, 1]), [B, n]), broadcast(constant(omega, [1, n], 'float32'), [B, n])),
  );
  const [sines, cosines] = [unary('sin', angles), unary('cos', angles)];
  const halves = layoutOf(options).first === 'sine' ? [sines, cosines] : [cosines, sines];
  return tensor(pad(concat(halves, 1), [0, 0], [0, options.size % 2]));
});
