import { type Affine, type Dim, type Extent, linear, type Shape, type Tensor } from '../../dsl/index.js';
import { allZeros, fanInUniform, type Initializer } from './initializers.js';
import { type Channels, type Layer, namedLayer, parameterOf } from './layer.js';
import { countFields } from '../requirement.js';

/** An affine map along the last axis, `[..., C]` → `[..., D]`. */
export type LinearLayer<C extends Dim, D extends Dim> = Layer<
  Affine<C, D>,
  <R extends Shape>(x: Tensor<[...R, NoInfer<C>]>) => Tensor<[...R, D]>
>;

const fields = countFields('linearLayer', { inputs: 'a number of channels', outputs: 'a number of channels' }, [
  'initializer',
]);

/**
 * x·w + b along the last axis, `[..., inputs]` → `[..., outputs]`. `w: [inputs, outputs]` is drawn uniformly with variance
 * 1/inputs by default; `b: [outputs]` starts at zero.
 * @example
 * const { apply } = linearLayer({ inputs: 2, outputs: 3 })
 * pipe(constantOf([1, 2], 1, 2), apply({ w: ones(2, 3), b: zeros(3) })) // → [[3, 3, 3]]
 */
export const linearLayer = <const C extends number, const D extends number>(config: {
  readonly inputs: Extent<C>;
  readonly outputs: Extent<D>;
  readonly initializer?: Initializer;
}): LinearLayer<Channels<C>, Channels<D>> => {
  const { inputs, outputs, initializer = fanInUniform() } = fields(config);
  return namedLayer(
    'linearLayer',
    {
      w: parameterOf<[Channels<C>, Channels<D>]>(initializer, inputs, outputs),
      b: parameterOf<[Channels<D>]>(allZeros, outputs),
    },
    (params) => linear(params),
  );
};
