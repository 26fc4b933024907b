/**
 * The older format of `torch.save`, in which pickles of networks also hold the storages of their tensors: five pickles
 * (a magic number, the version, the machine, a value, and the keys of its storages), then the numbers of each storage.
 */
import { raise } from '../../internal/errors.js';
import { readPickle } from './pickle.js';
import { fieldsOf, isPickled, type Pickled, showPickled } from './pickleValues.js';
import { refuse } from '../bytes/refuse.js';
import { elementBytes } from '../safetensors/safetensorsHeader.js';
import { bytesAt, cutShortError, type Source } from '../bytes/source.js';
import { demandListed } from './globals.js';
import { dtypeOf, type Storage } from './tensors.js';

/** The first value of a file. */
export const LEGACY_MAGIC = 0x1950a86a20f9469cfc6cn;
const VERSION = 1001;

/** A storage, as its id describes it. */
export interface StorageId {
  readonly key: string;
  readonly dtype: Storage['dtype'];
  /** The number of bytes of the storage. */
  readonly bytes: number;
}

/**
 * Reads the id of a storage: `('storage', class, key, device, length)`, and in old files a view. Raises `DecodeError`.
 */
export const storageIdOf = (where: string, value: Pickled): StorageId => {
  const id = isPickled('PersistentId', value) ? value.id : value;
  const [kind, storageClass, key, , count, view = null] = isPickled('Tuple', id) ? id.items : [];
  if (kind !== 'storage' || typeof key !== 'string') return refuse(where, 'the id of a storage', showPickled(value));
  if (view !== null)
    return refuse(where, 'a storage of its own', 'a view of another', 'save it with PyTorch 1.6 or later');
  const dtype = dtypeOf(where, storageClass);
  const bytes = Number(count) * (dtype === null ? 1 : elementBytes(dtype));
  return typeof count === 'number' && Number.isSafeInteger(bytes) && bytes >= 0
    ? { key, dtype, bytes }
    : refuse(where, 'a length', showPickled(count));
};

/** A file of the older format: its value, and its storages by key. */
export interface Legacy {
  readonly value: Pickled;
  readonly storages: ReadonlyMap<string, Storage>;
}

const demand = (holds: boolean, where: string, expected: string, value: Pickled | undefined): void => {
  if (!holds) refuse(where, expected, showPickled(value), 'save it again with torch.save, of PyTorch 1.6 or later');
};

/** Reads a file of the older format, without its numbers. Raises `DecodeError`. */
export const readLegacy = async (source: Source): Promise<Legacy> => {
  const { where, size } = source;
  const magic = await readPickle(source, 0);
  demand(magic.value === LEGACY_MAGIC, where, 'a file that torch.save wrote', magic.value);
  const version = await readPickle(source, magic.end);
  demand(version.value === VERSION, where, `version ${VERSION} of the format`, version.value);
  const machine = await readPickle(source, version.end);
  const isLittle = fieldsOf(where, machine.value).get('little_endian');
  demand(isLittle === true, where, 'little-endian numbers: little_endian True', isLittle);
  const pickle = await readPickle(source, machine.end);
  demandListed(where, pickle);
  const { value, persistentIds, end } = pickle;
  const keys = await readPickle(source, end);
  if (!isPickled('List', keys.value)) return refuse(where, 'the list of storages', showPickled(keys.value));

  const ids = new Map<string, StorageId>();
  for (const id of persistentIds.map((value) => storageIdOf(where, value))) {
    const { dtype, bytes } = ids.get(id.key) ?? id;
    if (dtype !== id.dtype || bytes !== id.bytes)
      return refuse(
        `${where}: storage ${id.key}`,
        `${dtype} of ${bytes} bytes`,
        `also ${id.dtype} of ${id.bytes} bytes`,
      );
    ids.set(id.key, id);
  }
  const storages = new Map<string, Storage>();
  let at = keys.end;
  for (const key of keys.value.items) {
    const id = typeof key === 'string' ? ids.get(key) : undefined;
    if (id === undefined) return refuse(where, 'the keys of its storages', showPickled(key));
    if (storages.has(id.key)) return refuse(where, 'each storage once', `${id.key} twice`);
    const { buffer } = await bytesAt(source, at, 8);
    const count = Number(new DataView(buffer).getBigInt64(0, true));
    const { dtype, bytes } = id;
    if (count * (dtype === null ? 1 : elementBytes(dtype)) !== bytes)
      return refuse(`${where}: storage ${id.key}`, `${bytes} bytes`, `${count} numbers`);
    const start = at + 8;
    storages.set(id.key, { dtype, bytes, source, start: async () => start, crc: null });
    at = start + bytes;
  }
  if (at > size) raise('DecodeError', cutShortError(where, at, size));
  return { value, storages };
};
