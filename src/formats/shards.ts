/**
 * Weights in a folder: the file to open, and files with shards, whose index (`*.safetensors.index.json`,
 * `pytorch_model.bin.index.json`) names the file of each tensor.
 */
import { orRaise } from '../internal/errors.js';
import { E } from '../internal/fp.js';
import { parseJson } from '../internal/json/json.js';
import { jsonReader } from '../internal/json/jsonReader.js';
import { listed } from '../internal/listed.js';
import { type Demands, openTensors, type OpenTensors, type TensorInfo } from './safetensors/openTensors.js';
import { refuse } from './bytes/refuse.js';
import { bytesAt, type Source } from './bytes/source.js';
import { formatOf, openTensorFile } from './weights.js';
import { errorAt } from './safetensors/words.js';

/** A folder, of a disk or in memory. */
export interface Folder {
  /** The name of the folder, or of the requested file, in messages. */
  readonly where: string;
  /** The name of the requested file, if a file was requested. */
  readonly asked: string | null;
  readonly names: () => Promise<readonly string[]>;
  /** Opens a file by its name. Raises `FileError`. */
  readonly open: (name: string) => Promise<Source>;
}

/** Endings of names, in order of preference. */
const ENDINGS = ['.safetensors.index.json', '.safetensors', '.bin.index.json', '.bin', '.pt', '.pth', '.ckpt', '.pkl'];
/** The standard names of transformers and diffusers, without their endings; others are variants. */
const USUAL = ['diffusion_pytorch_model', 'model', 'pytorch_model'];

/** Chooses the file with the weights. Raises `DecodeError` if there is none, or if there are several candidates. */
const chosenFrom = (where: string, names: readonly string[]): string => {
  for (const ending of ENDINGS) {
    const matches = names.filter((name) => name.endsWith(ending));
    const usual = USUAL.map((name) => name + ending).find((name) => matches.includes(name));
    if (usual !== undefined) return usual;
    if (matches.length === 1) return matches[0]!;
    if (matches.length > 1)
      return refuse(where, `one file of weights (*${ending})`, listed(matches), 'give the path of one of them');
  }
  const expected = `a file of weights: ${ENDINGS.map((ending) => `*${ending}`).join(', ')}`;
  return refuse(where, expected, listed(names) || 'an empty folder', 'give the path of a file or another folder');
};

/** The longest index, in bytes. */
const LONGEST_INDEX = 2 ** 22;
const DAMAGED = 'use a copy of the index';

/** Reads the file of each tensor from an index. Raises `DecodeError`. */
const readIndex = (where: string, bytes: Uint8Array): ReadonlyMap<string, string> => {
  const json = jsonReader(bytes, ({ path, expected, actual }) =>
    refuse(path === '' ? where : `${where}: ${path}`, expected, actual, DAMAGED),
  );
  // the reader skips only valid values
  orRaise(E.mapLeft(errorAt('DecodeError', where, DAMAGED))(parseJson(new TextDecoder().decode(bytes))));
  const files = new Map<string, string>();
  let isMapped = false;
  json.object('{ metadata, weight_map }', (field) => {
    if (field !== 'weight_map') return json.skip();
    if (isMapped) json.refuse('one weight_map', 'a second one');
    isMapped = true;
    json.object('the file of each tensor', (name) => {
      if (files.has(name)) json.refuse('one file for this tensor', 'a second one');
      const file = json.string('the name of a file');
      if (file === '' || /[/\\]|^\.\.?$/.test(file)) json.refuse('the name of a file in the same folder', file);
      files.set(name, file);
    });
  });
  if (!isMapped) json.refuse('a field weight_map', 'none');
  return files;
};

/** Opens the files that an index names as one file. */
const openShards = async (folder: Folder, index: Source, demands: Demands): Promise<OpenTensors> => {
  const { where, size } = index;
  if (size > LONGEST_INDEX) return refuse(where, `at most ${LONGEST_INDEX} bytes`, `${size}`, DAMAGED);
  const files = readIndex(where, await bytesAt(index, 0, size));
  const shards = new Map<string, OpenTensors>();
  for (const file of new Set(files.values())) {
    const source = await folder.open(file);
    const shard = await openTensorFile(source, demands);
    const stray = [...shard.entries.keys()].find((name) => files.get(name) !== file);
    if (stray !== undefined)
      return refuse(
        `${source.where}: ${stray}`,
        'only tensors that the index has in this file',
        files.get(stray) ?? 'another',
        DAMAGED,
      );
    shards.set(file, shard);
  }
  const entries = new Map<string, TensorInfo & { readonly shard: OpenTensors }>();
  for (const [name, file] of files) {
    const shard = shards.get(file)!; // all were opened
    const entry = shard.entries.get(name);
    if (entry === undefined) return refuse(`${where}: ${name}`, `a tensor of ${file}`, 'none of this name', DAMAGED);
    entries.set(name, { ...entry, shard });
  }
  const [first] = shards.values();
  return openTensors(where, entries, first?.metadata ?? {}, async (entry) =>
    orRaise(await entry.shard.tensor(entry)()),
  );
};

/** Opens the weights of a folder, or the requested file. Raises `DecodeError` and `FileError`. */
export const openFolder = async (folder: Folder, demands: Demands): Promise<OpenTensors> => {
  const name = folder.asked ?? chosenFrom(folder.where, await folder.names());
  const source = await folder.open(name);
  const format = await formatOf(source);
  return format === 'index' ? openShards(folder, source, demands) : openTensorFile(source, demands);
};
