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
      ? TimesBit<A, B>
      : Rows<A, B>;
type TimesBit<A extends string, B extends '0' | '1'> = B extends '1' ? A : B;

/** The number with the given digits, last digit first. */
export type FromDigits<A extends string> = NumberOf<Reversed<A>>;

/** The quotient of two literals. A message if `B` does not divide `A`. */
export type Divided<A extends number, B extends number> = ByPrimes<`${A}`, `${B}`, `${B} does not divide ${A}`>;

/** The quotient of two literals, rounded down; `number` if `B` is 0 or not an integer. */
export type Floored<A extends number, B extends number> = number extends A | B
  ? number
  : FloorByPrimes<`${A}`, `${B}`> extends infer N extends number
    ? N
    : never; // `infer` keeps the compiler from looking for a constraint

/** `A` − `B`, for `A` ≥ `B`. */
export type Difference<A extends number, B extends number> = number extends A | B
  ? number
  : FromDigits<WithoutZeros<WithoutLast<Added<Reversed<`${A}`>, Complement<Reversed<`${A}`>, Reversed<`${B}`>>, '1'>>>>;

/** Half a literal; a message if it is odd. */
export type HalfLiteral<A extends number> = HalfOrMessage<Exactly<`${A}`, '2/0'>, A>;
type HalfOrMessage<H extends string, A extends number> = H extends '' ? `${A} is odd: it has no half` : NumberOf<H>;

/** True if `A` is greater than `B`. */
export type IsGreater<A extends number, B extends number> = number extends A | B ? boolean : Compared<`${A}`, `${B}`>;
/** Compares digit by digit: the longer number is greater; of two of one length, the first different digit decides. */
type Compared<
  A extends string,
  B extends string,
  SoFar extends boolean | null = null,
> = A extends `${infer X}${infer Xs}`
  ? B extends `${infer Y}${infer Ys}`
    ? Compared<Xs, Ys, SoFar extends null ? (X extends Y ? null : IsAfter<X, Y>) : SoFar>
    : true
  : B extends ''
    ? SoFar extends true
      ? true
      : false
    : false;
type IsAfter<X extends string, Y extends string> = '0123456789' extends `${string}${Y}${string}${X}${string}`
  ? true
  : false;

type NumberOf<S extends string> = S extends `${infer N extends number}` ? N : never;

type Reversed<S extends string, Out extends string = ''> = S extends `${infer D}${infer Rest}`
  ? Reversed<Rest, `${D}${Out}`>
  : Out;

// Multiplication and addition: the last digit comes first

/** Long multiplication of `A` by the digits of `B`, whose first digit comes first. */
type Rows<A extends string, B extends string, Sum extends string = ''> = B extends `${infer D}${infer Rest}`
  ? D extends '0'
    ? Rows<A, Rest, `0${Sum}`>
    : D extends '1'
      ? Rows<A, Rest, Added<A, Shifted<Sum>>>
      : Rows<A, Rest, Added<Row<A, `${D}*0` & State>, Shifted<Sum>>>
  : Sum;
type Shifted<S extends string> = S extends '' ? '' : `0${S}`;

type Row<A extends string, S extends State, Out extends string = ''> = A extends `${infer X extends Digit}${infer Rest}`
  ? Row<Rest, Steps[S][X][0], `${Out}${Steps[S][X][1]}`>
  : S extends `${string}*0`
    ? Out
    : S extends `${string}*${infer C}`
      ? `${Out}${C}`
      : never;

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

// Subtraction adds the complement: A − B = A + (99…9 − B) + 1 − 10ⁿ. The last digit comes first.

type Complements = { '0': '9'; '1': '8'; '2': '7'; '3': '6'; '4': '5'; '5': '4'; '6': '3'; '7': '2'; '8': '1'; '9': '0' }; // oxfmt-ignore
/** 9 minus each digit of `B`, for as many digits as `A` has. */
type Complement<A extends string, B extends string, Out extends string = ''> = A extends `${string}${infer As}`
  ? B extends `${infer Y extends Digit}${infer Bs}`
    ? Complement<As, Bs, `${Out}${Complements[Y]}`>
    : Complement<As, '', `${Out}9`>
  : Out;
/** Without the 1 of 10ⁿ. */
type WithoutLast<A extends string> = A extends `${infer X}${infer Rest}`
  ? Rest extends ''
    ? ''
    : `${X}${WithoutLast<Rest>}`
  : '';
type WithoutZeros<A extends string> = A extends `${infer Rest}0` ? (Rest extends '' ? A : WithoutZeros<Rest>) : A;

// Division: the first digit comes first

/** Divides `A` by the prime factors of `B`, one after the other, and drops the remainders. */
type FloorByPrimes<A extends string, B extends string> = B extends '1'
  ? NumberOf<A>
  : B extends '0' | `${string}.${string}`
    ? number
    : B extends `${string}${'0' | '2' | '4' | '6' | '8'}`
      ? FloorByPrimes<FloorBy<A, '2/0'>, FloorBy<B, '2/0'>>
      : B extends `${string}5`
        ? FloorByPrimes<FloorBy<A, '5/0'>, FloorBy<B, '5/0'>>
        : Exactly<B, '3/0'> extends ''
          ? Exactly<B, '7/0'> extends ''
            ? LongDivision<A, B>
            : FloorByPrimes<FloorBy<A, '7/0'>, FloorBy<B, '7/0'>>
          : FloorByPrimes<FloorBy<A, '3/0'>, FloorBy<B, '3/0'>>;
type FloorBy<
  A extends string,
  S extends State,
  Out extends string = '',
> = A extends `${infer X extends Digit}${infer Rest}`
  ? FloorBy<Rest, Steps[S][X][0], `${Out}${Steps[S][X][1]}`>
  : Trimmed<Out>;

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
            ? LongDivision<A, B, Message>
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
/**
 * Divides by a number with greater prime factors. Gives `Message` for a remainder, which `never` drops. `infer` keeps the
 * compiler from looking for a constraint.
 */
type LongDivision<A extends string, B extends string, Message = never> =
  ByDigits<A, B, Message> extends infer N ? N : never;
type ByDigits<A extends string, B extends string, Message> = B extends `${string}${'.' | 'e'}${string}`
  ? number
  : B extends `${Digit}${string}`
    ? Divide<A, Reversed<B>, Zeros<B>, Message>
    : number;
type Zeros<B extends string, Out extends string = ''> = B extends `${string}${infer Rest}`
  ? Zeros<Rest, `${Out}0`>
  : Out;
/**
 * Brings down the next digit of `A` and divides the remainder `R`. In `R` and `B` the last digit comes first; `R` has as many
 * digits as `B`, and one more while it is divided.
 */
type Divide<
  A extends string,
  B extends string,
  R extends string,
  Message,
  Out extends string = '',
> = A extends `${infer X extends Digit}${infer Rest}`
  ? Subtract<Rest, B, `${X}${R}`, Message, Out>
  : [Message] extends [never]
    ? FromDigits<WithoutZeros<Out>>
    : WithoutZeros<R> extends '0'
      ? FromDigits<WithoutZeros<Out>>
      : Message;
/** Counts in `Q` how often `B` fits in the remainder: R − B ends with the carry 1 if it is not negative, otherwise with 9. */
type Subtract<
  A extends string,
  B extends string,
  R extends string,
  Message,
  Out extends string,
  Q extends Digit = '0',
> =
  Added<R, Complement<R, B>, '1'> extends `${infer Less}1`
    ? Subtract<A, B, Less, Message, Out, Sums['1'][Q][0][1] & Digit>
    : R extends `${infer Shorter}0`
      ? Divide<A, B, Shorter, Message, `${Q}${Out}`>
      : number;
/** Drops the leading zero of a quotient. */
type Trimmed<S extends string> = S extends `0${infer Rest}` ? (Rest extends '' ? S : Rest) : S;

type State = keyof Steps;
/**
 * By the state and the next digit: the next state and a digit of the result. The state `3*2` multiplies by 3 with the
 * carry 2; `3/2` divides by 3 with the remainder 2.
 */
interface Steps {
  '2*0': [['2*0', '0'], ['2*0', '2'], ['2*0', '4'], ['2*0', '6'], ['2*0', '8'], ['2*1', '0'], ['2*1', '2'], ['2*1', '4'], ['2*1', '6'], ['2*1', '8']];
  '2*1': [['2*0', '1'], ['2*0', '3'], ['2*0', '5'], ['2*0', '7'], ['2*0', '9'], ['2*1', '1'], ['2*1', '3'], ['2*1', '5'], ['2*1', '7'], ['2*1', '9']];
  '3*0': [['3*0', '0'], ['3*0', '3'], ['3*0', '6'], ['3*0', '9'], ['3*1', '2'], ['3*1', '5'], ['3*1', '8'], ['3*2', '1'], ['3*2', '4'], ['3*2', '7']];
  '3*1': [['3*0', '1'], ['3*0', '4'], ['3*0', '7'], ['3*1', '0'], ['3*1', '3'], ['3*1', '6'], ['3*1', '9'], ['3*2', '2'], ['3*2', '5'], ['3*2', '8']];
  '3*2': [['3*0', '2'], ['3*0', '5'], ['3*0', '8'], ['3*1', '1'], ['3*1', '4'], ['3*1', '7'], ['3*2', '0'], ['3*2', '3'], ['3*2', '6'], ['3*2', '9']];
  '4*0': [['4*0', '0'], ['4*0', '4'], ['4*0', '8'], ['4*1', '2'], ['4*1', '6'], ['4*2', '0'], ['4*2', '4'], ['4*2', '8'], ['4*3', '2'], ['4*3', '6']];
  '4*1': [['4*0', '1'], ['4*0', '5'], ['4*0', '9'], ['4*1', '3'], ['4*1', '7'], ['4*2', '1'], ['4*2', '5'], ['4*2', '9'], ['4*3', '3'], ['4*3', '7']];
  '4*2': [['4*0', '2'], ['4*0', '6'], ['4*1', '0'], ['4*1', '4'], ['4*1', '8'], ['4*2', '2'], ['4*2', '6'], ['4*3', '0'], ['4*3', '4'], ['4*3', '8']];
  '4*3': [['4*0', '3'], ['4*0', '7'], ['4*1', '1'], ['4*1', '5'], ['4*1', '9'], ['4*2', '3'], ['4*2', '7'], ['4*3', '1'], ['4*3', '5'], ['4*3', '9']];
  '5*0': [['5*0', '0'], ['5*0', '5'], ['5*1', '0'], ['5*1', '5'], ['5*2', '0'], ['5*2', '5'], ['5*3', '0'], ['5*3', '5'], ['5*4', '0'], ['5*4', '5']];
  '5*1': [['5*0', '1'], ['5*0', '6'], ['5*1', '1'], ['5*1', '6'], ['5*2', '1'], ['5*2', '6'], ['5*3', '1'], ['5*3', '6'], ['5*4', '1'], ['5*4', '6']];
  '5*2': [['5*0', '2'], ['5*0', '7'], ['5*1', '2'], ['5*1', '7'], ['5*2', '2'], ['5*2', '7'], ['5*3', '2'], ['5*3', '7'], ['5*4', '2'], ['5*4', '7']];
  '5*3': [['5*0', '3'], ['5*0', '8'], ['5*1', '3'], ['5*1', '8'], ['5*2', '3'], ['5*2', '8'], ['5*3', '3'], ['5*3', '8'], ['5*4', '3'], ['5*4', '8']];
  '5*4': [['5*0', '4'], ['5*0', '9'], ['5*1', '4'], ['5*1', '9'], ['5*2', '4'], ['5*2', '9'], ['5*3', '4'], ['5*3', '9'], ['5*4', '4'], ['5*4', '9']];
  '6*0': [['6*0', '0'], ['6*0', '6'], ['6*1', '2'], ['6*1', '8'], ['6*2', '4'], ['6*3', '0'], ['6*3', '6'], ['6*4', '2'], ['6*4', '8'], ['6*5', '4']];
  '6*1': [['6*0', '1'], ['6*0', '7'], ['6*1', '3'], ['6*1', '9'], ['6*2', '5'], ['6*3', '1'], ['6*3', '7'], ['6*4', '3'], ['6*4', '9'], ['6*5', '5']];
  '6*2': [['6*0', '2'], ['6*0', '8'], ['6*1', '4'], ['6*2', '0'], ['6*2', '6'], ['6*3', '2'], ['6*3', '8'], ['6*4', '4'], ['6*5', '0'], ['6*5', '6']];
  '6*3': [['6*0', '3'], ['6*0', '9'], ['6*1', '5'], ['6*2', '1'], ['6*2', '7'], ['6*3', '3'], ['6*3', '9'], ['6*4', '5'], ['6*5', '1'], ['6*5', '7']];
  '6*4': [['6*0', '4'], ['6*1', '0'], ['6*1', '6'], ['6*2', '2'], ['6*2', '8'], ['6*3', '4'], ['6*4', '0'], ['6*4', '6'], ['6*5', '2'], ['6*5', '8']];
  '6*5': [['6*0', '5'], ['6*1', '1'], ['6*1', '7'], ['6*2', '3'], ['6*2', '9'], ['6*3', '5'], ['6*4', '1'], ['6*4', '7'], ['6*5', '3'], ['6*5', '9']];
  '7*0': [['7*0', '0'], ['7*0', '7'], ['7*1', '4'], ['7*2', '1'], ['7*2', '8'], ['7*3', '5'], ['7*4', '2'], ['7*4', '9'], ['7*5', '6'], ['7*6', '3']];
  '7*1': [['7*0', '1'], ['7*0', '8'], ['7*1', '5'], ['7*2', '2'], ['7*2', '9'], ['7*3', '6'], ['7*4', '3'], ['7*5', '0'], ['7*5', '7'], ['7*6', '4']];
  '7*2': [['7*0', '2'], ['7*0', '9'], ['7*1', '6'], ['7*2', '3'], ['7*3', '0'], ['7*3', '7'], ['7*4', '4'], ['7*5', '1'], ['7*5', '8'], ['7*6', '5']];
  '7*3': [['7*0', '3'], ['7*1', '0'], ['7*1', '7'], ['7*2', '4'], ['7*3', '1'], ['7*3', '8'], ['7*4', '5'], ['7*5', '2'], ['7*5', '9'], ['7*6', '6']];
  '7*4': [['7*0', '4'], ['7*1', '1'], ['7*1', '8'], ['7*2', '5'], ['7*3', '2'], ['7*3', '9'], ['7*4', '6'], ['7*5', '3'], ['7*6', '0'], ['7*6', '7']];
  '7*5': [['7*0', '5'], ['7*1', '2'], ['7*1', '9'], ['7*2', '6'], ['7*3', '3'], ['7*4', '0'], ['7*4', '7'], ['7*5', '4'], ['7*6', '1'], ['7*6', '8']];
  '7*6': [['7*0', '6'], ['7*1', '3'], ['7*2', '0'], ['7*2', '7'], ['7*3', '4'], ['7*4', '1'], ['7*4', '8'], ['7*5', '5'], ['7*6', '2'], ['7*6', '9']];
  '8*0': [['8*0', '0'], ['8*0', '8'], ['8*1', '6'], ['8*2', '4'], ['8*3', '2'], ['8*4', '0'], ['8*4', '8'], ['8*5', '6'], ['8*6', '4'], ['8*7', '2']];
  '8*1': [['8*0', '1'], ['8*0', '9'], ['8*1', '7'], ['8*2', '5'], ['8*3', '3'], ['8*4', '1'], ['8*4', '9'], ['8*5', '7'], ['8*6', '5'], ['8*7', '3']];
  '8*2': [['8*0', '2'], ['8*1', '0'], ['8*1', '8'], ['8*2', '6'], ['8*3', '4'], ['8*4', '2'], ['8*5', '0'], ['8*5', '8'], ['8*6', '6'], ['8*7', '4']];
  '8*3': [['8*0', '3'], ['8*1', '1'], ['8*1', '9'], ['8*2', '7'], ['8*3', '5'], ['8*4', '3'], ['8*5', '1'], ['8*5', '9'], ['8*6', '7'], ['8*7', '5']];
  '8*4': [['8*0', '4'], ['8*1', '2'], ['8*2', '0'], ['8*2', '8'], ['8*3', '6'], ['8*4', '4'], ['8*5', '2'], ['8*6', '0'], ['8*6', '8'], ['8*7', '6']];
  '8*5': [['8*0', '5'], ['8*1', '3'], ['8*2', '1'], ['8*2', '9'], ['8*3', '7'], ['8*4', '5'], ['8*5', '3'], ['8*6', '1'], ['8*6', '9'], ['8*7', '7']];
  '8*6': [['8*0', '6'], ['8*1', '4'], ['8*2', '2'], ['8*3', '0'], ['8*3', '8'], ['8*4', '6'], ['8*5', '4'], ['8*6', '2'], ['8*7', '0'], ['8*7', '8']];
  '8*7': [['8*0', '7'], ['8*1', '5'], ['8*2', '3'], ['8*3', '1'], ['8*3', '9'], ['8*4', '7'], ['8*5', '5'], ['8*6', '3'], ['8*7', '1'], ['8*7', '9']];
  '9*0': [['9*0', '0'], ['9*0', '9'], ['9*1', '8'], ['9*2', '7'], ['9*3', '6'], ['9*4', '5'], ['9*5', '4'], ['9*6', '3'], ['9*7', '2'], ['9*8', '1']];
  '9*1': [['9*0', '1'], ['9*1', '0'], ['9*1', '9'], ['9*2', '8'], ['9*3', '7'], ['9*4', '6'], ['9*5', '5'], ['9*6', '4'], ['9*7', '3'], ['9*8', '2']];
  '9*2': [['9*0', '2'], ['9*1', '1'], ['9*2', '0'], ['9*2', '9'], ['9*3', '8'], ['9*4', '7'], ['9*5', '6'], ['9*6', '5'], ['9*7', '4'], ['9*8', '3']];
  '9*3': [['9*0', '3'], ['9*1', '2'], ['9*2', '1'], ['9*3', '0'], ['9*3', '9'], ['9*4', '8'], ['9*5', '7'], ['9*6', '6'], ['9*7', '5'], ['9*8', '4']];
  '9*4': [['9*0', '4'], ['9*1', '3'], ['9*2', '2'], ['9*3', '1'], ['9*4', '0'], ['9*4', '9'], ['9*5', '8'], ['9*6', '7'], ['9*7', '6'], ['9*8', '5']];
  '9*5': [['9*0', '5'], ['9*1', '4'], ['9*2', '3'], ['9*3', '2'], ['9*4', '1'], ['9*5', '0'], ['9*5', '9'], ['9*6', '8'], ['9*7', '7'], ['9*8', '6']];
  '9*6': [['9*0', '6'], ['9*1', '5'], ['9*2', '4'], ['9*3', '3'], ['9*4', '2'], ['9*5', '1'], ['9*6', '0'], ['9*6', '9'], ['9*7', '8'], ['9*8', '7']];
  '9*7': [['9*0', '7'], ['9*1', '6'], ['9*2', '5'], ['9*3', '4'], ['9*4', '3'], ['9*5', '2'], ['9*6', '1'], ['9*7', '0'], ['9*7', '9'], ['9*8', '8']];
  '9*8': [['9*0', '8'], ['9*1', '7'], ['9*2', '6'], ['9*3', '5'], ['9*4', '4'], ['9*5', '3'], ['9*6', '2'], ['9*7', '1'], ['9*8', '0'], ['9*8', '9']];
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
} // oxfmt-ignore

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
} // oxfmt-ignore
