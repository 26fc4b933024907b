export {
  type AlphaBar,
  type AlphaBarOptions,
  cosine,
  exponential,
  laplace,
  scheduleFromAlphaBar,
  sigmoidAlphaBar,
} from './alphaBarSchedules.js';
export { ancestral, ancestralStep, type ReverseVariance } from './ancestral.js';
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
export { clipToImage, type Correction, uncorrected } from './correction.js';
export { ddim, ddimStep } from './ddim.js';
export { type Conditioning, type Denoiser, type Model, overProcess, reparameterize } from './denoiser.js';
export { type Gaussian, qMeanVariance, qSample, qStep, through, type Transmission } from './forward.js';
export { everyStep, type Grid, gridOf, leading, linspace, spaced, timestepGrid, trailing } from './grid.js';
export { cfg, type Guidance, unguided } from './guidance.js';
export { dropLabels } from './labelDropout.js';
export { linearIntegrator, type StepCoefficients } from './linearIntegrator.js';
export { type LossOptions, type SampleLosses, simpleLoss, simpleLosses, targetOf } from './loss.js';
export { gaussian, type Noise } from './noise.js';
export { logSNRAt, logSNRs, sigmaAt, sigmas, timestepOfLogSNR, timestepOfSigma } from './noiseLevel.js';
export {
  type Conversion,
  conversion,
  type Mixture,
  type Parameterization,
  target,
} from './parameterization.js';
export { clippedLogVariances, qPosterior } from './posterior.js';
export { ddpm, type Process, processOf } from './process.js';
export { respace } from './respacing.js';
export { sampler, type Sampler, type SamplerParts, type StepInputs } from './sampler.js';
export { type Schedule, scheduleFromBetas } from './schedule.js';
export { ddimStride, sections, timestepRespacing } from './sections.js';
export {
  atSigmas,
  exponentialGrid,
  exponentialSigmas,
  karrasGrid,
  karrasSigmas,
  type SigmaRange,
} from './sigmaGrid.js';
export { type Integrator, type Leg, legsOf, type Moment, type SampleState, type Solver } from './solver.js';
export { entryAt } from './table.js';
export { stratifiedTimesteps, type TimestepDraw, uniformTimesteps } from './timestepDraw.js';
export { zeroTerminalSNR } from './zeroTerminalSNR.js';
