/** `noisefold/nn`: layers, the U-Net, and how it is trained: optimisers, learning rates, averages. */
export * from './layers/initializers.js';
export {
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
  type DownsampleLayer,
  dropout,
  groupNormLayer,
  type GroupNormLayer,
  linearLayer,
  type LinearLayer,
  upsampleLayer,
  type UpsampleLayer,
} from './layers/layers.js';
export * from './layers/embedding.js';
export * from './networks/blocks.js';
export type { UNetCondition, UNetConditioning, UNetEmbeddingParams } from './networks/unetConditioning.js';
export {
  type Heads,
  unetArchitecture,
  type UNetArchitecture,
  type UNetConditionConfig,
  type UNetConfig,
} from './networks/unetConfig.js';
export * from './networks/unet.js';
export {
  cosineDecay,
  type CosineDecay,
  type LearningRate,
  rateAt,
  type Step,
  warmup,
} from './optimizers/learningRate.js';
export * from './optimizers/optimizer.js';
export * from './optimizers/adam.js';
export * from './optimizers/ema.js';
