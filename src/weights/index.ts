/** Weights of other projects: their names and configurations, files and folders, and the schedulers of diffusers. */
export { guidedDiffusion, type GuidedDiffusionNames } from './names/guidedDiffusion.js';
export { diffusers } from './names/diffusers.js';
export { edmNames } from './names/edm.js';
export { guidedDiffusionConfig, type GuidedDiffusionOptions } from './configs/guidedDiffusionConfig.js';
export { guidedDiffusionClassifierConfig } from './configs/guidedDiffusionClassifierConfig.js';
export { diffusersConfig, type DiffusersOptions } from './configs/diffusersConfig.js';
export { diffusersConfigOf } from './configs/diffusersConfigOf.js';
export { edmConfig } from './configs/edmConfig.js';
export type { Translated } from './names/translated.js';
export { type Layout, theirShape, toOurs, toTheirs, type Weight } from './names/layout.js';
export type { Rows, WeightRow } from './names/rows.js';
export {
  type NamedModel,
  namesBy,
  type Naming,
  ownNames,
  type ParameterLeaf,
  type WeightEntry,
  type WeightTable,
} from './names/table.js';
export { renamedToOurs, renamedToTheirs, type Weights } from './names/rename.js';
export { describeReport, type Mismatched, type WeightReport } from './names/report.js';
export { type LoadableModel, type LoadedWeights, loadWeights, type LoadWeightsOptions } from './loadWeights.js';
export {
  type DiffusersScheduler,
  diffusersScheduler,
  type DiffusersSchedulerOptions,
} from './schedulers/diffusersScheduler.js';
export { type DiffusersFolder, loadDiffusers, type LoadedDiffusers } from './diffusers/loadDiffusers.js';
export { saveDiffusers, type SaveDiffusersOptions } from './diffusers/saveDiffusers.js';
export type { SchedulerSampling } from './schedulers/schedulerSettings.js';
export { saveWeights, type SaveWeightsOptions } from './saveWeights.js';
export { type FileInMemory, type WeightFiles, type WeightOptions, withWeights } from '../node/weights.js';
export type { OpenTensors, TensorInfo } from '../formats/safetensors/openTensors.js';
export type { BlobLike } from '../formats/bytes/source.js';
