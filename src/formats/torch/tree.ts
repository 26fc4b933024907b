/**
 * The tensors of a pickled tree by their paths, joined by dots: dictionaries in dictionaries, lists, and modules of
 * PyTorch, whose parameters and buffers have the names of their state dict.
 */
import { raise } from '../../internal/errors.js';
import {
  type Fields,
  fieldsOf,
  type Inert,
  isPickled,
  type Pickled,
  type PickledDict,
  showPickled,
} from './pickleValues.js';
import { MOST_WORDS } from '../safetensorsHeader.js';
import { draftOf, type TensorDraft } from './tensors.js';

/** The tensors of a file by name, and the numbers and texts beside them. */
export interface TorchTree {
  readonly drafts: ReadonlyMap<string, TensorDraft>;
  readonly metadata: Readonly<Record<string, string>>;
}

const MOST_LEVELS = 200;
/** The most values that are visited: one may have many paths. */
const MOST_VISITS = 2 ** 22;
const MOST_TENSORS = 2 ** 18;
const LONGEST_NAME = 1024;

/** The name of a tensor that is the whole file. */
const WHOLE = 'tensor';

/** Makes an object of dnnlib (StyleGAN, EDM) from a record of its class and state. */
const PERSISTENT = 'torch_utils.persistence._reconstruct_persistent_obj';

/** The tensors of a module of PyTorch, and its modules: `torch.nn.Module.__setstate__` takes these fields. */
const CHILDREN = ['_parameters', '_buffers', '_modules'];

/** Fields that are settings of a module: numbers and texts under public names. */
const isSetting = (name: Pickled): name is string =>
  typeof name === 'string' && !name.startsWith('_') && name !== 'training';

/** The children of a module, which have no name of their own in paths. Null if a state is not that of a module. */
const childrenOf = (state: Fields): readonly Pickled[] | null => {
  const found = CHILDREN.map((name) => state.get(name));
  return found.every((child) => child !== undefined) ? (found as readonly Pickled[]) : null;
};

/** A number, a text or a truth value. */
const isScalar = (value: Pickled): boolean =>
  typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint' || typeof value === 'string';

const scalarText = (value: Pickled): string => (typeof value === 'string' ? JSON.stringify(value) : String(value));

const MOST_LISTED = 64;

/** The word for a value in the metadata, if it has one: of a scalar, or of a short list of them. */
const wordOf = (value: Pickled): string | undefined => {
  if (isScalar(value)) return String(value as string); // one of the four
  const items: readonly Pickled[] = isPickled('List', value) || isPickled('Tuple', value) ? value.items : [value];
  if (items.length > MOST_LISTED || !items.every(isScalar)) return undefined;
  // measured before they are joined: all may be one long text
  const length = items.reduce<number>((sum, item) => sum + (typeof item === 'string' ? item.length : 1), 0);
  return length > LONGEST_NAME ? undefined : `[${items.map(scalarText).join(',')}]`;
};

/** Raises the `DecodeError` of a value at a path. */
type Refuse = (path: string, expected: string, actual: string) => never;

const placeOf = (where: string, path: string): string => (path === '' ? where : `${where}: ${path}`);

const refuseIn =
  (where: string): Refuse =>
  (path, expected, actual) =>
    raise('DecodeError', {
      where: placeOf(where, path),
      expected,
      actual,
      hint: 'save the state dict alone: torch.save(model.state_dict(), path)',
    });

/** Counts the values that are visited, up to a limit. */
const budgetOf = (refuse: Refuse) => {
  let visits = 0;
  return (more: number, path: string): void => {
    visits += more;
    if (visits > MOST_VISITS) refuse(path, `at most ${MOST_VISITS} values`, 'more');
  };
};

/** The path of a value in another. */
const joinedBy =
  (refuse: Refuse) =>
  (path: string, key: Pickled): string => {
    const step = typeof key === 'string' ? key : showPickled(key);
    if (path.length + step.length >= LONGEST_NAME) refuse(path, `names of at most ${LONGEST_NAME} characters`, 'more');
    return path === '' ? step : `${path}.${step}`;
  };

/** Collects tensors and words, up to a limit. */
const collectionOf = (refuse: Refuse) => {
  const drafts = new Map<string, TensorDraft>();
  const words = new Map<string, string>();
  return {
    drafts,
    words,
    addTensor: (path: string, draft: TensorDraft): void => {
      const name = path === '' ? WHOLE : path;
      if (drafts.has(name)) refuse(name, 'one tensor of this name', 'a second one');
      if (drafts.size === MOST_TENSORS) refuse(name, `at most ${MOST_TENSORS} tensors`, 'more');
      drafts.set(name, draft);
    },
    addWord: (path: string, value: Pickled): void => {
      const word = wordOf(value);
      if (word !== undefined && word.length <= LONGEST_NAME && words.size < MOST_WORDS) words.set(path, word);
    },
  };
};

/** Finds the fields of dictionaries. Each is indexed once: any number of objects may share one. */
const indexOf = (where: string) => {
  const known = new Map<Pickled | undefined, Fields>();
  return (value: Pickled | undefined, path: string): Fields => {
    const fields = known.get(value) ?? fieldsOf(placeOf(where, path), value);
    known.set(value, fields);
    return fields;
  };
};

/** Finds the tensors of a pickled value. Raises `DecodeError` for two of one name. */
export const treeOf = (where: string, root: Pickled): TorchTree => {
  const refuse = refuseIn(where);
  const [spend, joined, fields] = [budgetOf(refuse), joinedBy(refuse), indexOf(where)];
  const { drafts, words, addTensor, addWord } = collectionOf(refuse);

  const visitEntries = (value: PickledDict | Inert, path: string, level: number): void => {
    spend(value.entries.length, path);
    for (const [key, field] of fields(value, path)) {
      const name = joined(path, key);
      addWord(name, field);
      visit(field, name, level + 1);
    }
  };

  const visitItems = (items: readonly Pickled[], path: string, level: number): void => {
    spend(items.length, path);
    for (const [i, item] of items.entries())
      if (typeof item === 'object' && item !== null) visit(item, joined(path, i), level + 1);
  };

  /** The fields of an object: a dictionary, unless it has none. */
  const stateOf = ({ global, args, state }: Inert, path: string): Pickled | undefined => {
    if (global === PERSISTENT) return fields(args[0], path).get('state');
    return global.startsWith('collections.') ? undefined : state;
  };

  const visitModule = (module: Inert, state: Fields, children: readonly Pickled[], path: string, level: number) => {
    spend(state.size, path);
    const className = fields(module.args[0], path).get('class_name');
    if (className !== undefined) addWord(joined(path, 'class_name'), className);
    for (const [name, value] of state) if (isSetting(name)) addWord(joined(path, name), value);
    visit(state.get('_init_kwargs'), joined(path, '_init_kwargs'), level + 1);
    for (const child of children) visit(child, path, level + 1);
  };

  const visitObject = (object: Inert, path: string, level: number): void => {
    const draft = draftOf(placeOf(where, path), object);
    if (draft !== null) return addTensor(path, draft);
    visitEntries(object, path, level);
    visitItems(object.items, path, level);
    const state = stateOf(object, path);
    const stateFields = isPickled('Dict', state) ? fields(state, path) : null;
    const children = stateFields && childrenOf(stateFields);
    if (stateFields && children) visitModule(object, stateFields, children, path, level);
    else visit(state, path, level + 1);
  };

  const visit = (value: Pickled | undefined, path: string, level: number): void => {
    if (level > MOST_LEVELS) refuse(path.slice(0, 60), `at most ${MOST_LEVELS} levels`, 'more, or a loop');
    spend(1, path);
    if (isPickled('Dict', value)) visitEntries(value, path, level);
    else if (isPickled('List', value) || isPickled('Tuple', value)) visitItems(value.items, path, level);
    else if (isPickled('Inert', value)) visitObject(value, path, level);
  };

  visit(root, '', 0);
  return { drafts, metadata: Object.fromEntries(words) };
};
