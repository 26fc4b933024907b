/** The names of the keys of dictionaries, as steps of the paths to tensors. */
import { isPickled, type Pickled, showPickled } from './pickleValues.js';

/**
 * The deepest level of a key that is written, and the length at which the name is cut. Both are limited, because any
 * number of keys may share a value.
 */
const [MOST_LEVELS, LONGEST] = [4, 250];

const quoted = (text: string): string => `'${text.replaceAll(/['\\]/g, '\\$&')}'`;

const SCALARS: ReadonlyMap<Pickled, string> = new Map([
  [null, 'None'],
  [true, 'True'],
  [false, 'False'],
]);

/** Writes a key that is not a text, as Python does. */
const writtenKey = (key: Pickled): string => {
  let text = '';
  const items = (open: string, values: readonly Pickled[], close: string, level: number): void => {
    text += open;
    for (const [i, value] of values.entries()) {
      if (text.length > LONGEST) return;
      if (i > 0) text += ', ';
      write(value, level);
    }
    text += close;
  };
  const write = (value: Pickled, level: number): void => {
    const isTuple = isPickled('Tuple', value);
    if (typeof value === 'string') text += quoted(value.slice(0, LONGEST));
    else if (typeof value !== 'object' || value === null) text += SCALARS.get(value) ?? String(value);
    else if (isPickled('Bytes', value)) text += `bytes at ${value.at}`;
    else if (level === MOST_LEVELS) text += showPickled(value);
    else if (isTuple) items('(', value.items, value.items.length === 1 ? ',)' : ')', level + 1);
    else if (isPickled('List', value)) items('[', value.items, ']', level + 1);
    else if (isPickled('Set', value)) items('{', value.items, '}', level + 1);
    else if (isPickled('Inert', value)) items(`${value.global}(`, value.args, ')', level + 1);
    else text += showPickled(value);
  };
  write(key, 0);
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
};

/**
 * Names the keys of a dictionary: a text by itself, another key as Python writes it, such as `0` or `('conv', 0)`. A
 * text that equals the name of another key gets quotes, so that `0` and `'0'` differ. Long names of other keys are cut.
 */
export const keyNames = (keys: Iterable<Pickled>): ReadonlyMap<Pickled, string> => {
  const all = [...keys];
  const others = new Map(
    all.flatMap((key): (readonly [Pickled, string])[] => (typeof key === 'string' ? [] : [[key, writtenKey(key)]])),
  );
  const names = new Set(others.values());
  return new Map(
    all.map((key) => [key, typeof key === 'string' ? (names.has(key) ? quoted(key) : key) : others.get(key)!]),
  );
};
