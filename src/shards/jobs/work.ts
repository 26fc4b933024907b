/** A kind of work: what its jobs contain, and how a worker runs one. */
import type { FeatureNetwork } from '../../evaluation/index.js';
import type { ImageShape, PreparedSampling, Preparation, Trained } from '../../training/index.js';
import type { Backend } from '../../dsl/index.js';
import { type either, t } from '../../internal/fp.js';
import type { NoisefoldError } from '../../internal/errors.js';
import { type Block, take } from '../../internal/gen.js';
import { optional, type OptionsOf } from '../../internal/schema.js';
import type { InputImages, InputValues } from './input.js';
import { digest } from './job.js';
import type { Tensors } from './result.js';

/** A trained model whose shapes are known when it is loaded. */
export type AnyModel = Trained<never, ImageShape>;

/** A feature network of any shape, and the digest of its parameters and its version. */
export interface OpenNetwork {
  readonly network: FeatureNetwork<never, ImageShape>;
  readonly digest: string;
}

/** The backend of a worker, and the models that it keeps open from job to job. */
export interface Tools {
  readonly backend: Backend;
  /** The trained model of a checkpoint, by the digest of its file. */
  readonly trained: (from: CheckpointOf) => Block<AnyModel>;
  /** A sampling that was compiled for a checkpoint; `text` names the preparation. */
  readonly prepared: (from: CheckpointOf, text: string, preparation: Preparation) => Block<PreparedSampling>;
  readonly network: (name: string) => Block<OpenNetwork>;
  /** The images that were sent with the job. */
  readonly input: () => Block<InputImages>;
  /** The values of samples that were sent with the job. */
  readonly values: () => Block<InputValues>;
}

/** The fields of {@link CheckpointOf}. */
export const checkpointOfFields = {
  /** The SHA-256 of the file. */
  checkpoint: digest,
  /** The name of the model in the `models` of the worker, if it is not built in. */
  model: optional(t.string),
};

/** A checkpoint in a job. */
export interface CheckpointOf extends OptionsOf<typeof checkpointOfFields> {}

/** The index of the first item of a job, and the number of items. */
export type Range = readonly [first: number, count: number];

/** A kind of work whose jobs have options `O`. */
interface WorkParts<O> {
  readonly name: string;
  /** Checks the options of a job, because they come from another process. */
  readonly options: { readonly decode: (options: unknown) => either.Either<NoisefoldError, O> };
  readonly run: (options: O, range: Range, tools: Tools) => Block<Tensors>;
}

/** A kind of work. */
export interface Work {
  readonly name: string;
  /** Runs a job with these options. */
  readonly run: (options: unknown, range: Range, tools: Tools) => Block<Tensors>;
}

export const workOf = <O>({ name, options, run }: WorkParts<O>): Work => ({
  name,
  *run(settings, range, tools) {
    return yield* run(yield* take(options.decode(settings)), range, tools);
  },
});
