/** The same network by DDPM, by flow matching and by EDM. */
import {
  cosine,
  ddpm,
  edm,
  type Model,
  type Noising,
  preconditioned,
  rectifiedFlow,
  stratifiedTimes,
  type TimeDraw,
  usualTimes,
} from 'noisefold/diffusion';
import type { NoisefoldError } from 'noisefold/dsl';
import { either as E } from 'fp-ts';
import { network, type Params } from './network.js';

/** A noising process with the model and the draw of times of its training. */
export interface Process {
  readonly model: Model<Params, [2]>;
  readonly noising: Noising;
  readonly times: TimeDraw;
}

export const NAMES = ['ddpm', 'flow', 'edm'] as const;

/** A process by its name. */
export const processes: Readonly<Record<(typeof NAMES)[number], E.Either<NoisefoldError, Process>>> = {
  ddpm: E.map((noising: Noising) => ({ model: network('v'), noising, times: stratifiedTimes }))(ddpm(cosine(1000))),
  flow: E.right({ model: network('velocity'), noising: rectifiedFlow(), times: stratifiedTimes }),
  // the roll has a variance of about 1 along each axis
  edm: E.map((model: Process['model']) => ({ model, noising: edm(), times: usualTimes }))(
    preconditioned(network('x0'), { as: 'edm', sigmaData: 1 }),
  ),
};
