/** Network R on a GPU, by WebGPU in Node. */
import { either as E } from 'fp-ts';
import { type Backend, using } from 'noisefold/dsl';
import { webgpu } from 'noisefold/backends/webgpu';
import { isSoftwareAdapter } from '../src/backends/webgpu/device/softwareAdapter.js';
import { offerWebGpu } from './dawn.js';
import { BATCH, networkR } from './network.js';
import { gpuJaxSection } from './sections/jax.js';
import { gpuRegionSection } from './sections/gpuRegion.js';
import { gpuSpeedSection, type Peak } from './sections/gpuSpeed.js';
import { orThrow, type Row } from './table.js';

export interface GpuOptions {
  readonly rounds: number;
  /** Null selects a size for the adapter. */
  readonly trainBatch: number | null;
  readonly trainRounds: number;
  readonly peak: Peak;
  /** The number of slowest calls to print. */
  readonly profiled: number;
}

export const webgpuRows = async ({
  rounds,
  trainBatch,
  trainRounds,
  peak,
  profiled,
}: GpuOptions): Promise<{ readonly adapter: string; readonly rows: readonly Row[] }> => {
  const info = await offerWebGpu();
  if (info === null) throw new Error('bench: WebGPU finds no adapter');
  const adapter = [info.vendor, info.architecture, info.device, info.description].filter(Boolean).join(', ');
  console.log(`adapter: ${adapter}`);
  const recipe = orThrow(networkR);
  const training = { batch: trainBatch ?? (isSoftwareAdapter(info) ? 1 : BATCH), rounds: trainRounds };
  const sections = (backend: Backend) => async (): Promise<E.Either<never, readonly Row[]>> =>
    E.right([
      ...(await gpuRegionSection(backend, rounds)),
      ...(await gpuJaxSection(backend, rounds)),
      ...(await gpuSpeedSection(backend, recipe, { rounds, training, peak, profiled })),
    ]);
  return { adapter, rows: orThrow(await using(webgpu())(sections)()) };
};
