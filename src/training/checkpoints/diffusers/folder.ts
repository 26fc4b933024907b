/** The files of a folder of diffusers. */
import { fail, type NoisefoldError, raise } from '../../../dsl/index.js';
import { show } from '../../../internal/decode.js';
import { E, type either, F, TE } from '../../../internal/fp.js';
import { type Block, type Fallible, take } from '../../../internal/gen.js';
import { fileExists, readBytes, withFile } from '../../../node/files.js';
import { type JsonRecord, parsePythonJson } from './pythonJson.js';

export const INDEX = 'model_index.json';
export const SCHEDULER = 'scheduler_config.json';
export const CONFIG = 'config.json';
export const WEIGHTS = 'diffusion_pytorch_model.safetensors';

/** Joins a folder and a name; both / and \ separate folders on Windows. */
export const inFolder = (folder: string, name: string): string => `${folder.replace(/\/+$/, '')}/${name}`;

/** The folder of a part of a pipeline: one of its name; of old pipelines, that of the pipeline itself. */
export function* partFolder(folder: string, part: string, file: string): Block<string> {
  const own = inFolder(folder, part);
  const isOld = !(yield* take(fileExists(inFolder(own, file)))) && (yield* take(fileExists(inFolder(folder, file))));
  return isOld ? folder : own;
}

/** The most bytes of a file of JSON. */
const MOST_BYTES = 2 ** 22;

/** Raises `DecodeError` for a file of more than {@link MOST_BYTES}. */
const demandSmall = (path: string, size: number): void => {
  if (size <= MOST_BYTES) return;
  raise('DecodeError', {
    where: path,
    expected: `a configuration of at most ${MOST_BYTES / 2 ** 20} MiB`,
    actual: `${size} bytes`,
    hint: 'check the folder: configurations of diffusers are short',
  });
};

/** Reads a file that holds an object of JSON, of at most 4 MiB. `DecodeError`, `FileError`. */
export const readJson = (path: string): Fallible<JsonRecord> =>
  F.pipe(
    withFile(path, async (handle) => demandSmall(path, (await handle.stat()).size)),
    TE.flatMap(() => readBytes(path)),
    TE.flatMapEither((bytes) => parsePythonJson(path, new TextDecoder().decode(bytes))),
  );

/** The component of a pipeline as its index names it: the library and the class. */
const classOf = (component: unknown): unknown => (Array.isArray(component) ? component[1] : component);

const NETWORK = 'UNet2DModel';

const refuse = (where: string, expected: string, actual: unknown): either.Either<NoisefoldError, never> =>
  fail('ConfigError', {
    where,
    expected,
    actual: show(actual),
    hint: 'noisefold loads pipelines of a UNet2DModel and a scheduler: load its network alone, from its own folder',
  });

/** Refuses a pipeline with components that noisefold lacks, by name. */
export const checkedIndex = (path: string, index: JsonRecord): either.Either<NoisefoldError, void> => {
  const components = Object.entries(index).filter(
    ([name, value]) => !name.startsWith('_') && (classOf(value) ?? null) !== null,
  );
  const strangers = components.filter(([name, value]) => Array.isArray(value) && !['unet', 'scheduler'].includes(name));
  if (strangers.length > 0) {
    const shown = strangers.map(([name, value]) => `${name} (${classOf(value)})`).join(', ');
    return refuse(path, 'no components but unet and scheduler', shown);
  }
  const network = classOf(index['unet']);
  return network === NETWORK ? E.right(undefined) : refuse(`${path}: unet`, NETWORK, network);
};

/** Refuses the configuration of another network. Some old ones do not name their class. */
export const checkedNetwork = (path: string, config: JsonRecord): either.Either<NoisefoldError, void> => {
  const { _class_name: name = NETWORK } = config;
  return name === NETWORK ? E.right(undefined) : refuse(`${path}: _class_name`, NETWORK, name);
};

/** The files of weights, by preference; `variant` is a part of their names, such as fp16. */
const weightNames = (variant: string | undefined): readonly string[] => {
  const stem = 'diffusion_pytorch_model';
  const middle = variant === undefined ? '' : `.${variant}`;
  return [
    `${stem}${middle}.safetensors`,
    `${stem}.safetensors.index${middle}.json`,
    `${stem}${middle}.bin`,
    `${stem}.bin.index${middle}.json`,
  ];
};

/** Finds the weights of a network in its folder. */
export function* findWeights(folder: string, variant: string | undefined): Block<string> {
  const names = weightNames(variant);
  for (const name of names) {
    const path = inFolder(folder, name);
    if (yield* take(fileExists(path))) return path;
  }
  return yield* take(
    fail('FileError', {
      where: folder,
      expected: `weights: ${names.join(', ')}`,
      actual: 'none of them',
      hint: variant === undefined ? 'give the variant if the names have one, such as fp16' : 'check the variant',
    }),
  );
}
