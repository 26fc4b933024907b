import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { E, TE } from '../../internal/fp.js';
import { withWeights } from '../../node/weights.js';
import { errorOf, tensorsOf } from '../../node/weightsTesting.js';

/** The files of an archive of tar, by name. */
const filesOf = (tar: Buffer): ReadonlyMap<string, Uint8Array> => {
  const files = new Map<string, Uint8Array>();
  for (let at = 0; tar[at] !== 0;) {
    const size = Number.parseInt(tar.toString('latin1', at + 124, at + 135), 8);
    const start = at + 512;
    files.set(tar.toString('latin1', at, tar.indexOf(0, at)), new Uint8Array(tar.subarray(start, start + size)));
    at = start + 512 * Math.ceil(size / 512);
  }
  return files;
};

const archive = new URL('../../../properties/golden/weights/foreign.tar.gz', import.meta.url);
const files = filesOf(gunzipSync(readFileSync(archive)));
const VARIANTS = [2, 3, 4, 5].flatMap((protocol) => ['zip', 'legacy'].map((kind) => `-p${protocol}-${kind}.pt`));

/** Reads each variant of a file. */
const variantsOf = (name: string) => VARIANTS.map((variant) => [name + variant, files.get(name + variant)!] as const);

/** The numbers of the tensors of a file by name. */
const numbersIn = async (bytes: Uint8Array): Promise<Numbers> =>
  Object.fromEntries(Array.from(await tensorsOf(bytes), ([name, { data }]) => [name, Array.from(data, Number)]));

const w = [0, 1, 2, 3];
const plus = (n: number): readonly number[] => w.map((x) => x + n);
const ramp = (length: number, scale = 1, shift = 0) => Array.from({ length }, (_, i) => scale * (0.75 * i - 2 + shift));

type Numbers = Readonly<Record<string, readonly number[]>>;

/** The tensors and words that lie beside the weights in an object of each kind. */
const BESIDE: Readonly<Record<string, readonly [tensors: Numbers, words?: Readonly<Record<string, string>>]>> = {
  'namespace': [{}, { lr: '0.001', sizes: '[64,64]', 'cfg.name': 'first' }],
  'simple-namespace': [{}, { lr: '0.001' }],
  'namespace-of-tensors': [{ mean: [0.5] }],
  'numpy-scalars': [{}],
  'numpy-arrays': [{}],
  'numpy-dtypes': [{}],
  'numpy-generators': [{}],
  'defaultdict': [{}, { a: '[1]' }],
  'defaultdict-of-tensors': [{ 'a.m': [0.5] }],
  'deque': [{ 1: [0.5] }],
  'collections': [{}, { '0.a': '2', '1.a': '1', '3.data.a': '1' }],
  'paths': [{}],
  'sets': [{}],
  'set-of-tensors': [{ 0: [0.5] }],
  'complex': [{}],
  'bytes': [{}],
  'slices': [{}],
  'functions': [{}],
  'classes': [{}],
  'methods': [{}],
  'partial': [{}, { '2.step': '3' }],
  'torch-objects': [{}],
  'dates': [{}],
  'numbers': [{}],
  'uuid': [{}],
  'omegaconf': [{}, { '_content.lr': '0.001', '_content.model._content.size': '64' }],
}; // oxfmt-ignore

const below = (prefix: string, numbers: Numbers): Numbers =>
  Object.fromEntries(Object.entries(numbers).map(([name, data]) => [`${prefix}.${name}`, data]));

/** The state dict of a small network. */
const network = (scale = 1): Numbers => ({
  'first.weight': ramp(4, scale),
  'first.bias': ramp(2, scale, 1),
  'norm.weight': ramp(2, scale, 2),
  'norm.bias': ramp(2, scale, 3),
});

/** Files that hold tensors, with some of their numbers by name. */
const READ: Readonly<Record<string, Numbers>> = {
  'dtypes': { float64: ramp(4), float32: ramp(4), float16: ramp(4), bfloat16: ramp(4), int64: [-2, -1, 0, 0] },
  'views': {
    whole: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
    transposed: [0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11],
    column: [1, 5, 9],
    reversed_rows: [8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3],
    every_second: [1, 3, 9, 11],
    repeated: [1, 1, 1],
  },
  'shared': { first: w, again: w, parameter: w, buffer: w, half: [2, 3] },
  'attributes': { w: [0.5] },
  'module': below('module', network()),
  'orig-mod': below('_orig_mod', network()),
  'module-orig-mod': below('model.module._orig_mod', network()),
  'trainer': { ...below('model', network()), ...below('ema', network(2)), rng: [0, 1, 2, 3, 4, 5, 6, 7], 'optimizer.state.0.step': [1] },
  'list': { 0: w, '1.a': w },
  'tensor': { tensor: w },
  'lightning1': { 'state_dict.w': w, 'callbacks.pytorch_lightning.callbacks.model_checkpoint.ModelCheckpoint.best_model_score': [0.5] },
  'lightning2': { 'state_dict.w': w, "callbacks.ModelCheckpoint{'monitor': 'loss'}.best_k_models.a/b.ckpt": [0.5] },
  'name-empty': { '': w, tensor: plus(1) },
  'name-empty-within': { 'a.': w, 'a.b': plus(1), '.b': plus(2) },
  'name-tuples': { "('conv', 0)": w, "('conv', 1)": plus(1), '(0,)': plus(2), "(('a', None), True)": plus(3) },
  'name-integers': { 0: w, 1: plus(1) },
  'name-integer-and-text': { 0: w, "'0'": plus(1) },
  'name-none-and-text': { None: w, "'None'": plus(1), True: plus(2), "'True'": plus(3), '0.5': plus(4), "'0.5'": plus(5) },
  'name-dots': { 'a.b': w, 'a.c': plus(1) },
}; // oxfmt-ignore

const HINT = 'nothing was executed; if you trust the file, save its weights alone: ';
const python = (rest: string) => `${HINT}torch.save(torch.load(path, weights_only=False)${rest}, out); docs/weights.md does it without the code of its classes`; // oxfmt-ignore
const FLAT = `${HINT}torch.save({k: v for k, v in torch.load(path, weights_only=False).items() if torch.is_tensor(v)}, out); docs/weights.md does it without the code of its classes`;

/** Files that are refused, with what the error says. */
const REFUSED: Readonly<Record<string, readonly [actual: string | RegExp, hint: string]>> = {
  'refused-class': ['the global "__main__.Config"', python('["model"]')],
  'refused-dataclass': ['the global "__main__.Flags"', python('["model"]')],
  'refused-enum': ['the global "__main__.Size"', python('["model"]')],
  'refused-averages': ['the global "__main__.Config"', python('["state"]["model"]')],
  'refused-flat': ['the global "__main__.Config"', FLAT],
  'refused-module': ['the global "torch.nn.modules.linear.Linear"', python('.state_dict()')],
  'refused-module-within': ['the global "torch.nn.modules.linear.Linear"', python('["net"].state_dict()')],
  'refused-trainer': ['the global "__main__.Config"', python('.model')],
  'refused-evil': ['the global "posix.system"', 'nothing was executed, but Python would call it: take the weights from a source that you trust'],
  'refused-sparse': ['torch._utils._rebuild_sparse_tensor', 'save a dense copy of it'],
  'refused-complex': ['torch.ComplexFloatStorage', 'convert the tensor, as by tensor.float(), and save it again'],
  'refused-float8': [/^torch\.(float8_e4m3fn|Float8_e4m3fnStorage)$/, 'convert the tensor, as by tensor.float(), and save it again'],
  'name-twice': ['a second one', 'save one of its dictionaries alone: torch.save(torch.load(path, weights_only=False)[key], out)'],
}; // oxfmt-ignore

test('every file of the archive is tested', () => {
  const tested = [...Object.keys(READ), ...Object.keys(REFUSED), ...Object.keys(BESIDE).map((kind) => `beside-${kind}`), 'name-objects']; // oxfmt-ignore
  expect([...files.keys()].sort()).toEqual(tested.flatMap((name) => variantsOf(name).map(([file]) => file)).sort());
});

describe('files that PyTorch wrote, by protocols 2 to 5 and in both formats:', () => {
  test.each(Object.entries(BESIDE))('weights beside %s', async (kind, [tensors, words = {}]) => {
    for (const [file, bytes] of variantsOf(`beside-${kind}`)) {
      expect(await numbersIn(bytes), file).toEqual({ 'model.w': w, ...below('other', tensors) });
      const read = await withWeights(bytes, ({ metadata }) => TE.right(metadata))();
      const named = Object.entries(words).map(([name, word]) => [`other.${name}`, word]);
      expect(E.isRight(read) && read.right, file).toMatchObject(Object.fromEntries(named));
    }
  });

  test.each(Object.entries(READ))('%s', async (name, numbers) => {
    for (const [file, bytes] of variantsOf(name)) expect(await numbersIn(bytes), file).toMatchObject(numbers);
  });

  test('keys that are objects have names of their own', async () => {
    for (const [file, bytes] of variantsOf('name-objects')) {
      const actual = await numbersIn(bytes);
      expect(Object.values(actual), file).toEqual([w, plus(1), plus(2), plus(3), plus(4), plus(5)]);
      expect(Object.keys(actual)[0], file).toMatch(/^pathlib(\._local)?\.PurePosixPath\('a'\)$/);
      expect(Object.keys(actual)[2], file).toBe('torch.float32');
    }
  });

  test.each(Object.entries(REFUSED))('%s, with a hint for the file alone', async (name, [actual, hint]) => {
    for (const [file, bytes] of variantsOf(name)) {
      const error = await errorOf(bytes);
      expect(error, file).toMatchObject({ _tag: 'DecodeError', where: expect.stringMatching(/^weights/), hint });
      expect(error.actual, file).toMatch(actual);
    }
  });
});
