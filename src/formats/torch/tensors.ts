/**
 * Tensors of PyTorch, as its pickles describe them: numbers of a storage, with an offset and a stride for each axis.
 */
import { showShape } from '../../internal/errors.js';
import { demandCrc } from '../bytes/checksum.js';
import { type Demands, readDense, type TensorInfo } from '../safetensors/openTensors.js';
import { type Inert, isPickled, type Pickled, showPickled } from './pickleValues.js';
import { refuse } from '../bytes/refuse.js';
import { byteLength, elementBytes, MOST_EXTENTS, type StoredDType } from '../safetensors/safetensorsHeader.js';
import { bytesOf, type StoredTensor, tensorOver } from '../safetensors/safetensorsLayout.js';
import { room, type Source } from '../bytes/source.js';
import type { Crc } from '../bytes/zipSource.js';

/** A storage: numbers in a file, of which tensors are parts. */
export interface Storage {
  /** Null for bytes without a dtype. Then each tensor has its own. */
  readonly dtype: StoredDType | null;
  readonly bytes: number;
  readonly source: Source;
  /** Finds the first byte of the storage in the source. */
  readonly start: () => Promise<number>;
  /** The CRC-32 of its bytes; null if the file has none. */
  readonly crc: Crc | null;
}

/** A tensor as a pickle describes it. Offset and strides count numbers. */
export interface TensorDraft {
  /** An id or a call that stands for the storage. */
  readonly storage: Pickled;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  /** The dtype, if the storage has none. */
  readonly dtype?: Pickled;
}

/** A tensor with its storage. */
export interface TorchTensor extends TensorInfo {
  readonly offset: number;
  readonly strides: readonly number[];
  readonly storage: Storage;
}

/** The dtypes by the names of PyTorch, and the classes of its storages. */
const NAMES: readonly (readonly [dtype: StoredDType, names: readonly string[]])[] = [
  ['F64', ['float64', 'DoubleStorage']],
  ['F32', ['float32', 'FloatStorage']],
  ['F16', ['float16', 'HalfStorage']],
  ['BF16', ['bfloat16', 'BFloat16Storage']],
  ['I64', ['int64', 'LongStorage']],
  ['I32', ['int32', 'IntStorage']],
  ['I16', ['int16', 'ShortStorage']],
  ['I8', ['int8', 'CharStorage']],
  ['U64', ['uint64']],
  ['U32', ['uint32']],
  ['U16', ['uint16']],
  ['U8', ['uint8', 'ByteStorage']],
  ['BOOL', ['bool', 'BoolStorage']],
];
const DTYPES: ReadonlyMap<string, StoredDType> = new Map(
  NAMES.flatMap(([dtype, names]) => names.map((name) => [`torch.${name}`, dtype] as const)),
);

/** The class of a storage of bytes. */
const UNTYPED = 'torch.storage.UntypedStorage';

/**
 * Finds a dtype by its name in PyTorch, or by the class of a storage. Null for a storage of bytes. Raises
 * `DecodeError`.
 */
export const dtypeOf = (where: string, value: Pickled | undefined): StoredDType | null => {
  if (!isPickled('Global', value)) return refuse(where, 'a dtype', showPickled(value));
  if (value.global === UNTYPED) return null;
  const hint = 'convert the tensor, as by tensor.float(), and save it again';
  const names = [...DTYPES.keys()].filter((name) => !name.endsWith('Storage')).join(', ');
  return DTYPES.get(value.global) ?? refuse(where, `a dtype of ${names}`, value.global, hint);
};

const isCount = (value: Pickled | undefined): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;

/** Reads a tuple of extents or strides, which may be a `torch.Size`. */
const countsOf = (where: string, what: string, value: Pickled | undefined): readonly number[] => {
  const tuple = isPickled('Inert', value) && value.global === 'torch.Size' ? value.args[0] : value;
  if (!isPickled('Tuple', tuple)) return refuse(where, `a tuple of ${what}`, showPickled(value));
  const odd = tuple.items.findIndex((item) => !isCount(item));
  if (odd >= 0) return refuse(where, `${what} that are integers ≥ 0`, showPickled(tuple.items[odd]));
  return tuple.items as readonly number[]; // each was tested
};

const PARAMETERS = ['torch._utils._rebuild_parameter', 'torch._utils._rebuild_parameter_with_state'];
/** Functions that make a tensor, and the argument that is its dtype, if it has one. */
const TENSORS: ReadonlyMap<string, number | null> = new Map([
  ['torch._utils._rebuild_tensor', null],
  ['torch._utils._rebuild_tensor_v2', null],
  ['torch._utils._rebuild_tensor_v3', 6],
]);

/** Functions that make a tensor of another kind: sparse, quantized, of a subclass. */
const OTHER_TENSORS = /^torch\._(utils|tensor)\._rebuild_/;

/** Makes a tensor that has attributes, by another function: `(function, class, arguments, state)`. */
const WITH_ATTRIBUTES = 'torch._tensor._rebuild_from_type_v2';

/** Tests for a function that makes a tensor of any kind. */
export const makesTensor = (global: string): boolean =>
  PARAMETERS.includes(global) || TENSORS.has(global) || OTHER_TENSORS.test(global);

/** The call that makes a tensor without its attributes. */
const withoutAttributes = (value: Inert): Inert => {
  const [called, named, args] = value.args;
  const isPlain =
    isPickled('Global', named) && /^torch\.(Tensor|nn\.parameter\.(Parameter|Buffer))$/.test(named.global);
  return value.global === WITH_ATTRIBUTES && isPlain && isPickled('Global', called) && isPickled('Tuple', args)
    ? { ...value, global: called.global, args: args.items }
    : value;
};

/** Reads the call that makes a tensor. Null if a value is not a tensor. Raises `DecodeError`. */
export const draftOf = (where: string, call: Inert): TensorDraft | null => {
  const value = withoutAttributes(call);
  const tensor = PARAMETERS.includes(value.global) ? value.args[0] : value; // PyTorch writes no parameter of a parameter
  const dtypeAt = isPickled('Inert', tensor) ? TENSORS.get(tensor.global) : undefined;
  if (!isPickled('Inert', tensor) || dtypeAt === undefined)
    return tensor === value && !OTHER_TENSORS.test(value.global)
      ? null
      : refuse(where, 'a dense tensor', showPickled(tensor), 'save a dense copy of it');
  const [storage, offset, size, stride] = tensor.args;
  const shape = countsOf(where, 'extents', size);
  const strides = countsOf(where, 'strides', stride);
  if (storage === undefined || !isCount(offset)) return refuse(where, 'an offset, an integer ≥ 0', showPickled(offset));
  if (shape.length > MOST_EXTENTS || strides.length !== shape.length)
    return refuse(
      where,
      `at most ${MOST_EXTENTS} extents, each with a stride`,
      `${shape.length} with ${strides.length}`,
    );
  return { storage, offset, shape, strides, ...(dtypeAt === null ? {} : { dtype: tensor.args[dtypeAt] ?? null }) };
};

/** The maximum number of numbers of a tensor that repeats numbers of a small storage. */
const MOST_REPEATED = 2 ** 24;

/** The number of numbers from the first to the last, both included. */
const spanOf = (shape: readonly number[], strides: readonly number[]): number =>
  shape.includes(0) ? 0 : shape.reduce((span, extent, axis) => span + (extent - 1) * strides[axis]!, 1);

/** Pairs a tensor with its storage. Raises `DecodeError` if the tensor does not lie in it. */
export const placeTensor = (
  where: string,
  name: string,
  { offset, shape, strides, dtype: own }: TensorDraft,
  storage: Storage,
): TorchTensor => {
  const place = `${where}: ${name}`;
  const dtype = (own === undefined ? null : dtypeOf(place, own)) ?? storage.dtype;
  if (dtype === null) return refuse(place, 'a dtype', 'none');
  const length = byteLength(dtype, shape);
  if (length === null) return refuse(place, 'extents whose product is a safe integer', showShape(shape));
  const count = storage.bytes / elementBytes(dtype);
  const span = spanOf(shape, strides);
  const end = span === 0 ? 0 : offset + span; // PyTorch leaves empty views at any offset
  if (!(end <= count)) {
    const actual = `${dtype} ${showShape(shape)} up to number ${end}`;
    return refuse(place, `numbers within a storage of ${count}`, actual);
  }
  const size = length / elementBytes(dtype);
  if (size > count && size > MOST_REPEATED)
    return refuse(
      place,
      `at most ${MOST_REPEATED} numbers that repeat those of a storage`,
      `${size}`,
      'save tensor.contiguous() instead of an expanded tensor',
    );
  return { name, dtype, shape, offset, strides, storage };
};

/** True if numbers lie in row-major order, one after the other. */
const isDense = ({ shape, strides }: TorchTensor): boolean => {
  if (shape.includes(0)) return true;
  let expected = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && strides[axis] !== expected) return false;
    expected *= shape[axis]!;
  }
  return true;
};

/** Copies numbers at strides to row-major order. */
const gather = (shape: readonly number[], strides: readonly number[], from: StoredTensor, to: StoredTensor): void => {
  // both arrays have the same type, and this code only copies numbers
  const [source, target] = [from.data as Float64Array, to.data as Float64Array];
  const index = shape.map(() => 0);
  for (let i = 0, at = 0; i < target.length; i++) {
    target[i] = source[at]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      at += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      at -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
};

/** Reads the numbers of a tensor, row-major, and compares the CRC-32 of its whole storage. Raises `DecodeError` and `FileError`. */
export const readTorchTensor = async (tensor: TorchTensor, demands: Demands): Promise<StoredTensor> => {
  const { name, dtype, shape, strides, offset, storage } = tensor;
  const { source, crc } = storage;
  const start = (await storage.start()) + offset * elementBytes(dtype);
  const length = byteLength(dtype, shape)!; // `placeTensor` tested it
  const dense = isDense(tensor) ? await readDense(source, tensor, start, length, demands) : null;
  if (crc !== null) {
    const isWhole = dense !== null && length === storage.bytes;
    demandCrc(`${source.where}: ${name}`, isWhole ? bytesOf(dense.data) : await crc.actual(), crc.claimed);
  }
  if (dense !== null) return dense;
  const span = spanOf(shape, strides);
  const part = await readDense(source, { name, dtype, shape: [span] }, start, span * elementBytes(dtype), demands);
  const whole = tensorOver(tensor, room(source.where, length).buffer, 0, length);
  gather(shape, strides, part, whole);
  return whole;
};
