/** Suggestions of similar names, for errors. */

/** The maximum length of names; longer ones are not typing errors. */
const LONGEST = 40;

const plain = (name: string): string => name.toLowerCase().replaceAll(/[^a-z0-9]/g, '');

/** The first letters of the words in a name: `lr` of `learningRate`. */
const initials = (name: string): string =>
  plain(name.replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2').replaceAll(/(\w)\w*/g, '$1'));

/** The number of letters to add, drop, change or swap with the next one (optimal string alignment distance). */
const distance = (a: string, b: string): number => {
  let [before, last]: readonly [number[], number[]] = [[], Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row[j] = Math.min(last[j]! + 1, row[j - 1]! + 1, last[j - 1]! + cost, isSwap ? before[j - 2]! + 1 : Infinity);
    }
    [before, last] = [last, row];
  }
  return last[b.length]!;
};

/** Tests for a typing error; the first letter of a name of two, such as `x0`, has to be right. */
const misspells = (word: string, name: string): boolean =>
  (name.length > 2 || (name.length === 2 && word[0] === name[0])) &&
  distance(plain(word), plain(name)) <= Math.max(1, Math.floor(name.length / 4));

const contains = (a: string, b: string): boolean => b.length >= 3 && a.includes(b);

/** Names of the same option elsewhere. */
export interface Synonyms {
  readonly steps: 'grid';
  readonly seed: 'key';
  readonly epochs: 'steps';
}
const SYNONYMS: Synonyms & { readonly [word: string]: string } = { steps: 'grid', seed: 'key', epochs: 'steps' };

const TESTS: readonly ((word: string, name: string) => boolean)[] = [
  (word, name) => plain(word) === plain(name),
  (word, name) => SYNONYMS[word] === name,
  (word, name) => initials(name).length > 1 && plain(word) === initials(name),
  misspells,
  (word, name) => contains(plain(word), plain(name)) || contains(plain(name), plain(word)),
];

/** The most similar of some names; undefined if none is similar. */
export const suggestion = (word: string, names: readonly string[]): string | undefined =>
  word.length > LONGEST
    ? undefined
    : TESTS.map((isLike) => names.find((name) => isLike(word, name))).find((name) => name !== undefined);
