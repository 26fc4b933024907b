/**
 * The tensors of a pickled tree by their paths, joined by dots: dictionaries in dictionaries, lists, and modules of
 * PyTorch, whose parameters and buffers have the names of their state dict.
 */
import { raise } from '../../internal/errors.js';
import { keyNames } from './keyNames.js';
import {
  type Fields,
  fieldsOf,
  type Inert,
  isPickled,
  type Pickled,
  type PickledDict,
  type PickledList,
  type PickledRecord,
} from './pickleValues.js';
import { MOST_TENSORS, MOST_WORDS } from '../safetensors/safetensorsHeader.js';
import { draftOf, type TensorDraft } from './tensors.js';

/** The tensors of a file by name, and the numbers and texts beside them. */
export interface TorchTree {
  readonly drafts: ReadonlyMap<string, TensorDraft>;
  readonly metadata: Readonly<Record<string, string>>;
}

const MOST_LEVELS = 200;
/** The maximum number of values that are visited. It is limited, because a value may have many paths. */
const MOST_VISITS = 2 ** 22;
const LONGEST_NAME = 1024;

/** The name of a tensor that is the whole file. */
const WHOLE = 'tensor';

/** Makes an object of dnnlib (StyleGAN, EDM) from a record of its class and state. */
const PERSISTENT = 'torch_utils.persistence._reconstruct_persistent_obj';

const ORDERED = 'collections.OrderedDict';

/** The fields of a module of PyTorch with its tensors and its modules, as `torch.nn.Module.__setstate__` takes them. */
const CHILDREN = ['_parameters', '_buffers', '_modules'];

/** Fields that are settings of a module: numbers and texts under public names. */
const isSetting = (name: Pickled): name is string =>
  typeof name === 'string' && !name.startsWith('_') && name !== 'training';

/** The children of a module, which have no name of their own in paths. Null if a state is not that of a module. */
const childrenOf = (state: Fields): readonly Pickled[] | null => {
  const children = CHILDREN.map((name) => state.get(name));
  return children.every((child) => child !== undefined) ? (children as readonly Pickled[]) : null;
};

/** A number, a text or a truth value. */
const isScalar = (value: Pickled): boolean =>
  typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint' || typeof value === 'string';

const scalarText = (value: Pickled): string => (typeof value === 'string' ? JSON.stringify(value) : String(value));

const MOST_LISTED = 64;

/** The text of a value for the metadata: of a scalar, or of a short list of scalars. Undefined for other values. */
const wordOf = (value: Pickled): string | undefined => {
  if (isScalar(value)) return String(value as string); // a scalar has one of four types, and `String` takes all of them
  const items: readonly Pickled[] = isPickled('List', value) || isPickled('Tuple', value) ? value.items : [value];
  if (items.length > MOST_LISTED || !items.every(isScalar)) return undefined;
  // measures the items before it joins them, because all may be the same long text
  const length = items.reduce<number>((sum, item) => sum + (typeof item === 'string' ? item.length : 1), 0);
  return length > LONGEST_NAME ? undefined : `[${items.map(scalarText).join(',')}]`;
};

/** The path of a value. Null for the value of the whole file, because an empty path is the path of the key `''`. */
type Path = string | null;

/** Raises the `DecodeError` of a value at a path. */
type Refuse = (path: Path, expected: string, actual: string) => never;

const placeOf = (where: string, path: Path): string => (path === null ? where : `${where}: ${path || "''"}`);

const refuseIn =
  (where: string): Refuse =>
  (path, expected, actual) =>
    raise('DecodeError', {
      where: placeOf(where, path),
      expected,
      actual,
      hint: 'save one of its dictionaries alone: torch.save(torch.load(path, weights_only=False)[key], out)',
    });

/** Counts the values that are visited, up to a limit. */
const budgetOf = (refuse: Refuse) => {
  let visits = 0;
  return (more: number, path: Path): void => {
    visits += more;
    if (visits > MOST_VISITS) refuse(path, `at most ${MOST_VISITS} values`, 'more');
  };
};

const isRecord = (value: Pickled | undefined): value is PickledRecord => typeof value === 'object' && value !== null;

const isTooLong = (path: Path, step: string): boolean => (path ?? '').length + step.length >= LONGEST_NAME;

/** The path of a value in another. */
const joinedBy =
  (refuse: Refuse) =>
  (path: Path, step: string): string => {
    if (isTooLong(path, step)) refuse(path, `names of at most ${LONGEST_NAME} characters`, 'more');
    return path === null ? step : `${path}.${step}`;
  };

/** Collects tensors and words, up to a limit. */
const collectionOf = (refuse: Refuse) => {
  const drafts = new Map<string, TensorDraft>();
  const words = new Map<string, string>();
  const known = new Map<Pickled, string | undefined>(); // any number of names may share a list
  const wordOnce = (value: Pickled): string | undefined => {
    if (isScalar(value)) return wordOf(value);
    if (!known.has(value)) known.set(value, wordOf(value));
    return known.get(value);
  };
  return {
    drafts,
    words,
    addTensor: (path: Path, draft: TensorDraft): void => {
      const name = path ?? WHOLE;
      if (drafts.has(name)) refuse(name, 'one tensor of this name', 'a second one');
      if (drafts.size === MOST_TENSORS) refuse(name, `at most ${MOST_TENSORS} tensors`, 'more');
      drafts.set(name, draft);
    },
    addWord: (path: string, value: Pickled): void => {
      if (words.size === MOST_WORDS) return;
      const word = wordOnce(value);
      if (word !== undefined && word.length <= LONGEST_NAME) words.set(path, word);
    },
  };
};

/** Finds the fields of dictionaries. It indexes each dictionary once, because any number of objects may share it. */
const indexOf = (where: string) => {
  const known = new Map<Pickled | undefined, Fields>();
  return (value: Pickled | undefined, path: Path): Fields => {
    const fields = known.get(value) ?? fieldsOf(placeOf(where, path), value);
    known.set(value, fields);
    return fields;
  };
};

/** Finds the names of the keys of dictionaries. It computes them once for each dictionary. */
const namesIn = () => {
  const known = new Map<Fields, ReadonlyMap<Pickled, string>>();
  return (fields: Fields): ReadonlyMap<Pickled, string> => {
    const names = known.get(fields) ?? keyNames(fields.keys());
    known.set(fields, names);
    return names;
  };
};

/** The state of a walk over a tree: its limits, what it found, and what it knows. */
interface Walk extends Pick<ReturnType<typeof collectionOf>, 'addTensor' | 'addWord'> {
  readonly where: string;
  /** The values that contain the value that is visited. */
  readonly around: Set<PickledRecord>;
  readonly refuse: Refuse;
  readonly spend: ReturnType<typeof budgetOf>;
  readonly join: ReturnType<typeof joinedBy>;
  readonly fields: ReturnType<typeof indexOf>;
  readonly names: ReturnType<typeof namesIn>;
}

/** Finds the tensors of a pickled value. Raises `DecodeError` for two of one name. */
export const treeOf = (where: string, root: Pickled): TorchTree => {
  const refuse = refuseIn(where);
  const { drafts, words, ...adders } = collectionOf(refuse);
  const [spend, join, fields] = [budgetOf(refuse), joinedBy(refuse), indexOf(where)];
  visit({ where, around: new Set(), refuse, spend, join, fields, names: namesIn(), ...adders }, root, null, 0);
  return { drafts, metadata: Object.fromEntries(words) };
};

/** Visits a value and all that it holds; `level` counts the values around it. */
const visit = (walk: Walk, value: Pickled | undefined, path: Path, level: number): void => {
  if (level > MOST_LEVELS) walk.refuse(path && path.slice(0, 60), `at most ${MOST_LEVELS} levels`, 'more');
  walk.spend(1, path);
  // do not follow a loop: the tensors on it already have names
  if (!isRecord(value) || walk.around.has(value)) return;
  walk.around.add(value);
  if (isPickled('Dict', value)) visitEntries(walk, value, path, level);
  else if (isPickled('List', value) || isPickled('Tuple', value) || isPickled('Set', value))
    visitItems(walk, value.items, path, level);
  else if (isPickled('Inert', value)) visitObject(walk, value, path, level);
  walk.around.delete(value);
};

const visitEntries = (walk: Walk, value: PickledDict | PickledList | Inert, path: Path, level: number): void => {
  walk.spend((isPickled('List', value) ? value.items : value.entries).length, path);
  const fields = walk.fields(value, path);
  const names = walk.names(fields);
  for (const [key, field] of fields) {
    const step = names.get(key)!;
    if (!isRecord(field) && isTooLong(path, step)) continue; // the metadata omits a value with so long a name
    const name = walk.join(path, step);
    walk.addWord(name, field);
    visit(walk, field, name, level + 1);
  }
};

const visitItems = (walk: Walk, items: readonly Pickled[], path: Path, level: number): void => {
  walk.spend(items.length, path);
  for (const [i, item] of items.entries()) if (isRecord(item)) visit(walk, item, walk.join(path, String(i)), level + 1);
};

/** Visits an object: a tensor, a module, or any other. */
const visitObject = (walk: Walk, object: Inert, path: Path, level: number): void => {
  const draft = draftOf(placeOf(walk.where, path), object);
  if (draft !== null) return walk.addTensor(path, draft);
  visitEntries(walk, object, path, level);
  visitItems(walk, object.items, path, level);
  visitArguments(walk, object, path, level);
  const state = stateOf(walk, object, path);
  const fields = isPickled('Dict', state) ? walk.fields(state, path) : null;
  const children = fields && childrenOf(fields);
  if (fields && children) visitModule(walk, object, fields, children, path, level);
  else visit(walk, state, path, level + 1);
};

/** Visits the arguments of an object, such as the values of a set. */
const visitArguments = (walk: Walk, { global, args, named }: Inert, path: Path, level: number): void => {
  if (global === PERSISTENT) return; // `stateOf` takes its argument apart
  const [first] = args;
  if (global === ORDERED && isPickled('List', first)) return visitEntries(walk, first, path, level); // of Python 2
  for (const argument of args) visit(walk, argument, path, level + 1);
  visit(walk, named, path, level + 1);
};

/** The fields of an object: a dictionary, unless it has none. */
const stateOf = ({ fields }: Walk, { global, args, state }: Inert, path: Path): Pickled | undefined => {
  if (global === PERSISTENT) return fields(args[0], path).get('state');
  return global === ORDERED ? undefined : state; // the state of an ordered dictionary holds only versions of modules
};

/** Visits the children of a module, and collects its settings as texts. */
const visitModule = (
  walk: Walk,
  module: Inert,
  state: Fields,
  children: readonly Pickled[],
  path: Path,
  level: number,
): void => {
  const { spend, fields, join, addWord } = walk;
  spend(state.size, path);
  const className = fields(module.args[0], path).get('class_name');
  if (className !== undefined) addWord(join(path, 'class_name'), className);
  for (const [name, value] of state) if (isSetting(name)) addWord(join(path, name), value);
  visit(walk, state.get('_init_kwargs'), join(path, '_init_kwargs'), level + 1);
  for (const child of children) visit(walk, child, path, level + 1);
};
