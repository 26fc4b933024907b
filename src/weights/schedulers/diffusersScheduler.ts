import type { NoisefoldError } from '../../dsl/index.js';
import { positive, share } from '../../internal/decode.js';
import { failure } from '../../internal/errors.js';
import type { Exact } from '../../internal/exact.js';
import { E, type either, F, t } from '../../internal/fp.js';
import { argument, optional, type OptionsOf, schema } from '../../internal/schema.js';
import { type ReadScheduler, readScheduler } from './readScheduler.js';

const optionsOf = schema('diffusersScheduler', {
  /** The number of sampling steps; default: every timestep for `DDPMScheduler`, 4 for LCM and TCD, 50 for the others. */
  steps: optional(positive),
  /** η of the steps of `DDIMScheduler`, from 0, the default, to 1, or γ of `TCDScheduler`, 0.3 by default: `eta` of their pipelines. */
  eta: optional(share),
});

/** Options of {@link diffusersScheduler}. */
export interface DiffusersSchedulerOptions extends OptionsOf<typeof optionsOf> {}

/** A scheduler of diffusers: its process, the prediction of its network, and its sampling, with notes on differences from diffusers. */
export interface DiffusersScheduler extends ReadScheduler {}

const configOf = argument(
  'diffusersScheduler: config',
  t.UnknownRecord,
  'give the fields of scheduler_config.json, with _class_name',
);

/** Names this function in errors about its options, which name `loadDiffusers`. */
const named = (error: NoisefoldError): NoisefoldError =>
  failure(error._tag, { ...error, where: error.where.replace(/^loadDiffusers/, 'diffusersScheduler') });

/**
 * Translates the `scheduler_config.json` of diffusers to a process and a sampling, as `loadDiffusers` does for a folder: for a denoiser
 * of your own, or to compare samples number by number. `sampling` has the solver, the grid and the correction of `sampler`. With
 * `preconditioning` the network of the scheduler is one for `preconditioned`.
 * @example
 * const config = { _class_name: 'DDIMScheduler', timestep_spacing: 'trailing', clip_sample: false }
 * const { noising, predicts, sampling, notes } = unwrap(diffusersScheduler(config, { steps: 4, eta: 0.5 }))
 * unwrap(sampling.grid(noising)) // → [999, 749, 499, 249]
 * const zero: Denoiser<null, [1]> = { predicts, apply: (_, x) => zerosLike(x) }
 * unwrap(sampler({ noising, denoiser: zero, ...sampling })).stochastic // → true
 * notes // → []
 */
export const diffusersScheduler = <G = unknown>(
  config: unknown,
  options?: Exact<G, keyof DiffusersSchedulerOptions> & DiffusersSchedulerOptions,
): either.Either<NoisefoldError, DiffusersScheduler> =>
  F.pipe(
    E.Do,
    E.bind('how', () => optionsOf.decode(options)),
    E.bind('fields', () => configOf.decode(config)),
    E.flatMap(({ how: { steps, eta }, fields }) =>
      E.mapLeft(named)(readScheduler('diffusersScheduler', fields, steps, eta)),
    ),
  );
