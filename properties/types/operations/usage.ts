/**
 * The uses of each operation in spec notation: the operands, the result, and three mistakes, in the rank, an extent and
 * the dtype. The type tests, their messages and their cost are generated from them, for both forms of the operation.
 */

/** Types of results in the notation of specs, `'B H/2 C:int32'`; `Dim` is an extent that is known only at run time. */
export type Words = string | readonly Words[] | { readonly [name: string]: Words };

/** The kinds of mistakes. */
export const KINDS = ['rank', 'dim', 'dtype'] as const;
export type Kind = (typeof KINDS)[number];

/** A use that does not compile. */
export interface Wrong {
  /** Wrong operands, by name. */
  readonly operands?: Readonly<Record<string, string>>;
  /** Another call. */
  readonly use?: string;
  /** The operand or the number at which the error is reported, if it is not the changed one. */
  readonly at?: string;
  /** The reason why no argument can have this mistake; the result is then checked against another type. */
  readonly free?: string;
}

export interface Usage {
  /**
   * The data-first call, in TypeScript. `{B}` is an extent in it: a number, or `n`, which is known only at run time.
   */
  readonly use: string;
  /** Operands by name, in reading order. */
  readonly operands: Readonly<Record<string, string>>;
  readonly gives: Words;
  readonly wrong: Readonly<Record<Kind, Wrong>>;
  /** The operator in a pipe: its name, a call, or none, because the operation has no first operand. */
  readonly piped: 'name' | 'call' | 'none';
}

/** The uses of each operation; most have one. */
export type Usages = Readonly<Record<string, readonly Usage[]>>;

/** A leaf in words: its extents, and its dtype. */
export const leafOf = (words: string): { readonly extents: readonly string[]; readonly dtype: string } => {
  if (words === 'key') return { extents: [], dtype: 'key' };
  const [shape = '', dtype = 'float32'] = words.split(':');
  return { extents: shape.split(' ').filter((word) => word !== ''), dtype };
};

const wordsOf = (extents: readonly string[], dtype: string): string =>
  extents.join(' ') + (dtype === 'float32' ? '' : `:${dtype}`);

/** The next extent; 3 for one that is known only at run time. */
const next = (extent: string): string => (extent === 'Dim' ? '3' : `${extent}+1`);

/** A leaf with one mistake: an axis less (a scalar has one more), its last extent one more, or another dtype. */
export const broken: Readonly<Record<Kind, (words: string) => string>> = {
  rank: (words) => {
    const { extents, dtype } = leafOf(words);
    return wordsOf(extents.length === 0 ? ['1'] : extents.slice(1), dtype);
  },
  dim: (words) => {
    const { extents, dtype } = leafOf(words);
    return wordsOf([...extents.slice(0, -1), extents.length === 0 ? '2' : next(extents.at(-1)!)], dtype);
  },
  dtype: (words) => {
    const { extents, dtype } = leafOf(words);
    return wordsOf(extents, dtype === 'float32' ? 'int32' : 'float32');
  },
};

type Mistakes = Partial<Readonly<Record<Kind, Wrong>>>;

/** A use. A mistake that is not given is made from the last operand by {@link broken}. */
export const usage = (
  use: string,
  operands: Readonly<Record<string, string>>,
  gives: Words,
  wrong: Mistakes = {},
  piped: Usage['piped'] = 'call',
): Usage => {
  const [last, words] = Object.entries(operands).at(-1) ?? [];
  const breach = (kind: Kind): Wrong =>
    wrong[kind] ?? (last === undefined ? {} : { operands: { [last]: broken[kind](words!) } });
  return { use, operands, gives, wrong: { rank: breach('rank'), dim: breach('dim'), dtype: breach('dtype') }, piped }; // oxfmt-ignore
};

/** A use of a function of one tensor, which is passed to pipe by name. */
export const unary = (
  use: string,
  operands: Readonly<Record<string, string>>,
  gives: Words,
  wrong: Mistakes = {},
): Usage => usage(use, operands, gives, wrong, 'name');

/** A use of an operation without a pipeable form: it has no first operand, or its operands are all tensors. */
export const unpiped = (
  use: string,
  operands: Readonly<Record<string, string>>,
  gives: Words,
  wrong: Mistakes = {},
): Usage => usage(use, operands, gives, wrong, 'none');

/** One use of each operation. */
export const once = (usages: Readonly<Record<string, Usage>>): Usages =>
  Object.fromEntries(Object.entries(usages).map(([name, one]) => [name, [one]]));

const free = (why: string): Wrong => ({ free: why });

export const everyRank = { rank: free('takes every rank') };
export const everyDim = { dim: free('takes every extent') };
export const everyDtype = { dtype: free('takes every dtype') };
/** For an operation that uses no axis. */
export const everyShape = { ...everyRank, ...everyDim };
