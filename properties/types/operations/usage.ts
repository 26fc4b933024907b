/**
 * How each operation is used, in words: what it is given, what it gives, and what is wrong once in its rank, its
 * extents and its dtype. The type tests, their messages and their cost are made from it.
 */

/** Types of results in words of a spec, `'B H/2 C:int32'`; `Dim` is the extent that only the run knows. */
export type Words = string | readonly Words[] | { readonly [name: string]: Words };

/** What may be wrong of a use. */
export const KINDS = ['rank', 'dim', 'dtype'] as const;
export type Kind = (typeof KINDS)[number];

/** A use that does not compile. */
export interface Wrong {
  /** What it is given in place of what fits, by operand. */
  readonly given?: Readonly<Record<string, string>>;
  /** What is written in place of the use. */
  readonly use?: string;
  /** The call compiles, and its result is not of this type. */
  readonly gives?: Words;
  /** Why no argument can be wrong in this: then the use is held against a result that is. */
  readonly free?: string;
}

export interface Usage {
  /** A call, in TypeScript. `{B}` is an extent of it: a number, or `n`, which only the run knows. */
  readonly use: string;
  /** Operands by name, the data last. */
  readonly given: Readonly<Record<string, string>>;
  readonly gives: Words;
  readonly wrong: Readonly<Record<Kind, Wrong>>;
}

export type Usages = Readonly<Record<string, Usage>>;

/** A leaf in words: its extents, and its dtype. */
export const leafOf = (words: string): { readonly extents: readonly string[]; readonly dtype: string } => {
  if (words === 'key') return { extents: [], dtype: 'key' };
  const [shape = '', dtype = 'float32'] = words.split(':');
  return { extents: shape.split(' ').filter((word) => word !== ''), dtype };
};

const wordsOf = (extents: readonly string[], dtype: string): string =>
  extents.join(' ') + (dtype === 'float32' ? '' : `:${dtype}`);

/** The next extent; of what only the run knows, 3. */
const next = (extent: string): string => (extent === 'Dim' ? '3' : `${extent}+1`);

/** A leaf with one thing wrong: an axis less (a scalar has one more), its last extent one more, or another dtype. */
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

/** A use; what is not said to be wrong of it is what {@link broken} makes of its last operand. */
export const usage = (
  use: string,
  given: Readonly<Record<string, string>>,
  gives: Words,
  wrong: Partial<Readonly<Record<Kind, Wrong>>> = {},
): Usage => {
  const [data, words] = Object.entries(given).at(-1) ?? [];
  const breach = (kind: Kind): Wrong =>
    wrong[kind] ?? (data === undefined ? {} : { given: { [data]: broken[kind](words!) } });
  return { use, given, gives, wrong: { rank: breach('rank'), dim: breach('dim'), dtype: breach('dtype') } };
};

const free = (why: string): Wrong => ({ free: why });

export const everyRank = { rank: free('takes every rank') };
export const everyDim = { dim: free('takes every extent') };
export const everyDtype = { dtype: free('takes every dtype') };
/** Of an operation that looks at no axis. */
export const everyShape = { ...everyRank, ...everyDim };
