/** The heads of an attention layer. */
import { positive, show } from '../../internal/decode.js';
import type { Dim } from '../../dsl/index.js';
import type { Checked, NotMultiple } from '../../dsl/types/checked.js';
import { raise } from '../../internal/errors.js';
import { requireDivisor } from '../../internal/requirement.js';

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

/** The number of heads over C channels, which may be a fraction. */
export const headsOver = (heads: Heads, channels: number): number =>
  typeof heads === 'number' ? heads : channels / heads.channels;

/** Raises `ConfigError` for values that are not {@link Heads}; `where` names the option. */
export const requireHeads = (where: string, heads: unknown): void => {
  if (positive.is(heads) || positive.is((Object(heads) as { readonly channels?: unknown }).channels)) return;
  const hint = '4 is usual, or { channels: 64 } for as many heads as fit';
  raise('ConfigError', { where, expected: 'a number of heads, or { channels }', actual: show(heads), hint });
};

/** The number of heads over C channels. Raises `ConfigError` unless it divides C. */
export const headsDividing = (where: string, heads: Heads, channels: number): number => {
  if (typeof heads === 'number') requireDivisor(where, 'heads', heads, channels);
  else requireDivisor(where, 'channels a head', heads.channels, channels);
  return headsOver(heads, channels);
};
