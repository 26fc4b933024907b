/** The heads of an attention layer. */
import { hinted, positive } from '../../internal/decode.js';
import { type Dim, type Shape, split, type Tensor } from '../../dsl/index.js';
import type { Checked, NotMultiple } from '../../dsl/types/checked.js';
import { t } from '../../internal/fp.js';
import { type Broken, record } from '../../internal/schema.js';
import { divides } from './fields.js';

/** The number of attention heads, or the number of channels of each. */
export type Heads = number | { readonly channels: number };

/** Heads over `C` channels, or an error message for a number that does not divide them. */
export type HeadsFor<H extends Heads, C> = Checked<
  unknown extends H ? H : Heads, // the first branch is never taken: it makes `H` an inference site
  C & Dim,
  H extends { readonly channels: infer N }
    ? NotMultiple<C, N, 'channels', ' channels a head'>
    : NotMultiple<C, H, 'channels', ' heads'>
>;

/** The heads of an attention layer. */
export const heads: t.Type<Heads> = hinted(
  t.union([positive, record({ channels: positive })], 'a number of heads ≥ 1, or { channels }'),
  '4 is usual, or { channels: 64 } for as many heads as fit',
);

/** The number of heads over C channels, which may be a fraction. */
export const headsOver = (heads: Heads, channels: number): number =>
  typeof heads === 'number' ? heads : channels / heads.channels;

/** Queries, keys and values of a projection to 3·C channels, each of C channels. */
export const thirdsOf = <T extends Tensor<Shape>>(
  projected: Tensor<Shape>,
  channels: number,
): readonly [q: T, k: T, v: T] => split(projected, [channels, channels, channels]) as unknown as readonly [T, T, T];

/** The rule that the heads divide the channels. */
export const headsDivide = (heads: Heads, channels: number): Broken<'heads'> | null =>
  typeof heads === 'number'
    ? divides('heads', 'heads', heads, channels)
    : divides('heads', 'channels a head', heads.channels, channels);
