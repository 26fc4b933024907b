/** `noisefold/evaluation`: FID, KID, Inception Score, precision and recall, over any feature network. */
export { accuracyOf } from './accuracy.js';
export { digitClassifier } from './digits/digitClassifier.js';
export { digitNetwork, type DigitParams } from './digits/digitNetwork.js';
export {
  compareFeatures,
  evaluateSamples,
  type Evaluating,
  type Evaluation,
  type MetricOptions,
} from './evaluateSamples.js';
export { extractFeatures, type Extracted, type Extraction, type ImageSource } from './extractFeatures.js';
export { type FeatureModel, type FeatureNetwork, featuresOf, type Perception } from './featureNetwork.js';
export type { Features } from './features.js';
export { frechetDistance } from './frechetDistance.js';
export { inceptionScore, type ScoreSplits } from './inceptionScore.js';
export { kernelDistance, type KernelSubsets, squaredMmd } from './kernelDistance.js';
export type { MeanAndDeviation } from './meanAndDeviation.js';
export { mergeMoments, type Moments, momentsOf, noMoments } from './moments.js';
export { nearestNeighbours, type Neighbours } from './neighbours.js';
export { precisionRecall, type PrecisionRecall } from './precisionRecall.js';
