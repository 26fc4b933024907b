/** Arithmetic of literals in types, digit by digit: sums, products and exact quotients. */

type Digit = '0' | '1' | '2' | '3' | '4' | '5' | '6' | '7' | '8' | '9';

/** The sum of two literals. */
export type Sum<A extends number, B extends number> = FromDigits<Added<Reversed<`${A}`>, Reversed<`${B}`>>>;

/** The product of `A`, last digit first, and `B`, first digit first. The product has its last digit first. */
export type Times<A extends string, B extends string> = A extends '0'
  ? A
  : A extends '1'
    ? Reversed<B>
    : B extends '0' | '1'
      ? Kept<A, B>
      : Rows<A, B>;
type Kept<A extends string, B extends '0' | '1'> = B extends '1' ? A : B;

/** The number with the given digits, last digit first. */
export type FromDigits<A extends string> = NumberOf<Reversed<A>>;

/**
 * The quotient of two literals. A message if `B` does not divide `A`; `number` if `B` has a prime factor above 7.
 */
export type Divided<A extends number, B extends number> = ByPrimes<
  `${A}`,
  `${B}`,
  `${B} does not divide ${A}`
>;

/** Half a literal; a message if it is odd. */
export type HalfLiteral<A extends number> = ByPrimes<`${A}`, '2', `${A} is odd: it has no half`>;

type NumberOf<S extends string> = S extends `${infer N extends number}` ? N : never;

type Reversed<S extends string, Out extends string = ''> = S extends `${infer D}${infer Rest}`
  ? Reversed<Rest, `${D}${Out}`>
  : Out;

// Multiplication and addition: the last digit comes first

/** Long multiplication of `A` by the digits of `B`, whose first digit comes first. */
type Rows<A extends string, B extends string, Total extends string = ''> = B extends `${infer D}${infer Rest}`
  ? Rows<A, Rest, Added<Multiples<A>[D & Digit], Shifted<Total>>>
  : Total;
type Shifted<S extends string> = S extends '' ? '' : `0${S}`;

/** `A` times each digit. */
interface Multiples<A extends string> {
  '0': '0';
  '1': A;
  '2': Added<A, A>;
  '3': Added<A, Multiples<A>['2']>;
  '4': Added<Multiples<A>['2'], Multiples<A>['2']>;
  '5': Added<A, Multiples<A>['4']>;
  '6': Added<Multiples<A>['3'], Multiples<A>['3']>;
  '7': Added<A, Multiples<A>['6']>;
  '8': Added<Multiples<A>['4'], Multiples<A>['4']>;
  '9': Added<A, Multiples<A>['8']>;
}

/** Long addition with the carry `C`. */
type Added<
  A extends string,
  B extends string,
  C extends '0' | '1' = '0',
  Out extends string = '',
> = A extends `${infer X extends Digit}${infer Xs}`
  ? B extends `${infer Y extends Digit}${infer Ys}`
    ? Added<Xs, Ys, Sums[C][X][Y][0], `${Out}${Sums[C][X][Y][1]}`>
    : C extends '0'
      ? `${Out}${A}`
      : Added<A, '1', '0', Out>
  : C extends '0'
    ? `${Out}${B}`
    : B extends ''
      ? `${Out}1`
      : Added<B, '1', '0', Out>;

// Division: the first digit comes first

/** Divides `A` by the prime factors of `B`, one after the other; gives `Message` for a remainder. */
type ByPrimes<A extends string, B extends string, Message extends string> = A extends ''
  ? Message
  : B extends '1'
    ? NumberOf<A>
    : B extends `${string}${'0' | '2' | '4' | '6' | '8'}`
      ? ByPrimes<Exactly<A, '2/0'>, Exactly<B, '2/0'>, Message>
      : B extends `${string}5`
        ? ByPrimes<Exactly<A, '5/0'>, Exactly<B, '5/0'>, Message>
        : Exactly<B, '3/0'> extends ''
          ? Exactly<B, '7/0'> extends ''
            ? number
            : ByPrimes<Exactly<A, '7/0'>, Exactly<B, '7/0'>, Message>
          : ByPrimes<Exactly<A, '3/0'>, Exactly<B, '3/0'>, Message>;

/** Divides by a prime; empty if there is a remainder. */
type Exactly<
  A extends string,
  S extends State,
  Out extends string = '',
> = A extends `${infer X extends Digit}${infer Rest}`
  ? Exactly<Rest, Steps[S][X][0], `${Out}${Steps[S][X][1]}`>
  : S extends `${string}/0`
    ? Trimmed<Out>
    : '';
/** Drops the leading zero of a quotient. */
type Trimmed<S extends string> = S extends `0${infer Rest}` ? (Rest extends '' ? S : Rest) : S;

type State = keyof Steps;
/** Long division: the state `3/2` (divisor 3, remainder 2) and the next digit give the next state and a digit. */
interface Steps {
  '2/0': [['2/0', '0'], ['2/1', '0'], ['2/0', '1'], ['2/1', '1'], ['2/0', '2'], ['2/1', '2'], ['2/0', '3'], ['2/1', '3'], ['2/0', '4'], ['2/1', '4']];
  '2/1': [['2/0', '5'], ['2/1', '5'], ['2/0', '6'], ['2/1', '6'], ['2/0', '7'], ['2/1', '7'], ['2/0', '8'], ['2/1', '8'], ['2/0', '9'], ['2/1', '9']];
  '3/0': [['3/0', '0'], ['3/1', '0'], ['3/2', '0'], ['3/0', '1'], ['3/1', '1'], ['3/2', '1'], ['3/0', '2'], ['3/1', '2'], ['3/2', '2'], ['3/0', '3']];
  '3/1': [['3/1', '3'], ['3/2', '3'], ['3/0', '4'], ['3/1', '4'], ['3/2', '4'], ['3/0', '5'], ['3/1', '5'], ['3/2', '5'], ['3/0', '6'], ['3/1', '6']];
  '3/2': [['3/2', '6'], ['3/0', '7'], ['3/1', '7'], ['3/2', '7'], ['3/0', '8'], ['3/1', '8'], ['3/2', '8'], ['3/0', '9'], ['3/1', '9'], ['3/2', '9']];
  '5/0': [['5/0', '0'], ['5/1', '0'], ['5/2', '0'], ['5/3', '0'], ['5/4', '0'], ['5/0', '1'], ['5/1', '1'], ['5/2', '1'], ['5/3', '1'], ['5/4', '1']];
  '5/1': [['5/0', '2'], ['5/1', '2'], ['5/2', '2'], ['5/3', '2'], ['5/4', '2'], ['5/0', '3'], ['5/1', '3'], ['5/2', '3'], ['5/3', '3'], ['5/4', '3']];
  '5/2': [['5/0', '4'], ['5/1', '4'], ['5/2', '4'], ['5/3', '4'], ['5/4', '4'], ['5/0', '5'], ['5/1', '5'], ['5/2', '5'], ['5/3', '5'], ['5/4', '5']];
  '5/3': [['5/0', '6'], ['5/1', '6'], ['5/2', '6'], ['5/3', '6'], ['5/4', '6'], ['5/0', '7'], ['5/1', '7'], ['5/2', '7'], ['5/3', '7'], ['5/4', '7']];
  '5/4': [['5/0', '8'], ['5/1', '8'], ['5/2', '8'], ['5/3', '8'], ['5/4', '8'], ['5/0', '9'], ['5/1', '9'], ['5/2', '9'], ['5/3', '9'], ['5/4', '9']];
  '7/0': [['7/0', '0'], ['7/1', '0'], ['7/2', '0'], ['7/3', '0'], ['7/4', '0'], ['7/5', '0'], ['7/6', '0'], ['7/0', '1'], ['7/1', '1'], ['7/2', '1']];
  '7/1': [['7/3', '1'], ['7/4', '1'], ['7/5', '1'], ['7/6', '1'], ['7/0', '2'], ['7/1', '2'], ['7/2', '2'], ['7/3', '2'], ['7/4', '2'], ['7/5', '2']];
  '7/2': [['7/6', '2'], ['7/0', '3'], ['7/1', '3'], ['7/2', '3'], ['7/3', '3'], ['7/4', '3'], ['7/5', '3'], ['7/6', '3'], ['7/0', '4'], ['7/1', '4']];
  '7/3': [['7/2', '4'], ['7/3', '4'], ['7/4', '4'], ['7/5', '4'], ['7/6', '4'], ['7/0', '5'], ['7/1', '5'], ['7/2', '5'], ['7/3', '5'], ['7/4', '5']];
  '7/4': [['7/5', '5'], ['7/6', '5'], ['7/0', '6'], ['7/1', '6'], ['7/2', '6'], ['7/3', '6'], ['7/4', '6'], ['7/5', '6'], ['7/6', '6'], ['7/0', '7']];
  '7/5': [['7/1', '7'], ['7/2', '7'], ['7/3', '7'], ['7/4', '7'], ['7/5', '7'], ['7/6', '7'], ['7/0', '8'], ['7/1', '8'], ['7/2', '8'], ['7/3', '8']];
  '7/6': [['7/4', '8'], ['7/5', '8'], ['7/6', '8'], ['7/0', '9'], ['7/1', '9'], ['7/2', '9'], ['7/3', '9'], ['7/4', '9'], ['7/5', '9'], ['7/6', '9']];
} // prettier-ignore

/** Sums of a carry and two digits: the next carry, and a digit. */
interface Sums {
  '0': {
    '0': [['0', '0'], ['0', '1'], ['0', '2'], ['0', '3'], ['0', '4'], ['0', '5'], ['0', '6'], ['0', '7'], ['0', '8'], ['0', '9']];
    '1': [['0', '1'], ['0', '2'], ['0', '3'], ['0', '4'], ['0', '5'], ['0', '6'], ['0', '7'], ['0', '8'], ['0', '9'], ['1', '0']];
    '2': [['0', '2'], ['0', '3'], ['0', '4'], ['0', '5'], ['0', '6'], ['0', '7'], ['0', '8'], ['0', '9'], ['1', '0'], ['1', '1']];
    '3': [['0', '3'], ['0', '4'], ['0', '5'], ['0', '6'], ['0', '7'], ['0', '8'], ['0', '9'], ['1', '0'], ['1', '1'], ['1', '2']];
    '4': [['0', '4'], ['0', '5'], ['0', '6'], ['0', '7'], ['0', '8'], ['0', '9'], ['1', '0'], ['1', '1'], ['1', '2'], ['1', '3']];
    '5': [['0', '5'], ['0', '6'], ['0', '7'], ['0', '8'], ['0', '9'], ['1', '0'], ['1', '1'], ['1', '2'], ['1', '3'], ['1', '4']];
    '6': [['0', '6'], ['0', '7'], ['0', '8'], ['0', '9'], ['1', '0'], ['1', '1'], ['1', '2'], ['1', '3'], ['1', '4'], ['1', '5']];
    '7': [['0', '7'], ['0', '8'], ['0', '9'], ['1', '0'], ['1', '1'], ['1', '2'], ['1', '3'], ['1', '4'], ['1', '5'], ['1', '6']];
    '8': [['0', '8'], ['0', '9'], ['1', '0'], ['1', '1'], ['1', '2'], ['1', '3'], ['1', '4'], ['1', '5'], ['1', '6'], ['1', '7']];
    '9': [['0', '9'], ['1', '0'], ['1', '1'], ['1', '2'], ['1', '3'], ['1', '4'], ['1', '5'], ['1', '6'], ['1', '7'], ['1', '8']];
  };
  '1': {
    '0': [['0', '1'], ['0', '2'], ['0', '3'], ['0', '4'], ['0', '5'], ['0', '6'], ['0', '7'], ['0', '8'], ['0', '9'], ['1', '0']];
    '1': [['0', '2'], ['0', '3'], ['0', '4'], ['0', '5'], ['0', '6'], ['0', '7'], ['0', '8'], ['0', '9'], ['1', '0'], ['1', '1']];
    '2': [['0', '3'], ['0', '4'], ['0', '5'], ['0', '6'], ['0', '7'], ['0', '8'], ['0', '9'], ['1', '0'], ['1', '1'], ['1', '2']];
    '3': [['0', '4'], ['0', '5'], ['0', '6'], ['0', '7'], ['0', '8'], ['0', '9'], ['1', '0'], ['1', '1'], ['1', '2'], ['1', '3']];
    '4': [['0', '5'], ['0', '6'], ['0', '7'], ['0', '8'], ['0', '9'], ['1', '0'], ['1', '1'], ['1', '2'], ['1', '3'], ['1', '4']];
    '5': [['0', '6'], ['0', '7'], ['0', '8'], ['0', '9'], ['1', '0'], ['1', '1'], ['1', '2'], ['1', '3'], ['1', '4'], ['1', '5']];
    '6': [['0', '7'], ['0', '8'], ['0', '9'], ['1', '0'], ['1', '1'], ['1', '2'], ['1', '3'], ['1', '4'], ['1', '5'], ['1', '6']];
    '7': [['0', '8'], ['0', '9'], ['1', '0'], ['1', '1'], ['1', '2'], ['1', '3'], ['1', '4'], ['1', '5'], ['1', '6'], ['1', '7']];
    '8': [['0', '9'], ['1', '0'], ['1', '1'], ['1', '2'], ['1', '3'], ['1', '4'], ['1', '5'], ['1', '6'], ['1', '7'], ['1', '8']];
    '9': [['1', '0'], ['1', '1'], ['1', '2'], ['1', '3'], ['1', '4'], ['1', '5'], ['1', '6'], ['1', '7'], ['1', '8'], ['1', '9']];
  };
} // prettier-ignore
