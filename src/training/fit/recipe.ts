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

/** A model and how to train it. */
export interface Recipe<P, I extends Shape> {
  readonly model: Model<P, I>;
  readonly process: Process;
  readonly optimizer: Optimizer;
  /** The loss that is minimized, and measured on held-out images; {@link simpleLosses} by default. */
  readonly loss?: Objective;
  /** The decay of the moving average of the parameters, which `fit` returns; 0.995 by default. */
  readonly averageDecay?: number;
  /** The probability of dropping a label, for classifier-free guidance (`cfg`); 0 by default. */
  readonly labelDropout?: number;
  /** Makes the condition from each image, for a model that is conditioned on images: `superResolution({ factor: 2 })`. */
  readonly condition?: Conditioner<I>;
  /** Draws the timesteps of a batch; independently and uniformly by default. */
  readonly timesteps?: TimestepDraw | AdaptiveDraw;
}

/** Default values of a recipe. */
export const defaults = {
  loss: simpleLosses,
  averageDecay: 0.995,
  labelDropout: 0,
  timesteps: uniformTimesteps,
} as const;
