/** `noisefold/nn`: layers, the U-Net, and how it is trained: optimisers, learning rates, averages. */
export * from './layers/initializers.js';
export {
  type Bound,
  type Channels,
  layer,
  type Layer,
  parameter,
  type ParamsOf,
  type Trainable,
} from './layers/layer.js';
export type { CheckedParts } from './layers/parts.js';
export * from './layers/linear.js';
export { convLayer, type ConvLayer, type ConvParams } from './layers/conv.js';
export * from './layers/groupNorm.js';
export * from './layers/sampling.js';
export { dropout } from './layers/dropout.js';
export * from './layers/embedding.js';
export { type Residual, residualBlock, type ResidualBlock, type ResidualBlockParams } from './blocks/residualBlock.js';
export * from './blocks/attentionBlock.js';
export * from './blocks/unetBlock.js';
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
export * from './optimizers/learner.js';
export { adam, type AdamConfig } from './optimizers/adam.js';
export * from './optimizers/adamw.js';
export * from './optimizers/clip.js';
export * from './optimizers/ema.js';
