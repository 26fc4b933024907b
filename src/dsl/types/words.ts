/** Checks strings of specs in types: each word of `'B 28 H/2:int32'` follows the grammar of `dimExpression.ts`. */
import type { DType } from './dtype.js';

/** The words of a string, split at spaces. */
export type Split<S extends string, Words extends readonly string[] = []> = S extends ` ${infer Rest}`
  ? Split<Rest, Words>
  : S extends `${infer Word} ${infer Rest}`
    ? Split<Rest, [...Words, Word]>
    : S extends ''
      ? Words
      : [...Words, S];

type Letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz';
type KindOf<C extends string> = C extends '+' | '*' | '/'
  ? 'operator'
  : C extends '(' | ')'
    ? C
    : '0123456789' extends `${string}${C}${string}`
      ? 'digit'
      : Letters extends `${string}${C}${string}`
        ? 'letter'
        : 'other';

/** The next state of the parser, by its state and the next character. */
interface Steps {
  start: { letter: 'symbol'; digit: 'literal'; '(': 'start' };
  symbol: { letter: 'symbol'; digit: 'symbol'; operator: 'start'; ')': 'operand' };
  literal: { digit: 'literal'; operator: 'start'; ')': 'operand' };
  operand: { operator: 'start'; ')': 'operand' };
}

type IsWord<
  W extends string,
  State extends keyof Steps = 'start',
  Open extends string = '',
> = W extends `${infer C}${infer Rest}`
  ? KindOf<C> extends infer K extends keyof Steps[State]
    ? K extends ')'
      ? Open extends `(${infer Fewer}`
        ? IsWord<Rest, Steps[State][K] & keyof Steps, Fewer>
        : false
      : IsWord<Rest, Steps[State][K] & keyof Steps, K extends '(' ? `(${Open}` : Open>
    : false
  : State extends 'start'
    ? false
    : Open extends ''
      ? true
      : false;

/** An error message for each invalid word; otherwise `never`. */
export type BadWord<W extends readonly string[]> = {
  [I in keyof W]: string extends W[I] ? never : IsWord<W[I]> extends true ? never : `'${W[I]}' is not an extent`;
}[number];

/** An error message for an invalid spec of one tensor; otherwise `never`. */
export type BadSpec<S extends string> = string extends S
  ? never
  : S extends 'key'
    ? never
    : S extends `${infer Extents}:${infer D}`
      ? D extends Exclude<DType, 'key'>
        ? BadWord<Split<Extents>>
        : `'${D}' is not a dtype: float32, int32 or bool`
      : S extends `${string} ${DType}`
        ? "a dtype follows a colon: 'B:int32'"
        : BadWord<Split<S>>;
