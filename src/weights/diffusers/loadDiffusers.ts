/** Loads folders of diffusers as trained models. */
import type { Effect } from '../../dsl/run/effect.js';
import {
  ancestral,
  clipToImage,
  euler,
  everyStep,
  gridOf,
  isDiscrete,
  pathOf,
  type Preconditioned,
  preconditioned,
  trailing,
  uncorrected,
} from '../../diffusion/index.js';
import type { NoisefoldError } from '../../dsl/index.js';
import { fail, failure } from '../../internal/errors.js';
import type { Exact } from '../../internal/exact.js';
import { exactTuple, positive, oneOf, share } from '../../internal/decode.js';
import { E, type either, t, TE } from '../../internal/fp.js';
import { type Block, take } from '../../internal/gen.js';
import { type UNet, unet, type UNetArchitecture, type UNetConfig, type UNetParams } from '../../nn/index.js';
import { diffusers } from '../names/diffusers.js';
import { fileExists } from '../../node/files.js';
import { demandFolder } from '../../node/folders.js';
import { argument, optional, type OptionsOf, schema } from '../../internal/schema.js';
import { noisingPart, type Trained } from '../../checkpoints/trained.js';
import type { ImageShape } from '../../data/dataset.js';
import { genEffect } from '../../dsl/run/genEffect.js';
import { weightsIn } from '../loadWeights.js';
import { openWeights } from '../openWeights.js';
import {
  checkedIndex,
  checkedNetwork,
  checkedScheduler,
  CONFIG,
  findWeights,
  INDEX,
  inFolder,
  partFolder,
  readJson,
  sampledBy,
  SCHEDULER,
} from './folder.js';
import { inFile } from '../inFile.js';
import { architectureIn } from './networkConfig.js';
import type { JsonRecord } from '../pythonJson.js';
import { type ReadScheduler, readScheduler, withoutEta } from '../schedulers/readScheduler.js';
import type { SchedulerSampling } from '../schedulers/schedulerSettings.js';

const folders = schema('loadDiffusers', {
  /** The number of sampling steps; default: every timestep for `DDPMScheduler`, 4 for LCM and TCD, 50 for the others. */
  steps: optional(positive),
  /** η of the steps of `DDIMScheduler`, from 0, the default, to 1, or γ of `TCDScheduler`, 0.3 by default: `eta` of their pipelines. */
  eta: optional(share),
  /** A part of the names of the files of weights, such as `fp16`; without it files without one are read, or else those of `fp16`. */
  variant: optional(t.string),
  /** Height and width, for a network whose configuration has no size. */
  size: optional(exactTuple([positive, positive], '[height, width]')),
  /** The process, for a folder that has only a network. */
  noising: optional(noisingPart),
  /** The prediction of the network, for a folder that has only a network; default `epsilon`. */
  predicts: optional(oneOf('epsilon', 'x0', 'v', 'velocity')),
});

/** Options of {@link loadDiffusers}. */
export interface DiffusersFolder extends OptionsOf<typeof folders> {}

/** A trained model from a folder of diffusers, with its sampling: `sample(loaded, { ...loaded.sampling, key })`. */
export interface LoadedDiffusers extends Trained<UNetParams, ImageShape> {
  /** The network, with EDM's preconditioning if its scheduler applies it. */
  readonly model: UNet<ImageShape> | Preconditioned<UNetParams, ImageShape, UNet<ImageShape>>;
  /** The solver, grid and correction of the scheduler; without a scheduler those of DDPM, or Euler's on a continuous path. */
  readonly sampling: SchedulerSampling;
  /** The configuration of the scheduler, for `saveDiffusers`; absent without a scheduler. */
  readonly scheduler?: JsonRecord;
  /**
   * Differences from the samples of diffusers with their sizes, a grid that `sample` refuses, and unknown fields. Each note names
   * its file and field.
   */
  readonly notes: readonly string[];
}

/** A scheduler, with its configuration and its file; both are absent for a folder that has only a network. */
interface FoundScheduler extends ReadScheduler {
  readonly config?: JsonRecord;
  readonly file?: string;
}

/** The scheduler of a pipeline. */
function* pipelineScheduler(folder: string, { steps, eta, noising, predicts }: DiffusersFolder): Block<FoundScheduler> {
  const [option] = Object.entries({ noising, predicts }).filter(([, value]) => value !== undefined);
  if (option !== undefined)
    yield* take(
      fail('ConfigError', {
        where: `loadDiffusers: ${option[0]}`,
        expected: 'none for a pipeline, whose scheduler defines it',
        actual: 'one',
        hint: `leave it out, or load only the network: ${inFolder(folder, 'unet')}`,
      }),
    );
  const path = inFolder(folder, INDEX);
  const index = yield* take(readJson(path));
  yield* take(checkedIndex(path, index));
  const file = inFolder(yield* partFolder(folder, 'scheduler', SCHEDULER), SCHEDULER);
  const config = yield* take(readJson(file));
  const read = yield* take(readScheduler(file, sampledBy(index, config), steps, eta));
  yield* take(checkedScheduler(path, index, config['_class_name']));
  return { file, config, ...read };
}

/** The given process, and the sampling of DDPM or on a continuous path Euler's, for a folder that has only a network. */
const givenNoising = (
  folder: string,
  { steps, eta, noising, predicts = 'epsilon' }: DiffusersFolder,
): either.Either<NoisefoldError, FoundScheduler> => {
  if (noising === undefined)
    return fail('ConfigError', {
      where: folder,
      expected: `${INDEX} of a pipeline, or a process for a folder that has only a network`,
      actual: 'neither',
      hint: 'give the folder that has it, or call loadDiffusers(folder, { noising, predicts })',
    });
  if (eta !== undefined) return withoutEta('a folder that has only a network', eta);
  return E.right({
    noising,
    predicts,
    learnsVariance: null,
    sampling: isDiscrete(noising)
      ? { solver: ancestral(), grid: steps === undefined ? everyStep : trailing(steps), correction: clipToImage }
      : { solver: euler(), grid: gridOf(steps ?? 50), correction: uncorrected },
    notes: [],
  });
};

/**
 * Refuses a scheduler that needs a learned variance for a model without one, or that does not use the variance of a
 * model.
 */
const fittingVariance = (
  { learnsVariance, file = 'scheduler' }: FoundScheduler,
  { learnedVariance }: UNetArchitecture,
): either.Either<NoisefoldError, void> => {
  const learns = learnedVariance !== undefined;
  if (learnsVariance === null || learnsVariance === learns) return E.right(undefined);
  return fail('CheckpointMismatch', {
    where: `${file}: variance_type`,
    expected: learns ? '"learned_range", because the network has twice as many output channels' : 'a fixed variance',
    actual: learns ? 'a fixed variance' : '"learned_range", but the network has no variance',
    hint: 'change variance_type, or out_channels of the network',
  });
};

/**
 * The error for weights that do not match, with advice that applies to a folder, where names, prefix and partial loads
 * do not exist.
 */
const misfit = (path: string) => (error: NoisefoldError) =>
  error._tag === 'CheckpointMismatch'
    ? failure(error._tag, { ...error, hint: `use the weights that belong to ${path}, or their own ${CONFIG}` })
    : error;

/**
 * Loads a folder of diffusers, a pipeline of a `UNet2DModel` and a scheduler, or only such a network (`config.json` and
 * weights) with a `noising`. Returns the model, its process, its parameters and the sampling options of its scheduler.
 * Schedulers: DDPM, DDIM, PNDM, LCM, TCD, Euler and KDPM2 with their ancestral forms, Heun, LMS, DPM-Solver and DPM-Solver++
 * (multistep, singlestep and SDE), DEIS, UniPC, SA-Solver, IPNDM, flow matching by Euler, Heun and LCM, and EDM by Euler and DPM-Solver,
 * whose network is loaded as {@link preconditioned}. Components, classes and values that noisefold lacks are a `ConfigError` that
 * names them. With the number of steps that it was loaded for, a sampling equals that of diffusers, except for the differences
 * listed in `notes`, with their sizes. Fails with a
 * `CheckpointMismatch` that lists the weights that do not match, up to ten of each kind, and with `DecodeError` and
 * `FileError`. After an error nothing stays on the backend.
 * @example
 * await using nf = await open(reference())
 * await nf.run(loadDiffusers('missing', { steps: 10 })).catch((thrown) => errorIn(thrown)?.where) // → 'missing'
 */
export const loadDiffusers = <G = unknown>(
  folder: string,
  options?: Exact<G, keyof DiffusersFolder> & DiffusersFolder,
): Effect<LoadedDiffusers> =>
  genEffect('loadDiffusers', function* (backend) {
    const known = yield* take(folders.decode(options));
    yield* take(argument('loadDiffusers: folder', t.string, 'give its path').decode(folder));
    yield* take(demandFolder(folder));
    const isPipeline = yield* take(fileExists(inFolder(folder, INDEX)));
    const read = isPipeline ? yield* pipelineScheduler(folder, known) : yield* take(givenNoising(folder, known));
    const { noising, predicts, preconditioning, sampling, notes, config: scheduler } = read;
    const place = isPipeline ? yield* partFolder(folder, 'unet', CONFIG) : folder;
    const path = inFolder(place, CONFIG);
    const config = yield* take(readJson(path));
    yield* take(checkedNetwork(path, config));
    const { count } = pathOf(noising).clock;
    // a path of σ does not tell the number: the default of diffusers, or the c_noise of EDM
    const timesteps = preconditioning ? 'continuous' : count === Infinity ? 1000 : count;
    const { size } = known;
    const about = architectureIn(config, { predicts, timesteps, ...(size && { size }) });
    const { architecture, conditionDropout } = yield* take(
      E.mapLeft((error: NoisefoldError) => inFile(path, error))(about),
    );
    yield* take(fittingVariance(read, architecture));
    const network: UNet<ImageShape> = yield* take(unet(architecture as UNetConfig<[number, number, number]>)); // a triple
    const model = preconditioning ? yield* take(preconditioned(network, preconditioning)) : network;
    const weights = yield* findWeights(place, known.variant);
    const load = openWeights('loadDiffusers', weights, (name, file) =>
      weightsIn(name, file, model, { names: diffusers, prefix: '', partial: false, storage: 'float32' }, backend),
    );
    const { params } = yield* take(TE.mapLeft(misfit(path))(load));
    return {
      model,
      noising,
      params,
      image: architecture.image,
      sampling,
      notes,
      ...(conditionDropout !== undefined && { conditionDropout }),
      ...(scheduler !== undefined && { scheduler }),
    };
  });
