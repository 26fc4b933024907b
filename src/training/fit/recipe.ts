import type { Conditions } from '../../conditions/conditions.js';
import {
  type AdaptiveDraw,
  type ClassifierModel,
  type ClassifierObjective,
  type ConditionDropout,
  type Conditioners,
  type Model,
  type Objective,
  type Parameterization,
  type Noising,
  type TimeDraw,
} from '../../diffusion/index.js';
import { usualTimes } from '../../diffusion/losses/timeDraw.js';
import { type Raveling, type Shape } from '../../dsl/index.js';
import { raveling } from '../../dsl/transforms/raveling.js';
import type { IfNoConditions, TakesConditions } from '../../conditions/marks.js';
import type { Itself } from '../../internal/itself.js';
import type { Averaging, Optimizer } from '../../nn/index.js';
import type { Coupling } from '../couplings/coupling.js';

/** A network to train: a classifier of noisy images, which has no `predicts`, or a denoiser. The denoiser stands last, because the compiler's errors are about the last member. */
export type Learnable<P, I extends Shape> = ClassifierModel<P, I> | Model<P, I>;

/** The losses that a network may be trained with. */
export type ObjectiveOf<M> = M extends { readonly predicts: Parameterization } ? Objective : ClassifierObjective;

/**
 * The type of `conditionDropout` for a network: rates, or a message if the type shows that the network has no conditions to drop.
 * The rate is a member of a type, as in `Late` of the shapes, so that a function of any network takes a rate.
 */
type DropoutOf<M> = (M extends unknown ? { readonly rate: RateFor<M> } : never)['rate'];
type RateFor<M> = string extends keyof M // any
  ? ConditionDropout
  : [M] extends [{ readonly classes: number | Conditions; readonly predicts?: never }]
    ? 'a classifier is trained on the class of each image: leave conditionDropout out'
    : M extends TakesConditions<infer C>
      ? IfNoConditions<
          C,
          'the model has no conditions to drop: give conditions: { label: 10 } to unet',
          ConditionDropout
        >
      : ConditionDropout;

/** A network and how to train it. */
export interface Recipe<P, I extends Shape, M extends Learnable<P, I> = Model<P, I>> {
  /** The network to train: a model such as the result of `unet`, or a classifier. */
  readonly model: Itself<M>;
  /** The noising process, such as `unwrap(ddpm(cosine(1000)))` or `edm()`. */
  readonly noising: Itself<Noising>;
  /** The optimizer, such as `adam({ learningRate: 1e-3 })`. */
  readonly optimizer: Optimizer;
  /**
   * The loss that is minimized, and measured on held-out images: by default {@link usualLosses} for a denoiser and
   * {@link classifierLosses} for a classifier.
   */
  readonly loss?: ObjectiveOf<M>;
  /**
   * The moving average of the parameters, which `fit` returns: a decay, which is warmed up as by `emaDecay`, or an
   * average such as `emaPower(0.1)`; 0.995 by default. For a list of averages `fit` returns the first; snapshots hold
   * the others, as `averages.1.…`.
   */
  readonly averageDecay?: Average | readonly [Average, ...Average[]];
  /**
   * The number of parts in which a step processes its batch, one after another; 1 by default. It must divide the batch.
   * A step needs the memory of one part and uses the mean gradient of all parts. Timesteps, noise and dropout of part i
   * are drawn from the key of the step with i folded in.
   */
  readonly accumulate?: number;
  /**
   * The probability of dropping the conditions of a sample, for classifier-free guidance (`cfg`); 0 by default. A number drops all of
   * them together, `{ together, each }` also each on its own. Not allowed for a classifier.
   */
  readonly conditionDropout?: DropoutOf<M>;
  /** Makes conditions from each image, by name: `{ lowRes: superResolution({ factor: 2 }) }`. The others come from the data. */
  readonly conditions?: NoInfer<Conditioners<I>>;
  /** Draws the times of a batch; by default independently and uniformly, and log-normally in σ for `edm()`. */
  readonly times?: TimeDraw | AdaptiveDraw;
  /** Chooses the noise of each image of a batch, such as `optimalTransport()`; by default independent of the images. */
  readonly coupling?: Coupling;
}

/** A recipe of any network. */
export type AnyRecipe<P, I extends Shape> = Recipe<P, I, Learnable<P, I>>;

/** A training as callers write it, with `P` and `I` inferred from its network. */
export type Given<T extends { readonly model: unknown }, P, I extends Shape> = T & {
  readonly model: Learnable<P, I>;
};

/** A decay in [0, 1), or another way to average. */
export type Average = number | Averaging;

/** Default values of a recipe. */
export const defaults = {
  averageDecay: 0.995,
  accumulate: 1,
  times: usualTimes,
} as const;

/** The dropout of conditions; 0 by default. */
export const conditionDropoutOf = ({
  conditionDropout = 0,
}: {
  readonly conditionDropout?: unknown;
}): ConditionDropout => conditionDropout as ConditionDropout; // no value has the type of the message

/** The average that the loss of a recipe uses as target network, if it has one. */
export const targetAverage = ({ loss }: { readonly loss?: object | undefined }): Average | undefined =>
  (loss as Objective | undefined)?.target; // losses of classifiers have none

/** The averages of a recipe. `fit` returns the first; the target network, if the loss has one, is the last. */
export const averagesOf = (
  recipe: Pick<Recipe<never, Shape>, 'averageDecay'> & { readonly loss?: object },
): readonly Average[] => {
  const { averageDecay = defaults.averageDecay } = recipe;
  const own = Array.isArray(averageDecay) ? averageDecay : [averageDecay as Average]; // isArray does not narrow a readonly list
  const target = targetAverage(recipe);
  return target === undefined ? own : [...own, target];
};

/**
 * The conversions between the parameters of a recipe and the vectors that store them, by the groups of its optimizer.
 */
export const ravelingOf = <P, I extends Shape>({ model, optimizer }: AnyRecipe<P, I>): Raveling<P> =>
  raveling(model.params, optimizer.groupOf);
