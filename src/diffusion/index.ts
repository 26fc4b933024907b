export { type AdaptiveDraw, asAdaptive, type DrawMemory } from './adaptiveDraw.js';
export {
  type AlphaBar,
  type AlphaBarOptions,
  cosine,
  exponential,
  laplace,
  scheduleFromAlphaBar,
  sigmoidAlphaBar,
} from './alphaBarSchedules.js';
export { ancestral, ancestralStep } from './ancestral.js';
export type { ReverseVariance } from './reverseVariance.js';
export {
  type BetaRange,
  constantBetas,
  linear,
  linearUnscaled,
  quadratic,
  reciprocalBetas,
  scaledLinear,
  sigmoidBetas,
  warmupBetas,
} from './betaSchedules.js';
export { channelBetween, qBetween, qSampleBetween } from './between.js';
export { type BatchKeys, drawnBy } from './batchKeys.js';
export { bitsOfBytes, bitsPerDimension } from './bits.js';
export { boundTerm } from './bound.js';
export {
  boundLosses,
  type BoundLossOptions,
  hybridLosses,
  type HybridOptions,
  rescaledBoundLosses,
} from './boundLoss.js';
export {
  type Channel,
  channelMonoid,
  compose,
  foldChannels,
  identity,
  logSNR,
  type Posterior,
  posteriorOf,
  transition,
} from './channel.js';
export { checkedImages, checkedLabels, checkedTimesteps, type LabelCheck } from './checkedInputs.js';
export type { Condition, Conditioner, ConditionedOn } from './condition.js';
export { conditioningAugmentation, noisyCondition } from './conditioningAugmentation.js';
export { consistency, type ConsistencyBoundary, consistencyDenoiser, type ConsistencyOptions } from './consistency.js';
export { clipToImage, type Correction, uncorrected } from './correction.js';
export { ddim, ddimStep } from './ddim.js';
export { ddimInversion } from './ddimInversion.js';
export {
  type Conditioning,
  converted,
  type Denoiser,
  type DenoiserChange,
  type LearnedVariance,
  type Guides,
  type MeanGradient,
  type ScoreGradient,
  learningVariance,
  mapDenoiser,
  type Model,
  type Outputs,
  overParams,
  overProcess,
  reparameterize,
  withoutDropout,
} from './denoiser.js';
export { discretizedLogLikelihood } from './discretizedGaussian.js';
export { dpmSolverPP, dpmSolverPPRows } from './dpmSolverPP.js';
export { dpmSolverPPSde, dpmSolverPPSdeRows } from './dpmSolverPPSde.js';
export { dpmSolverPPSinglestep, dpmSolverPPSinglestepRows } from './dpmSolverPPSinglestep.js';
export { dynamicThreshold } from './dynamicThreshold.js';
export { type Churn, euler, heun } from './edm.js';
export { eulerAncestral, eulerAncestralStep } from './eulerAncestral.js';
export { type BatchBits, boundAt, type BoundInputs, type DatasetBits, foldBits, type Measured } from './evaluation.js';
export { exactDenoiser, exactLogDensity, exactScore } from './exact.js';
export { type Gaussian, qMeanVariance, qSample, qStep, through, type Transmission } from './forward.js';
export { type DiagonalGaussian, gaussianKl } from './gaussianKl.js';
export { type GaussianMixture, gaussianMixture } from './gaussianMixture.js';
export { everyStep, type Grid, gridOf, leading, linspace, spaced, timestepGrid, trailing } from './grid.js';
export { cfg, type CfgOptions, type Guidance, guidanceMonoid, type GuidedParams, unguided } from './guidance.js';
export { type Classifier, type ClassifierModel, type Guide, type GuideGradient } from './guide.js';
export {
  type ClassifiedLosses,
  classifierLosses,
  type ClassifierLosses,
  type ClassifierObjective,
} from './classifierLoss.js';
export { steered, type SteeredOptions } from './steering.js';
export { classifierGuided, type ClassifierGuidance, type GradientPlace, meanGuided } from './classifierGuidance.js';
export { importanceTimesteps } from './importance.js';
export { partOfTheWay, startFrom } from './imageToImage.js';
export { type Inpainter, inpainting, type Known, type Resampling } from './inpainting.js';
export { slerp } from './interpolation.js';
export { dropLabels } from './labelDropout.js';
export { flowStep, lambdaOf, momentsOf, reachOf, sigmaOf } from './lambda.js';
export { lcmGrid } from './lcmGrid.js';
export { type Likelihood, likelihood, type LikelihoodInputs, type LikelihoodState } from './likelihood.js';
export { linearIntegrator, type StepCoefficients } from './linearIntegrator.js';
export { lms } from './lms.js';
export {
  type Loss,
  type Losses,
  meanLoss,
  type Objective,
  predictionErrors,
  type SampleLosses,
  simpleLoss,
  simpleLosses,
  targetOf,
} from './loss.js';
export { gaussian, type Noise } from './noise.js';
export { logSNRAt, logSNRs, sigmaAt, sigmas, timestepOfLogSNR, timestepOfSigma } from './noiseLevel.js';
export { type LossOptions, type NoisedBatch, noisedBatch } from './noisedBatch.js';
export { type Conversion, conversion, type Mixture, type Parameterization, target } from './parameterization.js';
export { pndm } from './pndm.js';
export { clippedLogVariances, qPosterior } from './posterior.js';
export {
  type NoiseConditioning,
  type NoiseModel,
  type NoiseNetwork,
  type Preconditioned,
  preconditioned,
} from './preconditioned.js';
export type {
  EdmPreconditioning,
  IddpmPreconditioning,
  PreconditioningOptions,
  VePreconditioning,
  VpPreconditioning,
} from './preconditioning.js';
export { fromPrevious, previousLosses } from './previous.js';
export { priorTerm } from './prior.js';
export { ddpm, type Process, processOf } from './process.js';
export { respace } from './respacing.js';
export {
  fixedLogVariances,
  pMeanVariance,
  type Predicted,
  predictionsOf,
  pSample,
  type Reverse,
  reverseOf,
  type ReverseOptions,
} from './reverse.js';
export { sampler, type Sampler, type SamplerParts, type StepInputs } from './sampler.js';
export { type Schedule, scheduleFromBetas } from './schedule.js';
export { superResolution } from './superResolution.js';
export { ddimStride, sections, timestepRespacing } from './sections.js';
export {
  atSigmas,
  exponentialGrid,
  exponentialSigmas,
  karrasGrid,
  karrasSigmas,
  sigmaRange,
  type SigmaRange,
} from './sigmaGrid.js';
export { processOfSigmas, respaceAtSigmas } from './sigmaProcess.js';
export { type Integrator, type Moment, type SampleState, type SampleStep, type Solver } from './solver.js';
export { entriesAt, entryAt } from './table.js';
export { importanceWeights, logNormalTimesteps, timestepsBy } from './timestepDistribution.js';
export { antitheticTimesteps, stratifiedTimesteps, type TimestepDraw, uniformTimesteps } from './timestepDraw.js';
export {
  edmWeight,
  minSnrWeight,
  p2Weight,
  snrWeight,
  uniformWeight,
  weightedBy,
  type Weighting,
  weightsOf,
} from './weighting.js';
export { zeroTerminalSNR } from './zeroTerminalSNR.js';
export { uniPC, uniPCRows, type UniPCVariant } from './uniPC.js';
export { type Leg, legsOf } from './leg.js';
