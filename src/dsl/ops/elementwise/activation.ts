/** Activations, and softmax. */
import { oneOf } from '../../../internal/decode.js';
import type { Exact } from '../../../internal/exact.js';
import { optional, type OptionsOf, schema } from '../../../internal/schema.js';
import { geluComposite, siluComposite, softmaxComposite } from '../../composites/index.js';
import type { Node } from '../../graph/node.js';
import { nodeOf, type Shape, type Tensor, tensor } from '../../graph/tensor.js';
import * as nodes from '../../primitives/index.js';
import type { Checked } from '../../types/checked.js';
import type { AxisIn, Missing } from '../../types/shape.js';
import { exchange, type Numeric, withOption } from '../operand.js';

/**
 * max(x, 0)
 * @example relu(constantOf([-1, 2], 2)) // → [0, 2]
 */
export const relu = <S extends Shape, D extends Numeric>(x: Tensor<S, D>): Tensor<S, D> =>
  tensor(nodes.max(nodeOf(x), nodes.zerosLike(nodeOf(x))));

/** An activation with an optional number. */
interface Activation {
  <S extends Shape>(x: Tensor<S>, alpha?: number): Tensor<S>;
  (x: never): never;
  (x: never): undefined; // the result types differ because TypeScript merges equal overloads
  (alpha?: number): <S extends Shape>(x: Tensor<S>) => Tensor<S>;
  <S extends Shape>(x: Tensor<S>, alpha?: number): Tensor<S>; // repeats the first overload: see OneError
}

/**
 * x where x ≥ 0, and `slope`·x (default 0.01) below. Maas et al. 2013.
 * @example
 * leakyRelu(constantOf([-1, 2], 2)) // → [-0.01, 2]
 * pipe(constantOf([-1, 2], 2), leakyRelu(0.2)) // → [-0.2, 2]
 */
export const leakyRelu: Activation = withOption('leakyRelu', (x, slope = 0.01) =>
  nodes.select(nodes.less(x, nodes.zerosLike(x)), nodes.scale(x, slope), x),
);

/**
 * x where x > 0, and α·(eˣ − 1) (default α = 1) below. Clevert et al. 2016.
 * @example elu(constantOf([-1, 0, 2], 3)) // → [-0.6321, 0, 2]
 */
export const elu: Activation = withOption('elu', (x, alpha = 1) => {
  const positive = nodes.less(nodes.zerosLike(x), x);
  const below = nodes.select(positive, nodes.zerosLike(x), x); // keeps e^x from overflowing where x is positive
  return nodes.select(positive, x, nodes.scale(nodes.unary('expm1', below), alpha));
});

/**
 * ln(1 + eˣ), without overflow: max(x, 0) + ln(1 + e^(−|x|)).
 * @example softplus(constantOf([-1000, 0, 1000], 3)) // → [0, 0.6931, 1000]
 */
export const softplus = <S extends Shape>(x: Tensor<S>): Tensor<S> =>
  tensor(nodes.add(nodeOf(relu(x)), nodes.unary('log1p', nodes.exp(nodes.neg(nodes.abs(nodeOf(x)))))));

/**
 * x·σ(x), also called swish. Elfwing et al. 2017.
 * @example silu(constantOf([-1, 0, 1], 3)) // → [-0.2689, 0, 0.7311]
 */
export const silu = <S extends Shape>(x: Tensor<S>): Tensor<S> => tensor(nodes.composite(siluComposite, [nodeOf(x)]));

const geluFields = {
  /** 'tanh' for Φ(x) ≈ ½·(1 + tanh(√(2/π)·(x + 0.044715·x³))), as in GPT-2 and DiT; 'none', the exact function, if left out. */
  approximate: optional(oneOf('none', 'tanh'), 'none'),
};
const geluOptions = /* @__PURE__ */ schema('gelu', geluFields);

/** The options of {@link gelu}. */
export interface GeluOptions extends OptionsOf<typeof geluFields> {}

/**
 * x·Φ(x), with the exact normal distribution function, or its approximation by tanh. Hendrycks & Gimpel 2016.
 * @example
 * gelu(constantOf([-1, 0, 1], 3)) // → [-0.1587, 0, 0.8413]
 * gelu(constantOf([-1, 0, 1], 3), { approximate: 'tanh' }) // → [-0.1588, 0, 0.8412]
 */
export const gelu = <S extends Shape, F = unknown>(
  x: Tensor<S>,
  options?: Exact<F, keyof GeluOptions> & GeluOptions,
): Tensor<S> => tensor(nodes.composite(geluComposite, [nodeOf(x)], geluOptions.demand(options)));

/** A normalization along one axis (default: the last). */
interface AlongAxis {
  <S extends Shape>(x: Tensor<S>): Tensor<S>;
  <S extends Shape, const A extends number>(x: Tensor<S>, axis: AxisIn<S, A>): Tensor<S>;
  (x: never): never;
  (x: never): undefined; // the result types differ because TypeScript merges equal overloads
  (): <S extends Shape>(x: Tensor<S>) => Tensor<S>;
  <const A extends number>(axis: A): <S extends Shape>(x: Checked<Tensor<S>, S, Missing<S, A>>) => Tensor<S>;
  <S extends Shape>(x: Tensor<S>): Tensor<S>; // repeats the first overload: see OneError
}

/** Makes both forms of a function of the last axis, applied along any axis. */
/* @__NO_SIDE_EFFECTS__ */
const alongAxis = (op: string, alongLast: (x: Node) => Node): AlongAxis =>
  withOption(op, (x, axis = -1) => {
    const last = x.shape.length - 1;
    const at = nodes.axisOf(op, x, axis);
    return exchange(alongLast(exchange(x, at, last)), at, last);
  });

/**
 * eˣ / Σ eˣ along an axis (default: the last), without overflow.
 * @example
 * softmax(constantOf([0, Math.log(3)], 2)) // → [0.25, 0.75]
 * softmax(constantOf([1000, 0, 1000, 0], 2, 2), 0) // → [[0.5, 0.5], [0.5, 0.5]]
 * pipe(constantOf([1000, 1000], 2), softmax()) // → [0.5, 0.5]
 */
export const softmax: AlongAxis = alongAxis('softmax', (x) => nodes.composite(softmaxComposite, [x]));

/**
 * The logarithm of {@link softmax}: x − ln Σ eˣ along an axis (default: the last).
 * @example logSoftmax(constantOf([0, 0], 2)) // → [-0.6931, -0.6931]
 */
export const logSoftmax: AlongAxis = alongAxis('logSoftmax', (x) => {
  const last = [x.shape.length - 1];
  const shifted = nodes.sub(x, nodes.broadcast(nodes.reduceKeeping('max', x, last), x.shape));
  const total = nodes.unary('log', nodes.reduceKeeping('sum', nodes.exp(shifted), last));
  return nodes.sub(shifted, nodes.broadcast(total, x.shape));
});
