import {
  type AdaptiveDraw,
  type Conditioner,
  type Model,
  type Objective,
  type Process,
  simpleLosses,
  type TimestepDraw,
  uniformTimesteps,
} from '../../diffusion/index.js';
import type { Shape } from '../../dsl/index.js';
import type { Optimizer } from '../../nn/index.js';

/** What is to be learned, and how. */
export interface Recipe<P, I extends Shape> {
  readonly model: Model<P, I>;
  readonly process: Process;
  readonly optimizer: Optimizer;
  /** What is descended, and measured on held-out images: {@link simpleLosses} if not given. */
  readonly loss?: Objective;
  /** The decay of the moving average of the parameters, from which samples are drawn; 0.995 if not given. */
  readonly averageDecay?: number;
  /** The probability with which a label is forgotten, for classifier-free guidance; 0 if not given. */
  readonly labelDropout?: number;
  /** What a model that is conditioned on an image gets for each, made of it: `superResolution({ factor: 2 })`, for one. */
  readonly condition?: Conditioner<I>;
  /** How the timesteps of a batch are drawn; each for itself, uniformly, if not given. */
  readonly timesteps?: TimestepDraw | AdaptiveDraw;
}

/** What a recipe has where it says nothing. */
export const defaults = {
  loss: simpleLosses,
  averageDecay: 0.995,
  labelDropout: 0,
  timesteps: uniformTimesteps,
} as const;
