export {
  type AlphaBar,
  type AlphaBarOptions,
  cosine,
  exponential,
  laplace,
  scheduleFromAlphaBar,
  sigmoidAlphaBar,
} from './schedules/alphaBarSchedules.js';
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
} from './schedules/betaSchedules.js';
export {
  type Channel,
  channelMonoid,
  compose,
  foldChannels,
  halfLogSNR,
  identity,
  logSNR,
  type Posterior,
  posteriorOf,
  sigmaOf,
  transition,
} from './channels/channel.js';
export { logSNRAt, logSNRs, sigmaAt, sigmas, timestepOfLogSNR, timestepOfSigma } from './schedules/noiseLevel.js';
export { type Schedule, scheduleFromBetas } from './schedules/schedule.js';
export { zeroTerminalSNR } from './schedules/zeroTerminalSNR.js';

export { qMeanVariance, qSample, qStep, through, type Transmission } from './paths/forward.js';
export { type DiagonalGaussian, type Gaussian, gaussianKl } from './channels/gaussians.js';
export { clippedLogVariances, qPosterior } from './paths/posterior.js';
export {
  continuousCosine,
  continuousLinear,
  continuousSigmoid,
  edm,
  rectifiedFlow,
  trigonometric,
} from './paths/continuousNoising.js';
export { type Interpolant, interpolant } from './paths/interpolant.js';
export { ddpm, type DiscreteNoising, linearInLogAlpha, noisingOf } from './paths/discreteNoising.js';
export { isDiscrete, levelsOf, type Noising, pathOf, type TimeOf } from './paths/noising.js';
export type { Clock, ContinuousNoising, NoiseLevel, Path, TimeType } from './paths/path.js';
export { entriesAt, entryAt } from './channels/entries.js';
export { fluxShift } from './schedules/timeShift.js';
export { channelBetween, qBetween, qSampleBetween } from './paths/transition.js';

export { betaGrid, betaSigmaGrid } from './grids/betaGrid.js';
export { evenGrid } from './grids/evenGrid.js';
export { atTimes, everyStep, type Grid, gridOf, leading, linspace, spaced, trailing } from './grids/grid.js';
export { lcmGrid } from './grids/lcmGrid.js';
export type { Level } from './channels/level.js';
export { respace } from './grids/respacing.js';
export {
  atSigmas,
  exponentialGrid,
  exponentialSigmas,
  karrasGrid,
  karrasSigmas,
  sigmaRange,
  type SigmaRange,
} from './grids/sigmaGrid.js';
export { alignYourSteps, polyexponentialGrid, vpGrid } from './grids/publishedSigmas.js';
export { noisingOfSigmas, respaceAtSigmas } from './grids/sigmaNoising.js';
export { ddimStride, sections, timestepRespacing } from './grids/timestepRespacing.js';

export { checkedImages, checkedTimesteps } from './denoisers/checkedInputs.js';
export type { Conditioner, Conditioners, ImageConditioner } from './denoisers/conditioner.js';
export { conditioningAugmentation, noisyCondition } from './denoisers/conditioningAugmentation.js';
export { wholeTimesteps } from './paths/discretePath.js';
export { superResolution } from './denoisers/superResolution.js';

export {
  type ChannelTensors,
  type Conditioning,
  type Denoiser,
  type Guides,
  type LearnedVariance,
  learningVariance,
  type MeanGradient,
  type Model,
  type Outputs,
  type Recurrent,
  type ScoreGradient,
  type StepLevels,
} from './denoisers/denoiser.js';
export { converted, overNoising, reparameterize } from './denoisers/overNoising.js';
export { type DenoiserChange, mapDenoiser, overParams, withoutDropout } from './denoisers/mapDenoiser.js';
export { meanFlow, meanFlowStep } from './denoisers/meanFlow.js';
export { exactDenoiser, exactLogDensity, exactScore } from './denoisers/exact.js';
export { type GaussianMixture, gaussianMixture } from './denoisers/gaussianMixture.js';
export {
  type Conversion,
  conversion,
  type Mixture,
  type Parameterization,
  target,
} from './denoisers/parameterization.js';
export { type NoiseModel, type NoiseNetwork, type Preconditioned, preconditioned } from './denoisers/preconditioned.js';
export type {
  EdmPreconditioning,
  IddpmPreconditioning,
  PreconditioningOptions,
  VePreconditioning,
  VpPreconditioning,
} from './denoisers/preconditioning.js';

export { type ApgOptions, apg } from './guidance/adaptiveProjectedGuidance.js';
export { autoguidance } from './guidance/autoguidance.js';
export {
  cfg,
  type CfgOptions,
  type Scales,
  cfgPlusPlus,
  cfgZero,
  type CfgZeroOptions,
} from './guidance/classifierFreeGuidance.js';
export { conditionGuidance } from './guidance/conditionGuidance.js';
export { type Contrast, type ContrastRule, type GuidanceState, stepOf } from './guidance/contrast.js';
export { pairGuidance } from './guidance/pairGuidance.js';
export { pag } from './guidance/perturbedAttention.js';
export { type Refinement } from './guidance/refinement.js';
export {
  type ClassifierGuidance,
  classifierGuided,
  type GradientPlace,
  meanGuided,
} from './guidance/classifierGuidance.js';
export {
  type ConditionGuidance,
  type Guidance,
  guidanceMonoid,
  type GuidedParams,
  unguided,
} from './guidance/guidance.js';
export type { Classifier, ClassifierModel, Guide, GuideGradient } from './guidance/guide.js';

export { dynamicThreshold } from './guidance/dynamicThreshold.js';
export {
  fixedLogVariances,
  pMeanVariance,
  type Predicted,
  predictionsOf,
  pSample,
  type Reverse,
  reverseOf,
  type ReverseOptions,
} from './likelihood/reverse.js';
export type { ReverseVariance } from './likelihood/reverseVariance.js';
export { steered, type SteeredOptions } from './guidance/steering.js';
export { clipToImage, type Correction, uncorrected } from './guidance/x0Correction.js';

export { type BatchKeys, drawnBy } from './channels/batchKeys.js';
export { bitsOfBytes, bitsPerDimension } from './likelihood/bitsPerDimension.js';
export {
  type BatchBits,
  boundAt,
  type BoundOptions,
  type DatasetBits,
  foldBits,
} from './likelihood/boundEvaluation.js';
export { type CdfOptions, discretizedLogLikelihood } from './likelihood/discretizedGaussian.js';
export {
  type Likelihood,
  likelihood,
  type LikelihoodInputs,
  type LikelihoodState,
} from './likelihood/odeLikelihood.js';
export { priorTerm } from './likelihood/priorTerm.js';
export { type BoundInputs, boundTerm, type Measured } from './likelihood/variationalBound.js';

export type { AdaptiveDraw, DrawMemory } from './losses/adaptiveDraw.js';
export {
  boundLosses,
  type BoundLossOptions,
  hybridLosses,
  type HybridOptions,
  rescaledBoundLosses,
} from './losses/boundLoss.js';
export {
  type ClassifiedLosses,
  classifierLosses,
  type ClassifierLosses,
  type ClassifierObjective,
} from './losses/classifierLoss.js';
export {
  consistencyDistillationLosses,
  type ConsistencyDistillationOptions,
  consistencyLosses,
  type ConsistencyLossOptions,
} from './losses/consistencyLosses.js';
export { type Distance, l1Distance, pseudoHuberDistance, squaredL2Distance } from './losses/distances.js';
export { importanceTimesteps } from './losses/importanceTimesteps.js';
export { interpolantLosses } from './losses/interpolantLosses.js';
export { logSNRTimes } from './losses/logSNRTimes.js';
export {
  type AnyTeacher,
  type Loss,
  type Losses,
  meanLoss,
  type Objective,
  type SampleLosses,
  type TargetAverage,
} from './losses/objective.js';
export {
  type NoisedBatch,
  noisedBatch,
  predictionErrors,
  simpleLoss,
  simpleLosses,
  targetOf,
  usualLosses,
} from './losses/loss.js';
export type { LossInputs, LossOptions } from './losses/lossInputs.js';
export {
  doublingIntervals,
  type DoublingIntervalsOptions,
  type EctOptions,
  ectPairs,
  emaByIntervals,
  type Intervals,
  karrasPairs,
  type KarrasPairsOptions,
  karrasTimes,
  type KarrasTimesOptions,
  type NoisePair,
  type NoisePairs,
  rootIntervals,
  type RootIntervalsOptions,
} from './losses/noisePairs.js';
export {
  continuousConsistencyDistillationLosses,
  type ContinuousConsistencyDistillationOptions,
  continuousConsistencyLosses,
  type ContinuousConsistencyOptions,
} from './losses/continuousConsistencyLosses.js';
export { meanFlowLosses, type MeanFlowOptions } from './losses/meanFlowLosses.js';
export { fromPrevious, previousLosses } from './losses/previousX.js';
export { progressiveLosses, type ProgressiveOptions } from './losses/progressiveLosses.js';
export { pseudoHuberLosses } from './losses/pseudoHuber.js';
export type { Teacher } from './losses/teacher.js';
export { cosMapTimes, logitNormalTimes, logNormalTimes, modeTimes, shiftedTimes } from './losses/timeDistribution.js';
export { importanceWeights, timestepsBy } from './losses/timestepsBy.js';
export {
  antitheticTimes,
  densityOf,
  stratifiedTimes,
  type TimeDensity,
  type TimeDraw,
  uniformTimes,
  usualTimes,
} from './losses/timeDraw.js';
export {
  edmWeight,
  minSnrWeight,
  p2Weight,
  sigmoidWeight,
  snrWeight,
  truncatedSnrWeight,
  uniformWeight,
  weightedBy,
  type Weighting,
  weightsOf,
} from './losses/weighting.js';

export { ancestral } from './solvers/ancestral.js';
export {
  consistency,
  type ConsistencyBoundary,
  consistencyDenoiser,
  type ConsistencyOptions,
} from './solvers/consistency.js';
export { ddim } from './solvers/ddim.js';
export { ddimInversion } from './solvers/ddimInversion.js';
export { denoiseToZero } from './solvers/denoiseToZero.js';
export { deis } from './solvers/exponential/deis.js';
export { dpmSolver, dpmSolverFast } from './solvers/exponential/dpmSolver.js';
export { dpmSolverPP2SAncestral, dpmSolverPPSdeSinglestep } from './solvers/exponential/dpmSolverPPAncestral.js';
export { saSolver } from './solvers/exponential/saSolver.js';
export { dpmSolverPP } from './solvers/exponential/dpmSolverPP.js';
export { dpmSolverPPSde } from './solvers/exponential/dpmSolverPPSde.js';
export { dpmSolverPPSinglestep } from './solvers/exponential/dpmSolverPPSinglestep.js';
export { type Churn, type HeunOptions, euler, heun } from './solvers/edm.js';
export { eulerAncestral } from './solvers/eulerAncestral.js';
export { exponentialWeights } from './solvers/exponential/exponentialIntegrator.js';
export {
  type NoiseName,
  type StageInputs,
  type Integrator,
  integratorOf,
  type SampleState,
  type SampleStep,
} from './solvers/integrator.js';
export { flowEuler, flowHeun, flowSde } from './solvers/flow.js';
export { kdpm2, kdpm2Ancestral } from './solvers/kdpm2.js';
export { restart } from './solvers/restart.js';
export { rungeKutta } from './solvers/rungeKutta.js';
export { tcd } from './solvers/tcd.js';
export { lms } from './solvers/lms.js';
export { pndm } from './solvers/pndm.js';
export {
  type Algorithm,
  type Form,
  minus,
  type Past,
  plus,
  type Prediction,
  solverOf,
  type StepParts,
  times,
} from './solvers/algorithm.js';
export { type SolverPlan, type Solver, type Stage, type SolverStep } from './solvers/plan.js';
export { ddimStep, move, slope } from './solvers/steps.js';
export { uniPC, type UniPCVariant } from './solvers/exponential/uniPC.js';

export {
  type AdaptiveInputs,
  type AdaptiveOptions,
  type AdaptiveParts,
  type AdaptiveSampler,
  adaptiveSampler,
} from './sampling/adaptiveSampler.js';
export { type AdaptiveState } from './solvers/exponential/dpmAdaptive.js';
export { partOfTheWay, startFrom } from './sampling/imageToImage.js';
export {
  type Inpainter,
  inpainting,
  type InpaintingNoise,
  type InpainterInputs,
  type Known,
  type Resampling,
} from './sampling/inpainting.js';
export { slerp } from './sampling/interpolation.js';
export { brownianNoise } from './sampling/brownianNoise.js';
export { gaussian, type Noise } from './sampling/noise.js';
export { sampler, type Sampler, type SamplerParts, type SamplerStepInputs } from './sampling/sampler.js';

export * from '../conditions/index.js';
