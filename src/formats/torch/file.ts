/**
 * Files of PyTorch, opened to be read tensor by tensor: those of `torch.save`, zip archives (`.pt`, `.pth`, `.bin`) or
 * of the older format, and pickles of networks of StyleGAN and EDM (`.pkl`). They are pickles, which are read as inert
 * records.
 */
import { type Demands, openTensors, type OpenTensors } from '../safetensors/openTensors.js';
import { readPickle } from './pickle.js';
import { isPickled, type Pickled, showPickled } from './pickleValues.js';
import { refuse } from '../bytes/refuse.js';
import { partOf, type Source, sourceOfBytes } from '../bytes/source.js';
import { demandListed, inNetworks } from './globals.js';
import { LEGACY_MAGIC, readLegacy, storageIdOf } from './legacy.js';
import { placeTensor, readTorchTensor, type Storage, type TorchTensor } from './tensors.js';
import { treeOf } from './tree.js';
import { openZip, type ZipFile } from '../bytes/zipSource.js';

/** Finds the tensors of a value, in storages that `storageOf` finds. */
const tensorsOf = async (
  where: string,
  value: Pickled,
  storageOf: (reference: Pickled, place: string) => Storage | Promise<Storage>,
  demands: Demands,
): Promise<OpenTensors> => {
  const { drafts, metadata } = treeOf(where, value);
  const known = new Map<Pickled, Storage>();
  const entries = new Map<string, TorchTensor>();
  for (const [name, draft] of drafts) {
    const storage = known.get(draft.storage) ?? (await storageOf(draft.storage, `${where}: ${name}`));
    known.set(draft.storage, storage);
    entries.set(name, placeTensor(where, name, draft, storage));
  }
  return openTensors(where, entries, metadata, (tensor) => readTorchTensor(tensor, demands));
};

/** Finds the storage with a key among the storages of a file. */
const storageFor = <T>(where: string, files: ReadonlyMap<string, T>, key: string): T =>
  files.get(key) ?? refuse(where, `a storage ${key.slice(0, 60)}`, 'none');

const PICKLE = 'data.pkl';

/** The folder in an archive that holds the pickle: the name under which it was saved. */
const folderIn = (where: string, files: ReadonlyMap<string, ZipFile>): string => {
  const paths = [...files.keys()].filter((path) => path === PICKLE || path.endsWith(`/${PICKLE}`));
  const [path] = paths;
  if (path === undefined || paths.length > 1)
    return refuse(where, `one ${PICKLE}, as torch.save writes`, `${paths.length}`, 'give a file of torch.save');
  const folder = path.slice(0, -PICKLE.length);
  return files.has(`${folder}constants.pkl`)
    ? refuse(
        where,
        'a state dict',
        'a TorchScript archive',
        'save the state dict: torch.save(model.state_dict(), path)',
      )
    : folder;
};

/** Opens a zip archive of `torch.save`. Raises `DecodeError` and `FileError`. */
export const openTorchZip = async (source: Source, demands: Demands): Promise<OpenTensors> => {
  const { where } = source;
  const files = await openZip(source);
  const folder = folderIn(where, files);
  const order = await files.get(`${folder}byteorder`)?.bytes();
  const text = order === undefined ? 'little' : new TextDecoder().decode(order).trim();
  if (text !== 'little')
    return refuse(
      where,
      'little-endian numbers',
      `byteorder ${text.slice(0, 20)}`,
      'save it on a little-endian machine, as of x86 or ARM',
    );
  const pickle = sourceOfBytes(where, await files.get(`${folder}${PICKLE}`)!.bytes()); // `folderIn` found it
  const contents = await readPickle(pickle, 0);
  demandListed(where, contents);
  const storageOf = (reference: Pickled, place: string): Storage => {
    const { key, dtype, bytes } = storageIdOf(place, reference);
    const { size, crc, start } = storageFor(place, files, `${folder}data/${key}`);
    if (size !== bytes) return refuse(place, `a storage of ${bytes} bytes`, `${size}`);
    return { dtype, bytes, source, start, crc };
  };
  return tensorsOf(where, contents.value, storageOf, demands);
};

/** Opens a file of the older format. */
const openLegacy = async (source: Source, demands: Demands): Promise<OpenTensors> => {
  const { where } = source;
  const { value, storages } = await readLegacy(source);
  return tensorsOf(
    where,
    value,
    (reference) => storageFor(where, storages, storageIdOf(where, reference).key),
    demands,
  );
};

/** The bytes that a pickle holds. They are in the file, or, in protocol 2, a text of characters up to 255. */
const bytesIn = (source: Source, value: Pickled | undefined): Source | null => {
  if (isPickled('Bytes', value)) return partOf(source, value.at, value.length);
  const [text, coding] = isPickled('Inert', value) && value.global === '_codecs.encode' ? value.args : [];
  return typeof text === 'string' && coding === 'latin1'
    ? sourceOfBytes(
        source.where,
        Uint8Array.from(text, (character) => character.charCodeAt(0)),
      )
    : null;
};

/**
 * Finds the storages of a pickle that contains each storage as the bytes of a file of the older format. Reads each
 * storage once.
 */
const storagesWithin = (source: Source) => {
  const { where } = source;
  const known = new Map<Pickled | undefined, Promise<Storage>>();
  const read = async (reference: Pickled, argument: Pickled | undefined): Promise<Storage> => {
    const bytes = bytesIn(source, argument);
    if (bytes === null) return refuse(where, 'a storage of bytes', showPickled(reference));
    const { value, storages } = await readLegacy(bytes);
    return storageFor(where, storages, storageIdOf(where, value).key);
  };
  return async (reference: Pickled): Promise<Storage> => {
    const isCall = isPickled('Inert', reference) && reference.global === 'torch.storage._load_from_bytes';
    const argument = isCall ? reference.args[0] : undefined;
    const key = isPickled('Inert', argument) ? argument.args[0] : argument; // the bytes, or their text
    const storage = known.get(key) ?? read(reference, argument);
    known.set(key, storage);
    return storage;
  };
};

/**
 * Opens a file that begins with a pickle: of the older format, or of a network. Raises `DecodeError` and `FileError`.
 */
export const openPickles = async (source: Source, demands: Demands): Promise<OpenTensors> => {
  const { where } = source;
  const contents = await readPickle(source, 0);
  const { value } = contents;
  if (value === LEGACY_MAGIC) return openLegacy(source, demands);
  demandListed(where, contents, inNetworks);
  const file = await tensorsOf(where, value, storagesWithin(source), demands);
  return file.entries.size > 0
    ? file
    : refuse(where, 'a pickle with tensors of PyTorch', showPickled(value), 'save the weights with safetensors');
};
