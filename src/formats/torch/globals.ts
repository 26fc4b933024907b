/**
 * The names of classes and functions that pickles may have. None is imported or called: the names decide what a value
 * is. Others are refused, since a file that has them is no file of tensors, and may be an attack on its readers.
 */
import { raise } from '../../internal/errors.js';
import { show } from '../../internal/decode.js';
import type { Judge } from './pickle.js';
import { TENSOR_GLOBALS } from './tensors.js';

const SAVE = 'save the state dict with safetensors: safetensors.torch.save_file(model.state_dict(), path)';

const refuse = (where: string, expected: string, global: string, hint: string): never =>
  raise('DecodeError', { where, expected, actual: `the global ${show(global)}`, hint });

/** Containers without code of their own, and the place of a tensor. */
const CONTAINERS: ReadonlySet<string> = new Set(['collections.OrderedDict', 'collections.Counter', 'torch.device']);

/** dtypes and storages of PyTorch: those that are not read are refused where a tensor has them. */
const OF_NUMBERS = /^torch\.(\w+Storage|(float|bfloat|complex|q?u?int|bits)\d\w*|bool)$/;

/** Refuses all globals but those of state dicts. Raises `DecodeError`. */
export const ofStateDict =
  (where: string): Judge =>
  (global) => {
    if (TENSOR_GLOBALS.has(global) || CONTAINERS.has(global) || OF_NUMBERS.test(global)) return;
    const isScript = global.startsWith('__torch__.');
    const isModule = /^torch\.nn\.|^__main__\./.test(global);
    refuse(
      where,
      'tensors in dictionaries and lists',
      global,
      isScript || isModule ? `the file holds a whole model: ${SAVE}` : `nothing was executed; ${SAVE}`,
    );
  };

/** Classes of Python itself that hold values. */
const BUILTINS = /^(builtins|__builtin__)\.(set|frozenset|list|dict|tuple|object|bytearray|slice|complex|range)$/;

/** Packages that the pickles of StyleGAN and EDM are made with. */
const PACKAGES = /^(torch|torch_utils|dnnlib|training|numpy|collections|copyreg|functools)\./;

/** Refuses the globals that pickles of networks, as StyleGAN and EDM write them, do not have. Raises `DecodeError`. */
export const ofNetwork =
  (where: string): Judge =>
  (global) => {
    if (PACKAGES.test(global) || BUILTINS.test(global) || global === '_codecs.encode') return;
    refuse(where, 'the objects of a network of dnnlib', global, `nothing was executed; ${SAVE}`);
  };
