/** The optimizer of a recipe. */
import { adam, chain, clipByGlobalNorm, groups, muon, type Optimizer } from 'noisefold/nn';
import { adamOf, type OptimizerSettings, overSteps } from './adam.js';

/** Tests for a kernel or a matrix of the levels and the middle: not of the first and last layers, nor of embeddings. */
const isHidden = (path: string, shape: readonly unknown[]): boolean =>
  shape.length > 1 && /^(levels|middle)\./.test(path);

/** Muon for hidden layers if the recipe has a learning rate for it, and Adam for the rest (Jordan et al. 2024). */
export const optimizerOf = (settings: OptimizerSettings): Optimizer => {
  const { learningRate, muonRate, clip } = settings;
  if (muonRate === null) return adamOf(settings);
  const rest = adam({ learningRate: overSteps(learningRate, settings) });
  const hidden = muon({ learningRate: overSteps(muonRate, settings) });
  return chain(
    clipByGlobalNorm(clip),
    groups([{ where: (path, shape) => !isHidden(path, shape), optimizer: rest }, { optimizer: hidden }]),
  );
};
