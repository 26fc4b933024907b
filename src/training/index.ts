/** `noisefold/training`: fit, sample, checkpoints, data. */
export {
  type Batch,
  type Bytes,
  type DataFor,
  type Dataset,
  type NamedDataset,
  type Names,
  datasetOf,
  type ImageExtents,
  type ImageShape,
  type ImageShapeOf,
  pixelOf,
} from '../data/dataset.js';
export { positionsOf } from '../data/batches.js';
export {
  augmented,
  type Augmentation,
  type CropOptions,
  type FlipOptions,
  hostUniform,
  type ImagePixels,
  randomCrop,
  randomFlip,
} from '../data/augmented.js';
export { type Cell, type Lists, listsOf } from '../data/hostRows.js';
export { imageFolder, type ImageFiles, type ImageOptions } from '../data/imageFolder.js';
export { imagesAt } from '../data/imagesAt.js';
export { imagesOfFiles, type PictureFile } from '../data/imagesOfFiles.js';
export type { LabelOf, Labelling } from '../data/labelling.js';
export type { PictureChannels, PictureOptions, Size } from '../data/pictures.js';
export type { Coupling, ImagesToCouple } from './couplings/coupling.js';
export { optimalTransport } from './couplings/optimalTransport.js';
export { randomImages } from './couplings/randomImages.js';
export { type ReflowPairs, reflowPairs, type ReflowSampling } from './couplings/reflowPairs.js';
export { fit, type Fit } from './fit/fit.js';
export type { Explosion } from './warnings/lossSpike.js';
export type { HeldOut, Training } from './fit/training.js';
export type { Initial } from './fit/initial.js';
export type { AnyRecipe, Average, Given, Learnable, ObjectiveOf, Recipe } from './fit/recipe.js';
export { startTraining, type TrainingRun } from './fit/run.js';
export type { TrainEvent } from './fit/trainEvent.js';
export type {
  HostClasses,
  HostCondition,
  HostConditions,
  HostImages,
  HostNumbers,
  HostTokens,
  HostVectors,
} from '../conditions/hostValues.js';
export type { GivenBeginning, GivenKnown, GivenNoise } from './sample/givenImages.js';
export type { GivenNoises, NoiseAt, NoisePlace } from './sample/givenNoise.js';
export type { Images } from '../data/images.js';
export { encode, type Encoding } from './sample/encode.js';
export { sample } from './sample/sample.js';
export { type AdaptiveSamples, type AdaptiveSampling, sampleAdaptive } from './sample/sampleAdaptive.js';
export {
  prepareSampling,
  type Preparation,
  type PreparedSampling,
  type SampleRequest,
} from './sample/prepareSampling.js';
export type { Trained, TrainedClassifier, TrainedOf } from '../checkpoints/trained.js';
export { type BoundMeasuring, variationalBound } from './measure/variationalBound.js';
export type { DatasetBound } from './measure/boundSums.js';
export { type LikelihoodMeasuring, logLikelihoods, type LogLikelihoods } from './measure/logLikelihoods.js';
export { type AboutImages, datasetOfImages } from '../data/imageData.js';
export type { Measuring } from './measure/measuring.js';
export type { Preview, Sampling } from './sample/sampling.js';
export type { StopSignal } from '../internal/stop.js';
export type { Examples } from './fit/accumulation.js';
export {
  heldOutLosses,
  initialState,
  parametersOf,
  type Report,
  trainState,
  type TrainState,
  trainStep,
  type TrainStepInputs,
  type TrainStepResult,
} from './fit/trainState.js';
export { type FirstLosses, readTensors, type Snapshot, uploadTensors } from '../checkpoints/snapshot.js';
export { postHocAverage, type PostHoc } from '../checkpoints/postHoc.js';
export { loadTensors, saveTensors } from '../checkpoints/tensorFiles.js';
export {
  type GivenClassifier,
  type GivenTrained,
  loadClassifier,
  loadTrained,
  saveTrained,
  type TrainedFileOptions,
} from '../checkpoints/trainedFiles.js';
export {
  decodeCheckpoint,
  encodeCheckpoint,
  findCheckpoint,
  loadCheckpoint,
  resumable,
  saveCheckpoint,
} from '../checkpoints/checkpoint.js';
export {
  decodeSafetensors,
  encodeSafetensors,
  type StoredTensor,
  type TensorFile,
} from '../formats/safetensors/safetensors.js';
export { type Cifar10, cifar10Classes, decodeCifar10 } from '../formats/cifar10.js';
export { halvesOf } from '../internal/numerics/toFloat16.js';
export { gunzip } from '../formats/bytes/gzip.js';
export { decodeNpy, decodeNpz, type NpyArray, type NpyData, type NpzOptions } from '../formats/npy.js';
export {
  type ArrayData,
  type Cifar10Data,
  datasetOfArrays,
  type NpzNames,
  readCifar10,
  readNpy,
  readNpz,
  readNpzDataset,
} from '../data/arrayFiles.js';
export { type ByteArray, decodeIdx, type IdxChunk, streamIdx } from '../formats/idx.js';
export { readIdx, readIdxChunks, readIdxDataset } from '../data/idxFile.js';
export { imageGrid, type ImageGridOptions, type ImageBatch } from '../reports/imageGrid.js';
export { encodePng, type Picture } from '../formats/png.js';
export { decodeMetrics, decodeMetricsLog, encodeMetrics, type Metrics } from '../reports/metrics.js';
export { lossChart, type LossChartOptions } from '../reports/lossChart.js';
export { appendLine, fileExists, readBytes, writeAtomically } from '../node/files.js';
export { fitIn, fitInFolder, type FitInFolder, type Saving } from './fit/fitInFolder.js';
export { type Opening, openRunFolder, type RunFolder } from '../checkpoints/runFolder.js';
export { type SignalStop, stopOnSignals } from '../node/stopOnSignals.js';
