/**
 * Weights in any supported format: safetensors, files of PyTorch, pickles of EDM, alone or as shards with an index. The
 * format is detected from the first bytes, not from the name. Numbers are widened to the dtypes of backends.
 */
import { attempt, fail, type NoisefoldError, raise } from '../internal/errors.js';
import { E, type either, F, TE } from '../internal/fp.js';
import { listed } from '../internal/listed.js';
import { task } from '../dsl/run/effect.js';
import { floatsOfBfloats, floatsOfHalves } from '../internal/numerics/float16.js';
import type { Demands, OpenTensors, TensorInfo } from './safetensors/openTensors.js';
import type { StoredDType } from './safetensors/safetensorsHeader.js';
import type { StoredTensor } from './safetensors/safetensorsLayout.js';
import { openSafetensors } from './safetensors/safetensorsSource.js';
import { bytesAt, type Source } from './bytes/source.js';
import { openPickles, openTorchZip } from './torch/file.js';

const OPEN = 0x7b; // '{'
/** The blanks of JSON. */
const BLANKS = Array.from('\t\n\r ', (blank) => blank.charCodeAt(0));

/** Formats by their first bytes. */
const FORMATS = [
  // eight bytes of a length, then JSON
  ['safetensors', (first: Uint8Array) => first[8] === OPEN && first[5] === 0 && first[6] === 0 && first[7] === 0],
  ['zip', (first: Uint8Array) => first[0] === 0x50 && first[1] === 0x4b], // PK
  // the code PROTO, then the protocol
  ['pickle', (first: Uint8Array) => first[0] === 0x80 && first[1]! >= 2 && first[1]! <= 5],
  ['index', (first: Uint8Array) => first.find((byte) => !BLANKS.includes(byte)) === OPEN],
  // the length of the header is then absurd, and the reader of safetensors refuses it
  ['safetensors', (first: Uint8Array) => first[8] === OPEN],
] as const;

type Format = (typeof FORMATS)[number][0];

/** The format of a file by its first bytes. Raises `DecodeError`. */
export const formatOf = async (source: Source): Promise<Format> => {
  const first = await bytesAt(source, 0, Math.min(16, source.size));
  const format = FORMATS.find(([, begins]) => begins(first));
  if (format !== undefined) return format[0];
  const text = Array.from(first.subarray(0, 8), (byte) => byte.toString(16).padStart(2, '0')).join(' ');
  return raise('DecodeError', {
    where: source.where,
    expected: 'weights: safetensors, a file of torch.save, or a pickle of EDM',
    actual: first.length === 0 ? 'an empty file' : `a file that begins with the bytes ${text}`,
    hint: 'save them with safetensors: safetensors.torch.save_file(model.state_dict(), path)',
  });
};

const OPENERS: Readonly<Record<Format, (source: Source, demands: Demands) => Promise<OpenTensors>>> = {
  safetensors: openSafetensors,
  zip: openTorchZip,
  pickle: openPickles,
  index: async ({ where }) =>
    raise('DecodeError', {
      where,
      expected: 'a file of tensors',
      actual: 'JSON',
      hint: 'give the folder of the index, or a Map of its files',
    }),
};

/** Opens a file of tensors, of any format but an index. Raises `DecodeError` and `FileError`. */
export const openTensorFile = async (source: Source, demands: Demands): Promise<OpenTensors> =>
  OPENERS[await formatOf(source)](source, demands);

/** The dtypes of numbers that are widened. */
const WIDENED: Partial<Readonly<Record<StoredDType, StoredDType>>> = {
  F16: 'F32',
  BF16: 'F32',
  I64: 'I32',
  I16: 'I32',
  I8: 'I32',
  U64: 'I32',
  U32: 'I32',
  U16: 'I32',
  U8: 'I32',
};

/** Integers as int32. Raises `DecodeError` for one out of range. */
const int32Of = (where: string, data: ArrayLike<number | bigint>): Int32Array<ArrayBuffer> =>
  Int32Array.from(data, (integer, i) => {
    const number = Number(integer);
    return number === (number | 0)
      ? number
      : raise('DecodeError', {
          where,
          expected: 'integers within ±2³¹',
          actual: `${integer} at position ${i}`,
          hint: 'convert the tensor, as by tensor.float(), and save it again',
        });
  });

/** The numbers of a tensor as float32, float64, int32 or bool. */
const widened = (where: string, tensor: StoredTensor): StoredTensor => {
  const { dtype, shape, data } = tensor;
  if (dtype === 'F16') return { dtype: 'F32', shape, data: floatsOfHalves(data) };
  if (dtype === 'BF16') return { dtype: 'F32', shape, data: floatsOfBfloats(data) };
  return WIDENED[dtype] === 'I32' ? { dtype: 'I32', shape, data: int32Of(where, data) } : tensor;
};

/**
 * A file whose half-precision floats are read as float32, and whose integers are read as int32 if they are in range.
 */
export const widening = (where: string, file: OpenTensors): OpenTensors => ({
  ...file,
  entries: new Map(
    Array.from(file.entries, ([name, { dtype, shape }]): [string, TensorInfo] => [
      name,
      { name, dtype: WIDENED[dtype] ?? dtype, shape },
    ]),
  ),
  tensor: (entry) =>
    F.pipe(
      file.tensor(entry),
      TE.flatMapEither((tensor) => attempt(() => widened(`${where}: ${entry.name}`, tensor))),
      task,
    ),
});

/** The beginning of names for a prefix, up to a dot: `model` and `model.` are the same. */
export const prefixOf = (prefix: string): string => (prefix === '' || prefix.endsWith('.') ? prefix : `${prefix}.`);

/**
 * Selects the tensors whose names begin with a prefix and a dot, and removes both from the names. Returns a
 * `ConfigError` if no name begins so.
 */
export const below = (where: string, prefix: string, file: OpenTensors): either.Either<NoisefoldError, OpenTensors> => {
  const start = prefixOf(prefix);
  if (start === '') return E.right(file);
  const matches = [...file.entries].filter(([name]) => name.startsWith(start));
  const first = new Set(Array.from(file.entries.keys(), (name) => name.split('.')[0]!));
  if (matches.length === 0)
    return fail('ConfigError', {
      where,
      expected: `tensors whose names begin with ${start}`,
      actual: `names that begin with ${listed([...first])}`,
      hint: 'give another prefix, or none',
    });
  return E.right({
    ...file,
    entries: new Map(
      matches.map(([name, { dtype, shape }]) => [
        name.slice(start.length),
        { name: name.slice(start.length), dtype, shape },
      ]),
    ),
    tensor: (entry) => file.tensor({ ...entry, name: start + entry.name }),
  });
};
