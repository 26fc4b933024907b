/** Adam, which trains a recipe without Muon. */
import { adam, chain, clipByGlobalNorm, cosineDecay, type LearningRate, type Optimizer, warmup } from 'noisefold/nn';

export interface OptimizerSettings {
  /** The learning rate of Adam, which warms up, then decays along half a cosine to a twentieth at `decaySteps`. */
  readonly learningRate: number;
  /** That of Muon for hidden layers, in the same way; null leaves them to Adam. */
  readonly muonRate: number | null;
  readonly warmupSteps: number;
  readonly decaySteps: number;
  /** The maximum norm of the gradient. */
  readonly clip: number;
}

/** A learning rate as it changes over the steps. */
export const overSteps = (
  rate: number,
  { warmupSteps, decaySteps }: Pick<OptimizerSettings, 'warmupSteps' | 'decaySteps'>,
): LearningRate => cosineDecay({ from: warmupSteps, steps: decaySteps, floor: 0.05 })(warmup(warmupSteps)(rate));

/** Adam for all parameters. */
export const adamOf = (settings: OptimizerSettings): Optimizer =>
  chain(clipByGlobalNorm(settings.clip), adam({ learningRate: overSteps(settings.learningRate, settings) }));
