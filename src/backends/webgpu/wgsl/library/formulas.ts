/**
 * Writes formulas as WGSL functions. The letters F, I, U and B stand for the types of single numbers, or of vectors of
 * four: see `inWidth`.
 *
 * A WGSL implementation may assume that there are no NaNs and infinities, so numbers are classified by their bits. It
 * may also regroup sums and products. So parts of numbers are made by masks, and the parts of a constant are multiplied
 * by different multiples of n.
 */
import type { Algebra } from '../../../shared/elementary/algebra.js';
import { floatLiteral } from './types.js';

/** The algebra whose values are texts. */
export type Text = Algebra<string, string, string>;

const float = (x: string | number): string => {
  if (typeof x === 'string') return x;
  if (Number.isNaN(x)) return 'F(notANumber())';
  if (Number.isFinite(x)) return `F(${floatLiteral(x)})`;
  return x > 0 ? 'F(infinity())' : '(-F(infinity()))';
};
const int = (x: string | number): string => (typeof x === 'string' ? x : `I(${x | 0})`);

type Operand = (x: string | number) => string;
const infix =
  (operator: string, operand: Operand) =>
  (a: string | number, b: string | number): string =>
    `(${operand(a)} ${operator} ${operand(b)})`;
const call =
  (name: string, operand: Operand) =>
  (...operands: readonly (string | number)[]): string =>
    `${name}(${operands.map(operand).join(', ')})`;
const select =
  (operand: Operand) =>
  (condition: string, then: string | number, otherwise: string | number): string =>
    `select(${operand(otherwise)}, ${operand(then)}, ${condition})`;

const bitsOf = (x: string): string => `bitcast<I>(${x})`;
const fromBits = (bits: string): string => `bitcast<F>(${bits})`;
const short = (x: string): string => fromBits(`(${bitsOf(x)} & I(-4096))`);

/**
 * The shifts of n in its products with the parts of a constant. An implementation may rewrite n·p + n·q as n·(p + q),
 * which would lose q. Optimizers of float arithmetic do not recognize F(n << 8) as a multiple of n.
 */
const SHIFTS = [0, 8, 4, 12] as const;

/** Writes a function of some operands of one type, by default with a result of that type. */
export const functionText = (
  name: string,
  type: 'F' | 'I',
  operands: readonly string[],
  formula: (k: Text) => string,
  gives: 'F' | 'I' = type,
): string => {
  let lines: string[] = [];
  let count = 0;
  const define = (keyword: 'let' | 'var', value: string): string => {
    const local = `t${count++}`;
    lines.push(`${keyword} ${local} = ${value};`);
    return local;
  };
  const share = (value: string): string => (/^\w+$/.test(value) ? value : define('let', value));
  const inside = <A>(write: () => A): readonly [A, readonly string[]] => {
    const outer = lines;
    lines = [];
    const result = write();
    const own = lines.map((line) => `  ${line}`);
    lines = outer;
    return [result, own];
  };
  const variables = (values: readonly string[]): readonly string[] => values.map((value) => define('var', value));

  const k: Text = {
    add: infix('+', float),
    sub: infix('-', float),
    mul: infix('*', float),
    div: infix('/', float),
    min: call('min', float),
    neg: (x) => `(-${x})`,
    abs: call('abs', float),
    trunc: call('trunc', float),
    multiplyAdd: call('fma', float),
    product: (a, b) => {
      const [x, y] = [share(a), share(float(b))];
      const [xHigh, yHigh] = [share(short(x)), share(short(y))];
      return {
        high: share(`${xHigh} * ${yHigh}`),
        low: share(`fma(${xHigh}, ${y} - ${yHigh}, (${x} - ${xHigh}) * ${y})`),
      };
    },
    sum: (a, { high, low }) => {
      const rest = share(low);
      const sum = share(short(`${a} + (${high} + ${rest})`));
      return { high: sum, low: `(((${a} - ${sum}) + ${high}) + ${rest})` };
    },
    clamp: (x, low, high) =>
      high === Infinity ? `max(${x}, ${float(low)})` : `clamp(${x}, ${float(low)}, ${float(high)})`,
    nearest: (x, factor, bias) => {
      const n = share(factor === 1 ? `round(${x})` : `round(${x} * ${float(factor)})`);
      return { n, bits: share(bias === 0 ? `I(${n})` : `I(${n}) + ${int(bias)}`) };
    },
    nearestInteger: (x) => `I(round(${x}))`,
    minusMultiples: (x, n, parts) => {
      const whole = share(`I(${n})`);
      return parts.reduce((rest, part, i) => {
        const shift = SHIFTS[i]!;
        const shifted = shift === 0 ? n : `F(${whole} << U(${shift}u))`;
        return `fma(${shifted}, ${float(-part / 2 ** shift)}, ${rest})`;
      }, x);
    },
    withSign: call('withSign', float),
    less: infix('<', float),
    equal: infix('==', float),
    isNan: call('isNan', float),
    isFinite: call('isFinite', float),
    select: select(float),
    bitsOf,
    fromBits,
    int: {
      constant: int,
      add: infix('+', int),
      sub: infix('-', int),
      mul: infix('*', int),
      min: call('min', int),
      max: call('max', int),
      and: infix('&', int),
      or: infix('|', int),
      shiftLeft: (a, bits) => `(${a} << U(${bits}u))`,
      shiftRight: (a, bits) => `(${a} >> U(${bits}u))`,
      powerOfTwo: (n) => `(I(1) << U(${n}))`,
      mulHigh: call('highProduct', int),
      quotient: infix('/', int),
      less: infix('<', int),
      lessUnsigned: (a, b) => `(U(${a}) < U(${b}))`,
      equal: infix('==', int),
      select: select(int),
      where: (condition, value) => select(int)(condition, value, 0),
      lookUp: (table, index) => {
        const at = share(index);
        return table.reduceRight<string>((others, word, i) => select(int)(`${at} == ${int(i)}`, word, others), int(0));
      },
      toFloat: (a) => `F(${a})`,
    },
    both: infix('&', String),
    either: infix('|', String),
    differ: infix('!=', String),
    not: (a) => `!${a}`,
    // all types are texts
    share: <A extends string>(value: A) => share(value) as A,
    rarely: (condition, usual, otherwise) => {
      const isUnusual = share(condition);
      const locals = variables(usual);
      const [others, body] = inside(otherwise);
      const selects = locals.map((local, i) => `  ${local} = select(${local}, ${others[i]!}, ${isUnusual});`);
      lines.push(`if (any(${isUnusual})) {`, ...body, ...selects, '}');
      return locals as typeof usual; // of the same length
    },
    whileAny: (start, test, step) => {
      const locals = variables(start);
      const state = locals as typeof start; // of the same length
      const [condition, before] = inside(() => test(state));
      const [next, body] = inside(() => step(state).map((value) => define('let', value)));
      const advance = locals.map((local, i) => `  ${local} = ${next[i]!};`);
      lines.push('loop {', ...before, `  if (!any(${condition})) { break; }`, ...body, ...advance, '}');
      return state;
    },
  };
  const value = formula(k);
  const parameters = operands.map((operand) => `${operand}: ${type}`).join(', ');
  return `
fn ${name}(${parameters}) -> ${gives} {
${lines.map((line) => `  ${line}\n`).join('')}  return ${value};
}`;
};
