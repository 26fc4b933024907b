/** Weights of any supported program, from a disk or from memory. */
import { task, type Task } from '../dsl/run/effect.js';
import type { OpenTensors } from '../formats/safetensors/openTensors.js';
import { type Folder, openFolder } from '../formats/shards.js';
import { attempted, type BlobLike, type Source, sourceOfBlob, sourceOfBytes } from '../formats/bytes/source.js';
import { below, widening } from '../formats/weights.js';
import { orRaise, raise } from '../internal/errors.js';
import { t } from '../internal/fp.js';
import { type Fallible, gen, hold, take } from '../internal/gen.js';
import { builtinOf } from '../internal/json/json.js';
import { callback } from '../internal/parts.js';
import { argument, optional, schema } from '../internal/schema.js';
import { type OpenFile, openToRead, reading, sourceOf } from './files.js';
import { node } from './node.js';

/** Bytes of a file in memory, or a file that a web page received. */
export type FileInMemory = Uint8Array | BlobLike;

/** Weights: the path of a file or of a folder, a file in memory, or the files of a folder by name. */
export type WeightFiles = string | FileInMemory | ReadonlyMap<string, FileInMemory>;

/** Settings of {@link withWeights}. */
export interface WeightOptions {
  /**
   * The prefix of the tensors to read, `'ema'` or `'model.diffusion.'`, which is removed from their names. By default
   * all tensors.
   */
  readonly prefix?: string;
  /** Refuses NaN and infinities; true by default. */
  readonly finite?: boolean;
}

const weightOptions = schema(
  'withWeights',
  { prefix: optional(t.string, ''), finite: optional(t.boolean, true) },
  "give { prefix: 'ema' } or { finite: false }",
);

const useOf = argument('withWeights: use', callback('a function of the weights', 'write (weights) => …'));

const ANYWAY = 'use other weights, or read these with withWeights and { finite: false }';

/** A folder that is open, and closes its files. */
interface OpenFolder extends Folder {
  readonly close: () => Promise<void>;
}

/** Returns the folder of a file, or the folder itself. */
const folderOnDisk = async (path: string): Promise<OpenFolder> => {
  const { basename, dirname, join, readdir, stat } = node();
  const isFolder = await stat(path).then(
    (info) => info.isDirectory(),
    () => false, // the attempt to open the file gives the reason
  );
  const folder = isFolder ? path : dirname(path);
  const files: OpenFile[] = [];
  return {
    where: path,
    asked: isFolder ? null : basename(path),
    names: async () => orRaise(await reading(folder, () => readdir(folder))()).sort(),
    open: async (name) => {
      const at = isFolder || name !== basename(path) ? join(folder, name) : path;
      return orRaise(
        await reading(at, async () => {
          const file = await openToRead(at);
          files.push(file);
          return sourceOf(at, file);
        })(),
      );
    },
    close: async () => void (await Promise.all(files.map((file) => file.close()))),
  };
};

const sourceIn = (where: string, file: FileInMemory): Source =>
  file instanceof Uint8Array ? sourceOfBytes(where, file) : sourceOfBlob(where, file);

/** The name of a file that a web page received; a `File` has one. */
const nameOf = (file: FileInMemory): string =>
  'name' in file && typeof file.name === 'string' && file.name !== '' ? file.name : 'weights';

const folderInMemory = (where: string, asked: string | null, files: ReadonlyMap<string, FileInMemory>): OpenFolder => ({
  where,
  asked,
  names: async () => [...files.keys()].sort(),
  open: async (name) => {
    const file = files.get(name);
    if (file !== undefined) return sourceIn(name, file);
    return raise('FileError', {
      where: name,
      expected: 'a file to read',
      actual: 'none of this name',
      hint: 'give all files of the folder, in a Map by name',
    });
  },
  close: async () => undefined,
});

const isFile = (value: unknown): value is FileInMemory =>
  value instanceof Uint8Array || (Object(value) === value && ['Blob', 'File'].includes(builtinOf(value)));

const isFolder = (value: unknown): value is ReadonlyMap<string, FileInMemory> =>
  value instanceof Map && [...value].every(([name, file]) => typeof name === 'string' && isFile(file));

const folderOf = async (from: WeightFiles): Promise<OpenFolder> => {
  if (typeof from === 'string') return orRaise(await reading(from, () => folderOnDisk(from))());
  if (isFile(from)) return folderInMemory(nameOf(from), nameOf(from), new Map([[nameOf(from), from]]));
  if (isFolder(from)) return folderInMemory('weights', null, from);
  return raise('ConfigError', {
    where: 'withWeights',
    expected: 'a path, a Uint8Array, a Blob, or a Map of them by name',
    actual: (from as unknown) instanceof Map ? 'a Map of other entries' : builtinOf(from),
    hint: 'give the path of a file or of a folder',
  });
};

/**
 * Opens weights of any supported program and passes `use` their tensors, each read on demand. The format is detected
 * from the content: safetensors; a file of PyTorch (`.pt`, `.pth`, `.bin`, `.ckpt`), whose pickle is read and never
 * executed; a pickle of EDM or StyleGAN (`.pkl`). A folder, or the path of an index, has the tensors of all its shards.
 * Names of nested state dicts are joined by dots: `model.conv.weight`, `ema.conv.weight`. Tensors have the shapes of
 * the file, row-major; 16-bit floats are read as float32, integers as int32.
 *
 * `metadata` has the other entries of the file: the metadata of safetensors, or the numbers and texts among the tensors
 * of a PyTorch file.
 *
 * An archive of PyTorch is checked by its CRC-32. The check of a tensor covers its whole storage, including numbers of
 * other tensors. A CRC-32 of 0, as `torch.serialization.set_crc32_options(False)` writes it, is ignored.
 *
 * Fails with `DecodeError` for bytes that are damaged or of another format, for a pickle that calls other classes or
 * functions than those of tensors and of the objects that docs/weights.md lists, for numbers that are not finite, and for
 * integers beyond int32; with `FileError`;
 * with `ConfigError` for a prefix that no name has; and with the errors of `use`.
 *
 * @param from - a path, bytes, a `Blob` of a page, or the files of a folder by name
 * @example
 * const w: StoredTensor = { dtype: 'F16', shape: [2], data: Uint16Array.of(0x3c00, 0xc000) }
 * const bytes = unwrap(encodeSafetensors({ tensors: new Map([['ema.w', w]]), metadata: {} }))
 * const read = withWeights(bytes, ({ entries, tensor }) => tensor(entries.get('w')!), { prefix: 'ema' })
 * unwrap(await read()) // → { dtype: 'F32', shape: [2], data: [1, -2] }
 */
export const withWeights = <A>(
  from: WeightFiles,
  use: (weights: OpenTensors) => Fallible<A>,
  options?: WeightOptions,
): Task<A> =>
  task(
    gen(function* () {
      yield* take(useOf.decode(use));
      const { finite, prefix } = yield* take(weightOptions.decode(options));
      const folder = yield* hold(
        attempted(() => folderOf(from)),
        ({ close }) => attempted(close),
      );
      const file = yield* take(attempted(() => openFolder(folder, { finite, hint: ANYWAY })));
      return yield* take(use(yield* take(below(folder.where, prefix, widening(folder.where, file)))));
    }),
  );
