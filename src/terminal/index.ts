/** `noisefold/terminal`: progress on a terminal. */
export { progress, type Progress, type ProgressOptions } from './progress.js';
export type { Output } from './display.js';
