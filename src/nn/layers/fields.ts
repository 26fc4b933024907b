/** Types of the options of layers and networks. */
import { hinted, natural, oneOf, refined } from '../../internal/decode.js';
import { isDivisor } from '../../internal/numbers.js';
import type { t } from '../../internal/fp.js';
import type { Broken } from '../../internal/schema.js';

/** A number of `what`, which may be 0. */
export const count = (what: string, hint = 'give it as a number'): t.Type<number> =>
  hinted(refined(natural, `${what}, an integer ≥ 0`, natural.is), hint);

export const channels = count('a number of channels');

/** The embedding of the label that stands for no class: see `NoClass`. */
export const noClass = hinted(
  oneOf('row', 'zero', 'never'),
  "'row' is usual, and lets classifier-free guidance train the row",
);

/** The rule that a number of `what`, such as heads, divides a number of channels. */
export const divides = <N extends string>(field: N, what: string, n: number, all: number): Broken<N> | null =>
  isDivisor(n, all)
    ? null
    : {
        field,
        expected: `a number of ${what} that divides the ${all} channels`,
        actual: `${n}`,
        hint: 'each of them gets the same number of channels',
      };
