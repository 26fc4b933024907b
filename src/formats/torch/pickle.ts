/**
 * Reads pickles of Python, protocols 2 to 5, as inert records. A pickle is a program for a machine with a stack and a
 * memo: https://docs.python.org/3/library/pickletools.html. Nothing that it names is imported or called here. Reading
 * takes time and memory in proportion to the file, and no recursion.
 */
import { raise } from '../../internal/errors.js';
import { operationAt, type Operation, type OperationName, type Window } from './pickleOperations.js';
import { isPickled, type PersistentId, type Pickled, showPickled } from './pickleValues.js';
import { refuse as refuseAt } from '../bytes/refuse.js';
import { bytesAt, cutShortError, type Source } from '../bytes/source.js';

/** A pickle that was read. */
export interface Pickle {
  readonly value: Pickled;
  /** The names of the classes and functions that Python would call. */
  readonly calls: ReadonlySet<string>;
  /** The ids of the values that lie outside of the pickle. */
  readonly persistentIds: readonly PersistentId[];
  /** The position after the pickle. */
  readonly end: number;
}

/**
 * The maximum number of operations. A pickle of ten thousand parameters needs less than a tenth of them; the values of
 * so many operations take 0.5 GB.
 */
const MOST_OPERATIONS = 2 ** 22;
const HIGHEST_PROTOCOL = 5;
/** The longest name of a class or of a function, with its module. */
const LONGEST_GLOBAL = 2 ** 10;

type Refuse = (expected: string, actual: string) => never;

/** The stack of a machine. A mark begins a new stack on top of it, which ends when its values are taken. */
const stackOf = (refuse: Refuse) => {
  const values: Pickled[] = [];
  const marks: number[] = [];
  const pop = (): Pickled =>
    values.length > (marks.at(-1) ?? 0) ? values.pop()! : refuse('a value on the stack', 'none'); // there is one
  return {
    push: (value: Pickled): void => void values.push(value),
    pop,
    top: (): Pickled => {
      const value = pop();
      values.push(value);
      return value;
    },
    mark: (): void => void marks.push(values.length),
    toMark: (): Pickled[] => values.splice(marks.pop() ?? refuse('a mark on the stack', 'none')),
  };
};

/** Splits a list into pairs of a key and a value. */
const pairsOf = (items: readonly Pickled[]): (readonly [Pickled, Pickled])[] =>
  Array.from({ length: items.length / 2 }, (_, i) => [items[2 * i]!, items[2 * i + 1]!]);

/** The state of a machine. */
interface State {
  readonly stack: ReturnType<typeof stackOf>;
  readonly memo: Map<number, Pickled>;
  readonly calls: Set<string>;
  readonly persistentIds: PersistentId[];
  /** The value of the pickle, once it is known. */
  readonly results: Pickled[];
}

/**
 * The name that a call of `getattr` stands for, in protocols 2 and 3: of a method, or of a class in another. Null for
 * other calls.
 */
const memberOf = (called: string, [owner, name]: readonly Pickled[]): string | null =>
  /^(builtins|__builtin__)\.getattr$/.test(called) && isPickled('Global', owner) && typeof name === 'string'
    ? `${owner.global}.${name}`
    : null;

/** The operations that combine values on the stack to new values, and refuse values of other kinds. */
const makersOf = ({ stack: { push, pop, top }, calls }: State, refuse: Refuse) => {
  const nameOf = (value: Pickled): string =>
    typeof value === 'string' ? value : refuse('the name of a global', showPickled(value));
  const global = (name: string): void => {
    if (name.length > LONGEST_GLOBAL) refuse(`a name of at most ${LONGEST_GLOBAL} characters`, `${name.length}`);
    push({ _tag: 'Global', global: name });
  };
  return {
    global,
    stackGlobal: (): void => {
      const [name, module] = [nameOf(pop()), nameOf(pop())];
      global(`${module}.${name}`);
    },
    call: (args: Pickled, named: Pickled): void => {
      const called = pop();
      if (!isPickled('Global', called)) return refuse('a call of a global', showPickled(called));
      if (!isPickled('Tuple', args)) return refuse('a tuple of arguments', showPickled(args));
      const member = memberOf(called.global, args.items);
      if (member !== null) return global(member);
      calls.add(called.global);
      push({ _tag: 'Inert', global: called.global, args: args.items, named, state: null, items: [], entries: [] });
    },
    append: (items: readonly Pickled[], kind: 'List' | 'Set'): void => {
      const target = top();
      if (!isPickled(kind, target) && !isPickled('Inert', target)) return refuse(`a ${kind}`, showPickled(target));
      for (const item of items) target.items.push(item);
    },
    setItems: (items: readonly Pickled[]): void => {
      const target = top();
      if (!isPickled('Dict', target) && !isPickled('Inert', target)) return refuse('a Dict', showPickled(target));
      if (items.length % 2 === 1) return refuse('keys with values', 'a key without one');
      for (const pair of pairsOf(items)) target.entries.push(pair);
    },
    build: (state: Pickled): void => {
      const target = top();
      if (!isPickled('Inert', target)) return refuse('an object to build', showPickled(target));
      target.state = state;
    },
  };
};

type Argument = Operation['argument'];

/** Runs an operation with its argument. */
type Operations = Readonly<Record<OperationName, (argument: Argument) => void>>;

/** The operations of a pickle, on the state of a machine. */
const operationsOf = (state: State, refuse: Refuse): Operations => {
  const makers = makersOf(state, refuse);
  return {
    protocol: (version) => {
      if (Number(version) > HIGHEST_PROTOCOL) refuse(`protocol ${HIGHEST_PROTOCOL} or lower`, `${version as number}`);
    },
    frame: () => undefined,
    stop: () => state.results.push(state.stack.pop()),
    ...stackOperations(state.stack),
    ...memoOperations(state, refuse),
    ...collectionOperations(state.stack, makers),
    ...objectOperations(state, makers),
  };
};

const stackOperations = ({ push, pop, top, mark, toMark }: State['stack']) => ({
  push,
  pop,
  duplicate: () => push(top()),
  mark,
  popMark: toMark,
});

/** Stores values in the memo and takes them from it. */
const memoOperations = ({ stack: { push, top }, memo }: State, refuse: Refuse) => ({
  put: (index: Argument) => memo.set(Number(index), top()),
  memoize: () => memo.set(memo.size, top()),
  get: (index: Argument) => {
    const value = memo.get(Number(index)); // which may be null
    push(value === undefined ? refuse('a value in the memo', `none of index ${Number(index)}`) : value);
  },
});

type Makers = ReturnType<typeof makersOf>;

/** Makes and fills lists, tuples, dictionaries and sets. */
const collectionOperations = ({ push, pop, toMark }: State['stack'], { append, setItems }: Makers) => ({
  list: () => push({ _tag: 'List', items: [] }),
  append: () => append([pop()], 'List'),
  appends: () => append(toMark(), 'List'),
  tuple: (length: Argument) => push({ _tag: 'Tuple', items: Array.from({ length: Number(length) }, pop).reverse() }),
  tupleOfMark: () => push({ _tag: 'Tuple', items: toMark() }),
  dictionary: () => push({ _tag: 'Dict', entries: [] }),
  setItem: () => setItems([pop(), pop()].reverse()),
  setItems: () => setItems(toMark()),
  set: () => push({ _tag: 'Set', items: [] }),
  addItems: () => append(toMark(), 'Set'),
  setOfMark: () => push({ _tag: 'Set', items: toMark() }),
});

/**
 * The class that an id stands for, because files of the older format write the classes of modules as ids. Null for
 * other ids.
 */
const classOf = (id: Pickled): Pickled | null => {
  const [kind, named] = isPickled('Tuple', id) ? id.items : [];
  return kind === 'module' && isPickled('Global', named) ? named : null;
};

/** Makes globals, objects of calls, and ids of values outside of the pickle. */
const objectOperations = ({ stack, persistentIds }: State, { global, stackGlobal, call, build }: Makers) => {
  const { push, pop } = stack;
  return {
    global: (name: Argument) => global(name as string), // `LINES` gives a text
    stackGlobal,
    call: () => call(pop(), null),
    callWithNames: () => {
      const [names, args] = [pop(), pop()];
      call(args, names);
    },
    build: () => build(pop()),
    persistentId: () => {
      const id = pop();
      const named = classOf(id);
      if (named !== null) return push(named);
      const outside: PersistentId = { _tag: 'PersistentId', id };
      persistentIds.push(outside);
      push(outside);
    },
  };
};

/** Makes a machine. `run` runs the operations that lie completely in a window. */
const machineOf = (where: string) => {
  let [at, count] = [0, 0];
  const refuse: Refuse = (expected, actual) => refuseAt(where, expected, `${actual} at byte ${at} of a pickle`);
  const state: State = { stack: stackOf(refuse), memo: new Map(), calls: new Set(), persistentIds: [], results: [] };
  const { calls, persistentIds, results } = state;
  const operations = operationsOf(state, refuse);

  /**
   * Runs operations from a position on. Returns the position of the next operation, and the number of bytes that it
   * needs.
   */
  const run = (window: Window, position: number): readonly [position: number, need: number] => {
    at = position;
    while (results.length === 0 && at < window.from + window.bytes.length) {
      const operation = operationAt(window, at);
      if (typeof operation === 'number') return [at, operation];
      if (++count > MOST_OPERATIONS) refuse(`at most ${MOST_OPERATIONS} operations`, 'more');
      operations[operation.name](operation.argument);
      at = operation.next;
    }
    return [at, 1];
  };

  return {
    run,
    outcome: (end: number): Pickle | null =>
      results.length === 0 ? null : { value: results[0]!, calls, persistentIds, end },
  };
};

const [FIRST_WINDOW, LARGEST_WINDOW] = [2 ** 12, 2 ** 18];

/** Reads the pickle that begins at a position; bytes in it stay in the file. Raises `DecodeError`. */
export const readPickle = async (source: Source, from: number): Promise<Pickle> => {
  const { where, size } = source;
  const machine = machineOf(where);
  let [at, need] = [from, 1];
  for (let length = FIRST_WINDOW; ; length = Math.min(2 * length, LARGEST_WINDOW)) {
    if (at + need > size) raise('DecodeError', cutShortError(where, at + need, size));
    const bytes = await bytesAt(source, at, Math.min(Math.max(length, need), size - at));
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    [at, need] = machine.run({ where, bytes, view, from: at, size }, at);
    const outcome = machine.outcome(at);
    if (outcome !== null) return outcome;
  }
};
