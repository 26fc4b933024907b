/** The heads of an attention layer. */
import { positive, show } from '../../internal/decode.js';
import { raise } from '../../internal/errors.js';
import { requireDivisor } from '../../internal/requirement.js';

/** The number of attention heads, or the number of channels of each. */
export type Heads = number | { readonly channels: number };

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
