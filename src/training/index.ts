/** `noisefold/training`: fit, sample, checkpoints, data. */
export {
  type Batch,
  type Bytes,
  type Dataset,
  datasetOf,
  type Image,
  type ImageExtents,
  type ImageShape,
  pixelOf,
} from './dataset.js';
export { positionsOf } from './batches.js';
export { fit, type Fit } from './fit.js';
export type { HeldOut, Training } from './training.js';
export type { Recipe } from './recipe.js';
export { startTraining, type TrainingRun } from './run.js';
export type { TrainEvent } from './trainEvent.js';
export type { GivenCondition } from './conditions.js';
export type { GivenBeginning, GivenKnown, GivenNoise } from './givenImages.js';
export type { Images } from './images.js';
export { encode, type Encoding } from './encode.js';
export { sample } from './sample.js';
export type { Trained } from './trained.js';
export { type BoundMeasuring, variationalBound } from './variationalBound.js';
export type { DatasetBound } from './boundSums.js';
export { type LikelihoodMeasuring, logLikelihoods, type LogLikelihoods } from './logLikelihoods.js';
export { type AboutImages, datasetOfImages } from './imageData.js';
export type { Measuring } from './measuring.js';
export type { Preview, Sampling } from './sampling.js';
export type { StopSignal } from '../internal/stop.js';
export {
  type Examples,
  heldOutLosses,
  initialState,
  parametersOf,
  type Report,
  type StepInputs,
  type StepResult,
  trainState,
  type TrainState,
  trainStep,
} from './trainState.js';
export { readTensors, type Snapshot, uploadTensors } from './snapshot.js';
export { loadTensors, saveTensors } from './tensorFiles.js';
export { decodeCheckpoint, encodeCheckpoint, loadCheckpoint, resumable, saveCheckpoint } from './checkpoint.js';
export { decodeSafetensors, encodeSafetensors, type StoredTensor, type TensorFile } from './safetensors.js';
export { type ByteArray, decodeIdx, type IdxChunk, streamIdx } from './idx.js';
export { readIdx, readIdxChunks, readIdxDataset } from './idxFile.js';
export { imageGrid, type ImageBatch } from './imageGrid.js';
export { encodePng, type Picture } from './png.js';
export { decodeMetrics, decodeMetricsLog, encodeMetrics, isLineBefore, type Metrics } from './metrics.js';
export { lossChart, type LossChartOptions } from './lossChart.js';
export { appendLine, fileExists, keepLines, readBytes, syncFile, writeAtomically } from './files.js';
