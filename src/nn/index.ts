/** `noisefold/nn`: layers, the U-Net, and how it is trained: optimisers, learning rates, averages. */
export {
  allOnes,
  allZeros,
  type FanIn,
  fanInNormal,
  fanInUniform,
  type Initializer,
  normalOf,
} from './layers/initializers.js';
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
export { linearLayer, type LinearLayer } from './layers/linear.js';
export { convLayer, type ConvLayer, type ConvParams } from './layers/conv.js';
export { groupNormLayer, type GroupNormLayer } from './layers/groupNorm.js';
export {
  downsampleLayer,
  type DownsampleLayer,
  upsampleLayer,
  type UpsampleLayer,
} from './layers/sampling.js';
export { dropout } from './layers/dropout.js';
export {
  classEmbedding,
  type ClassEmbeddingParams,
  type EmbeddingLayer,
  type Sinusoid,
  sinusoidTable,
  timeEmbedding,
  type TimeEmbeddingParams,
} from './layers/embedding.js';
export {
  type Residual,
  residualBlock,
  type ResidualBlock,
  type ResidualBlockParams,
} from './blocks/residualBlock.js';
export { attentionBlock, type AttentionBlock, type AttentionBlockParams } from './blocks/attentionBlock.js';
export { unetBlock, type UNetBlock, type UNetBlockParams } from './blocks/unetBlock.js';
export type { UNetCondition, UNetConditioning, UNetEmbeddingParams } from './networks/unetConditioning.js';
export {
  type Heads,
  unetArchitecture,
  type UNetArchitecture,
  type UNetConditionConfig,
  type UNetConfig,
} from './networks/unetConfig.js';
export { unet, type UNet, type UNetLevelParams, type UNetOutputs, type UNetParams } from './networks/unet.js';
export {
  cosineDecay,
  type CosineDecay,
  type LearningRate,
  rateAt,
  type Step,
  warmup,
} from './optimizers/learningRate.js';
export {
  chain,
  type GradientTransformation,
  type Optimizer,
  optimizerOf,
  type OptimizerState,
  type Updated,
} from './optimizers/optimizer.js';
export { type Learned, type LearnedSpec, learner, type Learner } from './optimizers/learner.js';
export { adam, type AdamConfig } from './optimizers/adam.js';
export { adamw, type AdamWConfig } from './optimizers/adamw.js';
export { clipByGlobalNorm, globalNorm } from './optimizers/clip.js';
export { ema, emaDecay } from './optimizers/ema.js';
