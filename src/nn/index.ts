/** `noisefold/nn`: layers, the U-Net, and how it is trained: optimisers, learning rates, averages. */
export {
  allOnes,
  allZeros,
  type FanIn,
  fanInNormal,
  fanInUniform,
  type Initializer,
  normalOf,
} from './initializers.js';
export { collect, type TrainableLayer, parameter, type ParamsOf, type Trainable } from './layer.js';
export { linearLayer, type LinearLayer } from './linear.js';
export { convLayer, type ConvLayer, type ConvParams } from './conv.js';
export { groupNormLayer, type GroupNormLayer } from './groupNorm.js';
export { downsampleLayer, type DownsampleLayer, upsampleLayer, type UpsampleLayer } from './sampling.js';
export { dropout } from './dropout.js';
export {
  classEmbedding,
  type ClassEmbeddingParams,
  type EmbeddingLayer,
  type Sinusoid,
  sinusoidTable,
  timeEmbedding,
  type TimeEmbeddingParams,
} from './embedding.js';
export { residualBlock, type ResidualBlock, type ResidualBlockParams } from './residualBlock.js';
export { attentionBlock, type AttentionBlock, type AttentionBlockParams } from './attentionBlock.js';
export { unetBlock, type UNetBlock, type UNetBlockParams } from './unetBlock.js';
export type { UNetCondition, UNetConditioning, UNetEmbeddingParams } from './unetConditioning.js';
export {
  type Heads,
  unetArchitecture,
  type UNetArchitecture,
  type UNetConditionConfig,
  type UNetConfig,
} from './unetConfig.js';
export { unet, type UNet, type UNetLevelParams, type UNetOutputs, type UNetParams } from './unet.js';
export { type LearningRate, cosineDecay, rateAt, type Step, warmup } from './learningRate.js';
export {
  chain,
  type GradientTransformation,
  type Optimizer,
  optimizerOf,
  type OptimizerState,
  type Updated,
} from './optimizer.js';
export { type Learned, type LearnedSpec, learner, type Learner } from './learner.js';
export { adam, type AdamConfig } from './adam.js';
export { adamw, type AdamWConfig } from './adamw.js';
export { clipByGlobalNorm, globalNorm } from './clip.js';
export { ema, emaDecay } from './ema.js';
