/** `noisefold/nn`: layers, networks such as the U-Net, optimizers, learning rates and moving averages. */
export * from './layers/initializers.js';
export {
  type AnyLayer,
  type Bound,
  type Channels,
  type CheckedParts,
  layer,
  type Layer,
  parameter,
  type ParamsOf,
  type Trainable,
} from './layers/layer.js';
export {
  convLayer,
  type ConvLayer,
  type ConvParams,
  downsampleLayer,
  type DownsamplePadding,
  type DownsampleLayer,
  dropout,
  groupNormLayer,
  type GroupNormLayer,
  layerNormLayer,
  type LayerNormLayer,
  linearLayer,
  type LinearLayer,
  upsampleLayer,
  type UpsampleLayer,
} from './layers/layers.js';
export { attentionLayer, type AttentionLayer, type AttentionParams } from './layers/attention.js';
export * from './layers/embedding.js';
export { gegluLayer, type GegluLayer, type GegluParams } from './layers/geglu.js';
export type { Groups } from './layers/groups.js';
export type { Heads } from './layers/heads.js';
export { type Sinusoid, sinusoidTable, type TimeRange, type Times } from './layers/timeFeatures.js';
export * from './networks/attentionBlock.js';
export type { EncoderConfig, ImageDimensions } from './networks/encoderConfig.js';
export type { Filter } from './networks/resampling.js';
export {
  type BlockContext,
  downsampleBlock,
  type DownsampleBlock,
  type ResamplingBlockConfig,
  type ResamplingResidual,
  type Residual,
  residualBlock,
  type ResidualBlock,
  type ResidualBlockConfig,
  type ResidualBlockParams,
  upsampleBlock,
  type UpsampleBlock,
} from './networks/residualBlock.js';
export {
  type TokenContext,
  type TransformerBlock,
  transformerBlock,
  type TransformerBlockConfig,
  type TransformerBlockParams,
} from './networks/transformerBlock.js';
export * from './networks/unetBlock.js';
export * from './networks/attentionPool.js';
export {
  type ClassifierArchitecture,
  classifierArchitecture,
  type ClassifierConfig,
  type ClassifierParams,
  type EncoderClassifier,
  encoderClassifier,
} from './networks/encoderClassifier.js';
export * from './networks/presets.js';
export type { UNetConditioning, UNetEmbeddingParams } from './networks/unetConditioning.js';
export { unetArchitecture, type UNetArchitecture, type UNetConfig } from './networks/unetConfig.js';
export * from './networks/unet.js';
export type { TakesConditions } from '../conditions/marks.js';
export {
  cosineDecay,
  cosineRestarts,
  type CosineRestarts,
  type Decay,
  type LearningRate,
  linearDecay,
  piecewise,
  type Pieces,
  polynomialDecay,
  type PolynomialDecay,
  rateAt,
  type Scheduled,
  type Step,
  warmup,
  warmupFromZero,
} from './optimizers/learningRate.js';
export {
  chain,
  clipByGlobalNorm,
  globalNorm,
  type GradientTransformation,
  type Learned,
  type Learner,
  learner,
  type LearnedSpec,
  type Optimizer,
  optimizerOf,
  type OptimizerState,
  type Updated,
} from './optimizers/optimizer.js';
export { adam, type AdamConfig, adamw, type AdamWConfig } from './optimizers/adam.js';
export * from './optimizers/sgd.js';
export * from './optimizers/muon.js';
export * from './optimizers/groups.js';
export {
  type Averaging,
  ema,
  emaConstant,
  emaDecay,
  emaHalfLife,
  type EmaHalfLife,
  emaPower,
  emaWarmup,
  type EmaWarmup,
  gammaOf,
} from './optimizers/ema.js';
