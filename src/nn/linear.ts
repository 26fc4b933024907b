import {
  type Affine,
  type Dim,
  type Extent,
  linear,
  type Shape,
  type Tensor,
  type Wide,
} from '../dsl/index.js';
import { allZeros, fanInUniform, type Initializer } from './initializers.js';
import { collect, type TrainableLayer, parameter, type Trainable } from './layer.js';
import { namedFields } from '../dsl/options.js';

/** An affine map along the last axis, `[..., C]` → `[..., D]`. */
export type LinearLayer<C extends Dim, D extends Dim> = TrainableLayer<
  Affine<C, D>,
  <R extends Shape>(x: Tensor<[...R, NoInfer<C>]>) => Tensor<[...R, D]>
>;

const fields = namedFields(
  'linearLayer',
  { inputs: 'a number of channels', outputs: 'a number of channels' },
  ['initializer'],
);

/**
 * x·w + b along the last axis: `w: [inputs, outputs]`, by default uniform with variance 1 / inputs, and
 * `b: [outputs]`, zeros.
 *
 * @example
 * const layer = linearLayer({ inputs: 2, outputs: 3 })
 * pipe(constantOf([1, 2], 1, 2), layer.apply({ w: ones(2, 3), b: zeros(3) })) // → [[3, 3, 3]]
 */
export const linearLayer = <const C extends number, const D extends number>(config: {
  readonly inputs: Extent<C>;
  readonly outputs: Extent<D>;
  readonly initializer?: Initializer;
}): LinearLayer<Wide<C> & Dim, Wide<D> & Dim> => {
  const { inputs, outputs, initializer = fanInUniform() } = fields(config);
  return {
    // the same shapes, which the compiler does not compare while C and D are open
    ...(collect({ w: parameter(initializer, inputs, outputs), b: parameter(allZeros, outputs) }) as Trainable<
      Affine<Wide<C> & Dim, Wide<D> & Dim>
    >),
    apply: linear,
  };
};
