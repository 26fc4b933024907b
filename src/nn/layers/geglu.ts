/** The feed-forward layer of a transformer. */
import { type Affine, type Dim, type Extent, gelu, halve, mul, type Shape, type Tensor } from '../../dsl/index.js';
import type { Exact } from '../../internal/exact.js';
import { schema } from '../../internal/schema.js';
import { channels, count } from './fields.js';
import { type Channels, type Layer, namedLayer } from './layer.js';
import { linearLayer, requireChannels } from './layers.js';

/** The parameters of a feed-forward layer over C channels. */
export interface GegluParams<C extends Dim = Dim> {
  /** `[C, 2·hidden]`: the hidden channels, then their gates. */
  readonly input: Affine<C, Dim>;
  readonly output: Affine<Dim, C>;
}

/** `[..., C]` → `[..., C]` */
export type GegluLayer<C extends Dim = Dim> = Layer<
  GegluParams<C>,
  <R extends Shape>(x: Tensor<[...R, NoInfer<C>]>) => Tensor<[...R, C]>
>;

interface GegluConfig<C> {
  readonly channels: Extent<C>;
  /** The number of hidden channels; 4·channels is usual. */
  readonly hidden: number;
}

const options = schema('gegluLayer', {
  channels,
  hidden: count('a number of hidden channels', '4·channels is usual'),
} satisfies Record<keyof GegluConfig<0>, unknown>);

/** The halves of the last axis; the type of `halve` does not know it behind other axes. */
const halvesOf = <R extends Shape>(x: Tensor<[...R, Dim]>): readonly [Tensor<[...R, Dim]>, Tensor<[...R, Dim]>] =>
  halve(x) as never;

/**
 * The feed-forward layer with gates by GELU: output(h ⊙ gelu(g)) with h, g = halves of input(x), each of `hidden` channels. `[...,
 * channels]` → `[..., channels]`. GEGLU (Shazeer 2020, "GLU Variants Improve Transformer"), as in the transformers of diffusers.
 * @example
 * const { apply } = gegluLayer({ channels: 1, hidden: 1 })
 * const params = { input: { w: ones(1, 2), b: constantOf([1, 9], 2) }, output: { w: ones(1, 1), b: zeros(1) } }
 * pipe(constantOf([1], 1, 1), apply(params)) // → [[20]]
 */
export const gegluLayer = <const C extends number, G = unknown>(
  config: Exact<G, keyof GegluConfig<0>> & GegluConfig<C>,
): GegluLayer<Channels<C>> => {
  const { channels: C, hidden } = options.demand<GegluConfig<C>>(config);
  const parts = {
    input: linearLayer<C, number>({ inputs: C, outputs: 2 * hidden }),
    output: linearLayer<number, C>({ inputs: hidden, outputs: C }),
  };
  return namedLayer('gegluLayer', parts, ({ input, output }) => (x) => {
    requireChannels('gegluLayer', x, C);
    const [h, g] = halvesOf(input(x));
    return output(mul(h, gelu(g)));
  });
};
