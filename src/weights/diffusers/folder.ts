/** The files of a folder of diffusers. */
import type { NoisefoldError } from '../../dsl/index.js';
import { fail, raise } from '../../internal/errors.js';
import { show } from '../../internal/decode.js';
import { E, type either, F, TE } from '../../internal/fp.js';
import { type Block, type Fallible, take } from '../../internal/gen.js';
import { listed } from '../../internal/listed.js';
import { fileExists, readBytes, withFile } from '../../node/files.js';
import { type JsonRecord, parsePythonJson } from '../pythonJson.js';

export const INDEX = 'model_index.json';
export const SCHEDULER = 'scheduler_config.json';
export const CONFIG = 'config.json';

/** Joins a folder and a name; both / and \ separate folders on Windows. */
export const inFolder = (folder: string, name: string): string => `${folder.replace(/\/+$/, '')}/${name}`;

/**
 * The folder of a part of a pipeline: the subfolder of its name, or the folder of the pipeline itself for old
 * pipelines.
 */
export function* partFolder(folder: string, part: string, file: string): Block<string> {
  const own = inFolder(folder, part);
  const isOld = !(yield* take(fileExists(inFolder(own, file)))) && (yield* take(fileExists(inFolder(folder, file))));
  return isOld ? folder : own;
}

/** The maximum size of a JSON file in bytes. */
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

/** Reads a file of at most 4 MiB that holds a JSON object. Fails with `DecodeError` or `FileError`. */
export const readJson = (path: string): Fallible<JsonRecord> =>
  F.pipe(
    withFile(path, async (handle) => demandSmall(path, (await handle.stat()).size)),
    TE.flatMap(() => readBytes(path)),
    TE.flatMapEither((bytes) => parsePythonJson(path, new TextDecoder().decode(bytes))),
  );

const NETWORK = 'UNet2DModel';

/** The classes of pipelines that sample images with a network and a scheduler. */
const PIPELINES: readonly unknown[] = ['DDPMPipeline', 'DDIMPipeline', 'PNDMPipeline'];

/** The pipelines that convert every scheduler to their own: diffusers passes its fields to this class. */
const CONVERTING: Readonly<Record<string, string>> = { DDIMPipeline: 'DDIMScheduler', PNDMPipeline: 'PNDMScheduler' };

/** The configuration of the scheduler that a pipeline samples with. */
export const sampledBy = ({ _class_name: pipeline }: JsonRecord, scheduler: JsonRecord): JsonRecord => {
  const own = typeof pipeline === 'string' ? CONVERTING[pipeline] : undefined;
  return own === undefined ? scheduler : { ...scheduler, _class_name: own };
};

/** A name without quotes, or a description of anything else. */
const bare = (name: unknown): string => (typeof name === 'string' ? name : show(name));

/** A component as its index names it: the library and the class. */
const described = (component: unknown): string =>
  Array.isArray(component) && component.length === 2 ? component.map(bare).join('.') : show(component);

const isFromDiffusers = (component: unknown, name: unknown): boolean =>
  Array.isArray(component) && component.length === 2 && component[0] === 'diffusers' && component[1] === name;

/** The error of a pipeline that cannot be loaded; the hint depends on its network. */
const refusal =
  ({ unet }: JsonRecord) =>
  (where: string, expected: string, actual: string): either.Either<NoisefoldError, never> =>
    fail('ConfigError', {
      where,
      expected,
      actual,
      hint: isFromDiffusers(unet, NETWORK)
        ? `load its ${NETWORK} alone, from the folder unet of the pipeline`
        : `a ${NETWORK} can be loaded, alone or with a scheduler; networks of text conditions, and VAEs, cannot`,
    });

/** Refuses a pipeline of another class, or with components that noisefold lacks, naming them. */
export const checkedIndex = (path: string, index: JsonRecord): either.Either<NoisefoldError, void> => {
  const { _class_name: pipeline, unet } = index;
  const refuse = refusal(index);
  if (!PIPELINES.includes(pipeline)) return refuse(`${path}: _class_name`, PIPELINES.join(', '), show(pipeline));
  const strangers = Object.entries(index).filter(
    ([name, value]) =>
      !name.startsWith('_') &&
      !['unet', 'scheduler'].includes(name) &&
      Array.isArray(value) &&
      (value[1] ?? null) !== null,
  );
  if (strangers.length > 0) {
    const shown = listed(strangers.map(([name, value]) => `${name} (${described(value)})`));
    return refuse(path, 'no components but unet and scheduler', shown);
  }
  return isFromDiffusers(unet, NETWORK)
    ? E.right(undefined)
    : refuse(`${path}: unet`, `diffusers.${NETWORK}`, described(unet));
};

/**
 * Refuses a scheduler whose class differs between the index and its configuration: diffusers uses the class of the
 * index.
 */
export const checkedScheduler = (
  path: string,
  { scheduler }: JsonRecord,
  name: unknown,
): either.Either<NoisefoldError, void> =>
  isFromDiffusers(scheduler, name)
    ? E.right(undefined)
    : fail('ConfigError', {
        where: `${path}: scheduler`,
        expected: `diffusers.${bare(name)}, the class in ${SCHEDULER}`,
        actual: described(scheduler),
        hint: 'give both files the same class; diffusers uses that of the index',
      });

/** Refuses the configuration of another network. Some old configurations do not name their class. */
export const checkedNetwork = (path: string, config: JsonRecord): either.Either<NoisefoldError, void> => {
  const { _class_name: name = NETWORK } = config;
  return name === NETWORK ? E.right(undefined) : refusal({})(`${path}: _class_name`, NETWORK, show(name));
};

/** The variant of files in float16. */
export const HALF = 'fp16';

/** The names of files of weights, in order of preference; `variant` is a part of the name, such as fp16. */
export const weightNames = (variant?: string) => {
  const stem = 'diffusion_pytorch_model';
  const middle = variant === undefined ? '' : `.${variant}`;
  return [
    `${stem}${middle}.safetensors`,
    `${stem}.safetensors.index${middle}.json`,
    `${stem}${middle}.bin`,
    `${stem}.bin.index${middle}.json`,
  ] as const;
};

/** Finds the weights of a network in its folder; without a variant those in float32 if they are there, or in float16. */
export function* findWeights(folder: string, variant: string | undefined): Block<string> {
  const names = variant === undefined ? [...weightNames(), ...weightNames(HALF)] : weightNames(variant);
  for (const name of names) {
    const path = inFolder(folder, name);
    if (yield* take(fileExists(path))) return path;
  }
  return yield* take(
    fail('FileError', {
      where: folder,
      expected: `weights: ${listed(names)}`,
      actual: 'none of them',
      hint:
        variant === undefined ? 'give the variant if the names have another one, such as bf16' : 'check the variant',
    }),
  );
}
