/**
 * The tensors of a pickled tree by their paths, joined by dots: dictionaries in dictionaries, lists, and modules of
 * PyTorch, whose parameters and buffers have the names of their state dict.
 */
import { raise } from '../../internal/errors.js';
import { fieldOf, type Inert, isPickled, type Pickled, showPickled } from './pickleValues.js';
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

/** The fields of an object: a dictionary, unless it has none. */
const stateOf = ({ global, args, state }: Inert): Pickled | undefined =>
  global === PERSISTENT ? fieldOf(args[0], 'state') : global.startsWith('collections.') ? undefined : state;

/** The tensors of a module of PyTorch, and its modules: `torch.nn.Module.__setstate__` takes these fields. */
const CHILDREN = ['_parameters', '_buffers', '_modules'];

/** Fields that are settings of a module: numbers and texts under public names. */
const isSetting = (name: Pickled): name is string =>
  typeof name === 'string' && !name.startsWith('_') && name !== 'training';

/** The children of a module, which have no name of their own in paths. Null if a state is not that of a module. */
const childrenOf = (state: Pickled | undefined): readonly Pickled[] | null => {
  if (!isPickled('Dict', state)) return null;
  const found = CHILDREN.map((name) => fieldOf(state, name));
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
  const isList = isPickled('List', value) || isPickled('Tuple', value);
  return isList && value.items.length <= MOST_LISTED && value.items.every(isScalar)
    ? `[${value.items.map(scalarText).join(',')}]`
    : undefined;
};

/** Finds the tensors of a pickled value. Raises `DecodeError` for two of one name. */
export const treeOf = (where: string, root: Pickled): TorchTree => {
  const drafts = new Map<string, TensorDraft>();
  const words = new Map<string, string>();
  let visits = 0;

  const refuse = (path: string, expected: string, actual: string): never =>
    raise('DecodeError', {
      where: path === '' ? where : `${where}: ${path}`,
      expected,
      actual,
      hint: 'save the state dict alone: torch.save(model.state_dict(), path)',
    });

  const demandVisits = (more: number, path: string): void => {
    visits += more;
    if (visits > MOST_VISITS) refuse(path, `at most ${MOST_VISITS} values`, 'more');
  };

  const joined = (path: string, key: Pickled): string => {
    const step = typeof key === 'string' ? key : showPickled(key);
    if (path.length + step.length >= LONGEST_NAME) refuse(path, `names of at most ${LONGEST_NAME} characters`, 'more');
    return path === '' ? step : `${path}.${step}`;
  };

  const addTensor = (path: string, draft: TensorDraft): void => {
    const name = path === '' ? WHOLE : path;
    if (drafts.has(name)) refuse(name, 'one tensor of this name', 'a second one');
    if (drafts.size === MOST_TENSORS) refuse(name, `at most ${MOST_TENSORS} tensors`, 'more');
    drafts.set(name, draft);
  };

  const addWord = (path: string, value: Pickled): void => {
    const word = wordOf(value);
    if (word !== undefined && word.length <= LONGEST_NAME && words.size < MOST_WORDS) words.set(path, word);
  };

  const visitEntries = (entries: Inert['entries'], path: string, level: number): void => {
    demandVisits(entries.length, path);
    const keys = new Set<Pickled>();
    for (const [key, value] of entries) {
      const name = joined(path, key);
      if (keys.has(key)) refuse(name, 'one value of this name', 'a second one');
      keys.add(key);
      addWord(name, value);
      visit(value, name, level + 1);
    }
  };

  const visitItems = (items: readonly Pickled[], path: string, level: number): void => {
    demandVisits(items.length, path);
    for (const [i, item] of items.entries())
      if (typeof item === 'object' && item !== null) visit(item, joined(path, i), level + 1);
  };

  const visitObject = (object: Inert, path: string, level: number): void => {
    const draft = draftOf(path === '' ? where : `${where}: ${path}`, object);
    if (draft !== null) return addTensor(path, draft);
    visitEntries(object.entries, path, level);
    visitItems(object.items, path, level);
    const state = stateOf(object);
    if (isPickled('Dict', state)) demandVisits(state.entries.length, path);
    const children = childrenOf(state);
    if (!isPickled('Dict', state) || children === null) return visit(state, path, level + 1);
    const className = fieldOf(object.args[0], 'class_name');
    if (className !== undefined) addWord(joined(path, 'class_name'), className);
    for (const [name, value] of state.entries) if (isSetting(name)) addWord(joined(path, name), value);
    visit(fieldOf(state, '_init_kwargs'), joined(path, '_init_kwargs'), level + 1);
    for (const child of children) visit(child, path, level + 1);
  };

  const visit = (value: Pickled | undefined, path: string, level: number): void => {
    if (level > MOST_LEVELS) refuse(path.slice(0, 60), `at most ${MOST_LEVELS} levels`, 'more, or a loop');
    demandVisits(1, path);
    if (isPickled('Dict', value)) visitEntries(value.entries, path, level);
    else if (isPickled('List', value) || isPickled('Tuple', value)) visitItems(value.items, path, level);
    else if (isPickled('Inert', value)) visitObject(value, path, level);
  };

  visit(root, '', 0);
  return { drafts, metadata: Object.fromEntries(words) };
};
