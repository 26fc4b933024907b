/** Writes a line of Python, for hints, that saves the tensors of a file again without its other objects. */
import { isPickled, type Inert, type Pickled, type PickledRecord } from './pickleValues.js';
import { makesTensor } from './tensors.js';

/** The contents of a value: the number of its tensors, and whether all of its objects are known. */
interface Contents {
  readonly tensors: number;
  readonly isKnown: boolean;
}

/**
 * The maximum number of values that are counted, for all keys together, and the maximum number of keys that are tried.
 */
const [MOST_COUNTED, MOST_KEYS] = [2 ** 20, 64];
const MOST_LEVELS = 8;
const LONGEST_KEY = 60;

/** Tests for a tensor. */
const isTensor = (value: Pickled): boolean => isPickled('Inert', value) && makesTensor(value.global);

/** The values within a value. */
const partsOf = (value: PickledRecord): readonly Pickled[] => {
  if (isPickled('Dict', value)) return value.entries.map(([, field]) => field);
  if (isPickled('Inert', value))
    return [...value.args, ...value.items, ...value.entries.map(([, field]) => field), value.state, value.named];
  return 'items' in value ? value.items : [];
};

/** Counts the contents of values up to a limit. A value that occurs several times below a root counts once. */
const counterOf = (isKnown: (global: string) => boolean) => {
  let left = MOST_COUNTED;
  return (root: Pickled): Contents => {
    const seen = new Set<Pickled>();
    const waiting: Pickled[] = [root];
    let contents: Contents = { tensors: 0, isKnown: true };
    for (let value = waiting.pop(); value !== undefined && left > 0; value = waiting.pop()) {
      if (typeof value !== 'object' || value === null || seen.has(value)) continue;
      seen.add(value);
      if (isTensor(value)) contents = { ...contents, tensors: contents.tensors + 1 };
      else {
        if (isPickled('Inert', value) && !isKnown(value.global)) contents = { ...contents, isKnown: false };
        const parts = partsOf(value);
        left -= parts.length; // any number of objects may share their arguments
        for (const part of left > 0 ? parts : []) waiting.push(part);
      }
    }
    return contents;
  };
};

/** States of a training that are not weights of a network. */
const OF_TRAINING = /optim|sched|scaler|rng|ema_step/i;

/** The steps in Python from a value to those in it: of a dictionary by key, of an object by attribute. */
const stepsOf = (value: Pickled): readonly (readonly [step: string, within: Pickled])[] => {
  const keysOf = (entries: Inert['entries'], write: (key: string) => string) =>
    entries
      .slice(0, MOST_KEYS)
      .flatMap(([key, within]): (readonly [string, Pickled])[] =>
        typeof key === 'string' && key.length <= LONGEST_KEY && !OF_TRAINING.test(key) ? [[write(key), within]] : [],
      );
  if (!isPickled('Dict', value) && !isPickled('Inert', value)) return [];
  const keys = keysOf(value.entries, (key) => `[${JSON.stringify(key)}]`);
  return isPickled('Inert', value) && isPickled('Dict', value.state)
    ? [...keys, ...keysOf(value.state.entries, (key) => `.${key}`)]
    : keys;
};

/** Tests for a module of PyTorch, by its state. */
const isModule = (value: Pickled): boolean =>
  isPickled('Inert', value) &&
  isPickled('Dict', value.state) &&
  value.state.entries.some(([key]) => key === '_parameters');

/**
 * The weight of a tensor in a dictionary whose objects are all known. In others it is 1, because Python needs the
 * classes of unknown objects.
 */
const KNOWN_IS_BETTER = 4;

/**
 * Writes a line of Python that loads a file and saves its weights: the dictionary with the most tensors, or the state
 * dict of a module. Of two with equal numbers of tensors it takes the first. Null if there is neither.
 */
export const savedAgain = (value: Pickled, isKnown: (global: string) => boolean): string | null => {
  const contentsOf = counterOf(isKnown);
  const weightOf = (within: Pickled): number => {
    const contents = contentsOf(within);
    return contents.isKnown && !isTensor(within) ? KNOWN_IS_BETTER * contents.tensors : contents.tensors;
  };
  let [at, python] = [value, 'torch.load(path, weights_only=False)'];
  for (let level = 0; level < MOST_LEVELS; level++) {
    if (isModule(at)) return `torch.save(${python}.state_dict(), out)`;
    if (level > 0 && contentsOf(at).isKnown) return `torch.save(${python}, out)`;
    const [best] = stepsOf(at)
      .map(([step, within]) => ({ step, within, weight: weightOf(within) }))
      .filter(({ weight }) => weight > 0)
      .sort((a, b) => b.weight - a.weight);
    if (best === undefined) return null;
    if (isTensor(best.within))
      return isPickled('Dict', at)
        ? `torch.save({k: v for k, v in ${python}.items() if torch.is_tensor(v)}, out)`
        : null;
    [at, python] = [best.within, python + best.step];
  }
  return null;
};
