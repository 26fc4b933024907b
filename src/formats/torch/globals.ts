/**
 * The classes and functions that a file of tensors may call, as docs/weights.md lists them. The reader imports and
 * calls none of them: their names decide what a value is. It refuses all others, because they may attack readers in
 * Python, or may hold tensors in unknown ways. A name that is not called is a value like any other.
 */
import { raise } from '../../internal/errors.js';
import { show } from '../../internal/decode.js';
import type { Pickle } from './pickle.js';
import { savedAgain } from './savedAgain.js';
import { makesTensor } from './tensors.js';

const BUILTINS = [
  ...['bool', 'bytearray', 'bytes', 'complex', 'dict', 'float', 'frozenset', 'getattr', 'int', 'list', 'object'],
  ...['range', 'set', 'slice', 'str', 'tuple', 'type', 'xrange'],
];

const PATHS = ['Path', 'PosixPath', 'WindowsPath', 'PurePath', 'PurePosixPath', 'PureWindowsPath'];

const ARRAYS = ['multiarray.scalar', 'multiarray._reconstruct', 'numeric._frombuffer'];

/** Harmless objects of Python, NumPy and PyTorch by their modules. */
const OBJECTS: Readonly<Record<string, readonly string[]>> = {
  argparse: ['Namespace'],
  array: ['_array_reconstructor', 'array'],
  types: ['SimpleNamespace'],
  collections: ['ChainMap', 'Counter', 'OrderedDict', 'UserDict', 'UserList', 'defaultdict', 'deque'],
  // protocol 2 uses the module names of Python 2
  UserDict: ['IterableUserDict'],
  UserList: ['UserList'],
  __builtin__: BUILTINS,
  builtins: BUILTINS,
  _codecs: ['encode'],
  functools: ['partial'],
  pathlib: PATHS,
  'pathlib._local': PATHS,
  datetime: ['date', 'datetime', 'time', 'timedelta', 'timezone'],
  decimal: ['Decimal'],
  fractions: ['Fraction'],
  uuid: ['UUID'],
  zoneinfo: ['ZoneInfo._unpickle'],
  numpy: ['dtype', 'ndarray'],
  'numpy.ma.core': ['_mareconstruct'],
  'numpy.core': ARRAYS,
  'numpy._core': ARRAYS,
  torch: ['Size', 'device'],
  'torch.serialization': ['_get_layout'],
};

const LISTED: ReadonlySet<string> = new Set(
  Object.entries(OBJECTS).flatMap(([module, names]) => names.map((name) => `${module}.${name}`)),
);

/** Packages whose objects hold settings and states: Lightning 1 and 2, the configurations of OmegaConf, generators of NumPy. */
const LISTED_PACKAGES = /^(pytorch_lightning|lightning|lightning_fabric|lightning_lite|omegaconf|numpy\.random)\./;

/** Tests for an object that may lie in a file of tensors. */
const isListed = (global: string): boolean => makesTensor(global) || LISTED.has(global) || LISTED_PACKAGES.test(global);

/** Packages that the pickles of StyleGAN and EDM are made with. */
const PACKAGES = /^(torch|torch_utils|dnnlib|training|numpy|collections|copyreg|functools)\./;

/** Tests for an object that may lie in a pickle of a network, as StyleGAN and EDM write it. */
export const inNetworks = (global: string): boolean => PACKAGES.test(global) || isListed(global);

/** Modules that reach the machine: no file of weights needs to call them. */
const OF_SYSTEM =
  /^(builtins|__builtin__)\.[a-z_]|^(os|posix|nt|sys|subprocess|shutil|socket|runpy|importlib|imp|pty|ctypes|pickle|marshal|code|webbrowser|torch\.hub)\./;

const hintFor = (global: string, { value }: Pickle, isKnown: (global: string) => boolean): string => {
  if (OF_SYSTEM.test(global))
    return 'nothing was executed, but Python would call it: take the weights from a source that you trust';
  const python = savedAgain(value, isKnown);
  return python === null
    ? 'nothing was executed; save the tensors alone, in a dictionary by name'
    : `nothing was executed; if you trust the file, save its weights alone: ${python}; docs/weights.md does it without the code of its classes`;
};

/** Refuses a pickle that calls what is not listed. Raises `DecodeError`. */
export const demandListed = (where: string, pickle: Pickle, isKnown = isListed): void => {
  const strangers = [...pickle.calls].filter((global) => !isKnown(global));
  const stranger = strangers.find((global) => OF_SYSTEM.test(global)) ?? strangers[0];
  if (stranger !== undefined)
    raise('DecodeError', {
      where,
      expected: 'tensors, and objects that docs/weights.md lists',
      actual: `the global ${show(stranger)}`,
      hint: hintFor(stranger, pickle, isKnown),
    });
};
