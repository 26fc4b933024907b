/** Saves trained models as folders of diffusers. */
import type { Effect } from '../../dsl/run/effect.js';
import type { Backend } from '../../dsl/index.js';
import { raise } from '../../internal/errors.js';
import type { Exact } from '../../internal/exact.js';
import type { Itself } from '../../internal/itself.js';
import { t } from '../../internal/fp.js';
import { gen, take } from '../../internal/gen.js';
import { type UNetArchitecture } from '../../nn/index.js';
import { diffusers } from '../names/diffusers.js';
import { writeAtomically } from '../../node/files.js';
import { writeFolder } from '../../node/folders.js';
import { argument, optional, type OptionsOf, schema } from '../../internal/schema.js';
import { checkedTrained, type Trained } from '../../checkpoints/trained.js';
import { json } from '../../internal/json/json.js';
import type { ImageShape } from '../../data/dataset.js';
import { genEffect } from '../../dsl/run/genEffect.js';
import { fileDType } from '../../checkpoints/rounded.js';
import { aboutModel, CUSTOM } from '../../checkpoints/storedModel.js';
import { writeWeights } from '../saveWeights.js';
import { CONFIG, HALF, INDEX, inFolder, SCHEDULER, weightNames } from './folder.js';
import { networkConfig } from './networkConfig.js';
import type { JsonRecord } from '../pythonJson.js';
import type { WrittenNetwork } from '../schedulers/schedulers.js';
import { schedulerConfig } from '../schedulers/writeScheduler.js';

const jsonRecord: t.Type<JsonRecord> = t.intersection([t.UnknownRecord, json]);

const saving = schema('saveDiffusers', {
  /**
   * The configuration of the scheduler, such as `{ _class_name: 'DDIMScheduler' }`, or that of `loadDiffusers`; default: a
   * `DDPMScheduler`, a `FlowMatchEulerDiscreteScheduler` for a rectified flow, and an `EDMEulerScheduler` for EDM. The process and
   * the prediction of the model are added.
   */
  scheduler: optional(jsonRecord),
  /**
   * The dtype of the parameters in the file: 'float16' halves its size, and puts `fp16` into its name, for which Python writes
   * `from_pretrained(folder, variant='fp16')`; default 'float32'.
   */
  dtype: optional(fileDType, 'float32'),
});

/** Options of {@link saveDiffusers}. */
export interface SaveDiffusersOptions extends OptionsOf<typeof saving> {}

/** The version of diffusers whose format the folder has. */
const VERSION = '0.30.0';

/** The pipelines of some schedulers; all others use that of DDPM. */
const PIPELINES: Readonly<Record<string, string>> = { DDIMScheduler: 'DDIMPipeline', PNDMScheduler: 'PNDMPipeline' };

const text = (fields: JsonRecord): string => `${JSON.stringify(fields, null, 2)}\n`;

/** The configuration of a U-Net that `unet` made, and its preconditioning. Raises `ConfigError` for any other model. */
const networkOf = <P, I extends ImageShape>(model: Trained<P, I>['model']): WrittenNetwork => {
  const { config, preconditioning } = aboutModel(model, CUSTOM);
  if (config !== undefined)
    return { architecture: config as UNetArchitecture, ...(preconditioning && { preconditioning }) }; // it is written to the file
  return raise('ConfigError', {
    where: 'saveDiffusers: model',
    expected: 'a U-Net made by unet, perhaps preconditioned',
    actual: 'another model',
    hint: 'save it by saveTrained, or its weights by saveWeights',
  });
};

/**
 * Writes a trained U-Net as a folder that diffusers reads as a pipeline, and {@link loadDiffusers} reads back: the
 * weights in `unet`, the process in `scheduler`, and `model_index.json`. The folder must be new or empty; it appears
 * complete or not at all. Fails with a `ConfigError`, which names the field, for a model or process that diffusers
 * cannot express, and for a number that is not finite or too large for float16; with `CheckpointMismatch` for
 * parameters that are not those of the model; and with `FileError`.
 * @example
 * import { tmpdir } from 'node:os'
 * const folder = `${tmpdir()}/${process.pid}-diffusers`
 * const model = unwrap(unet({ image: [8, 8, 1], base: 8, multipliers: [1], blocks: 1, predicts: 'v' }))
 * const nf = await open(wasm())
 * const { run } = await nf.run(compile(program('key', model.init), {}))
 * const parts = { model, noising: unwrap(ddpm(cosine(1000))), image: [8, 8, 1] } as const
 * await nf.run(saveDiffusers(folder, { ...parts, params: await nf.run(run(key(7))) }, { scheduler: { _class_name: 'DDIMScheduler' } }))
 * const loaded = await nf.run(loadDiffusers(folder, { steps: 2 }))
 * const { shape } = await nf.run(sample(loaded, { ...loaded.sampling, count: 2, key: key(8) }))
 * shape // → [2, 8, 8, 1]
 * loaded.model.config.predicts // → 'v'
 * await nf.close()
 */
export const saveDiffusers = <P, I extends ImageShape, G = unknown>(
  folder: string,
  trained: Itself<Trained<P, I>>,
  options?: Exact<G, keyof SaveDiffusersOptions> & SaveDiffusersOptions,
): Effect<void> =>
  genEffect('saveDiffusers', function* (backend: Backend) {
    const { scheduler: fields, dtype } = yield* take(saving.decode(options));
    yield* take(argument('saveDiffusers: folder', t.string, 'give its path').decode(folder));
    const { model, noising, params, conditionDropout } = yield* take(checkedTrained('saveDiffusers')(trained));
    const description = networkOf(model);
    const about = {
      architecture: description.architecture,
      ...(conditionDropout !== undefined && { conditionDropout }),
    };
    const network = yield* take(networkConfig(about));
    const scheduler = yield* take(schedulerConfig(noising, description, fields));
    const { _class_name: className } = scheduler as { readonly _class_name: string }; // a configuration that was read has it
    const version = { _diffusers_version: VERSION };
    const index = {
      _class_name: PIPELINES[className] ?? 'DDPMPipeline',
      ...version,
      scheduler: ['diffusers', className],
      unet: ['diffusers', 'UNet2DModel'],
    };
    const saved = writeFolder(folder, (aside) =>
      gen(function* () {
        const at = (file: string) => inFolder(aside, file);
        const [name] = weightNames(dtype === 'float16' ? HALF : undefined);
        const weights = at(`unet/${name}`);
        yield* writeWeights('saveDiffusers', weights, model, params, { names: diffusers, prefix: '', dtype }, backend);
        yield* take(writeAtomically(at(`unet/${CONFIG}`), text({ ...network, ...version })));
        yield* take(writeAtomically(at(`scheduler/${SCHEDULER}`), text({ ...version, ...scheduler })));
        yield* take(writeAtomically(at(INDEX), text(index)));
      }),
    );
    yield* take(saved);
  });
