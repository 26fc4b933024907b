/** The optimizer of a recipe. */
import {
  adam,
  chain,
  clipByGlobalNorm,
  cosineDecay,
  groups,
  type LearningRate,
  muon,
  type Optimizer,
  warmup,
} from 'noisefold/nn';

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

/** Tests for a kernel or a matrix of the levels and the middle: not of the first and last layers, nor of embeddings. */
const isHidden = (path: string, shape: readonly unknown[]): boolean =>
  shape.length > 1 && /^(levels|middle)\./.test(path);

/** Muon for hidden layers if the recipe has a learning rate for it, and Adam for the rest (Jordan et al. 2024). */
export const optimizerOf = (settings: OptimizerSettings): Optimizer => {
  const { learningRate, muonRate, warmupSteps, decaySteps, clip } = settings;
  const overSteps = (rate: number): LearningRate =>
    cosineDecay({ from: warmupSteps, steps: decaySteps, floor: 0.05 })(warmup(warmupSteps)(rate));
  const rest = adam({ learningRate: overSteps(learningRate) });
  return chain(
    clipByGlobalNorm(clip),
    muonRate === null
      ? rest
      : groups([
          { where: (path, shape) => !isHidden(path, shape), optimizer: rest },
          { optimizer: muon({ learningRate: overSteps(muonRate) }) },
        ]),
  );
};
