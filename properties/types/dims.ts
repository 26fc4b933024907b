import type { Add, Dim, Double, Half } from '../../src/dsl/index.js';
import { expectType } from './expect.js';

declare const half: {
  readonly even: Half<28>;
  readonly power: Half<1024>;
  readonly carried: Half<194>;
  readonly zero: Half<0>;
  readonly symbol: Half<'H'>;
  readonly twice: Half<Half<'H'>>;
  readonly double: Half<'2*C'>;
  readonly sum: Half<'C+D'>;
  readonly wide: Half<Dim>;
  readonly number: Half<number>;
};
expectType<{
  readonly even: 14;
  readonly power: 512;
  readonly carried: 97;
  readonly zero: 0;
  readonly symbol: 'H/2';
  readonly twice: '(H/2)/2';
  readonly double: 'C';
  readonly sum: '(C+D)/2';
  readonly wide: Dim;
  readonly number: Dim;
}>()(half);

// an odd extent has no half: the message in its place matches no extent
declare const odd: Half<7>;
expectType<'7 is odd: it has no half'>()(odd);
// @ts-expect-error Type '"7 is odd: it has no half"' is not assignable to type '4'
export const four: 4 = odd;

// Half and Double undo each other, on compounds too
declare const there: {
  readonly symbol: Double<Double<Half<Half<'H'>>>>;
  readonly sum: Double<Half<'C+D'>>;
  readonly back: Half<Double<'C+D'>>;
  readonly nested: Half<Double<'(A+B)+(C+D)'>>;
  readonly literal: Double<Half<96>>;
};
expectType<{
  readonly symbol: 'H';
  readonly sum: 'C+D';
  readonly back: 'C+D';
  readonly nested: '(A+B)+(C+D)';
  readonly literal: 96;
}>()(there);

// expressions that only look like a double or a half
declare const traps: {
  readonly notDouble: Half<'2*(A)+(B)'>;
  readonly sumOfDouble: Half<'2*C+64'>;
  readonly sumOfHalf: Double<'C+D/2'>;
};
expectType<{
  readonly notDouble: '(2*(A)+(B))/2';
  readonly sumOfDouble: '(2*C+64)/2';
  readonly sumOfHalf: '2*(C+D/2)';
}>()(traps);

declare const sums: {
  readonly literals: Add<64, 32>;
  readonly carry: Add<999, 1>;
  readonly lengths: Add<8, 1016>;
  readonly zero: Add<'C', 0>;
  readonly ordered: Add<'C', 'D'>;
  readonly reordered: Add<'D', 'C'>;
  readonly literalLast: Add<64, 'C'>;
  readonly twice: Add<'C', 'C'>;
  readonly wide: Add<'C', Dim>;
  readonly ofSums: Add<'C+D', 'B'>;
  readonly ofTwoSums: Add<'C+4', 'B+D+12'>;
  readonly literalOfSum: Add<'C+1', 2>;
  readonly besideParentheses: Add<'(C+D)/2', 'B'>;
};
expectType<{
  readonly literals: 96;
  readonly carry: 1000;
  readonly lengths: 1024;
  readonly zero: 'C';
  readonly ordered: 'C+D';
  readonly reordered: 'C+D';
  readonly literalLast: 'C+64';
  readonly twice: '2*C';
  readonly wide: Dim;
  readonly ofSums: 'B+C+D';
  readonly ofTwoSums: 'B+C+D+16';
  readonly literalOfSum: 'C+3';
  readonly besideParentheses: '((C+D)/2)+B';
}>()(sums);
