/** Plans on a device: bound beforehand, and a run is one list of commands. */
import type { KeyWords } from '../../dsl/backend.js';
import type { NoisefoldError } from '../../dsl/errors.js';
import { offsetOf, type Plan } from '../../dsl/plan.js';
import { E, type either } from '../../internal/fp.js';
import { type Execution, nameOf } from '../shared/executor.js';
import type { Memory } from '../shared/memory.js';
import { evaluateKey } from '../shared/random.js';
import { bindGroupsOf } from './bindGroups.js';
import type { GpuKernel } from './dispatch.js';
import type { Gpu } from './gpu.js';
import type { GpuSpace } from './gpuSpace.js';
import { overLimits } from './limits.js';
import type { Pipeline, Pipelines } from './pipelines.js';
import { placesOf } from './places.js';
import { layOutResources, reserveBlocks, type Resources, writeConstants } from './resources.js';
import { createTimer, type Timer } from './timing.js';

/** A dispatch, ready to be encoded. */
interface Ready {
  readonly pipeline: GPUComputePipeline;
  readonly group: () => GPUBindGroup;
  readonly workgroups: readonly [number, number, number];
}

/** The parts that plans on a device share. */
export interface Workshop {
  readonly gpu: Gpu;
  readonly space: GpuSpace;
  readonly memory: Memory;
  readonly pipelines: Pipelines;
}

/** So many runs may wait for the device, each of which may hold buffers. */
const MOST_UNDER_WAY = 8;

/** Lets no more than so many runs be under way. */
const createThrottle = (device: GPUDevice): (() => Promise<void>) => {
  const underWay: Promise<unknown>[] = [];
  return async () => {
    underWay.push(device.queue.onSubmittedWorkDone().catch(() => undefined));
    if (underWay.length > MOST_UNDER_WAY) await underWay.shift();
  };
};

export const gpuExecution = async (
  plan: Plan,
  kernels: readonly GpuKernel[],
  workshop: Workshop,
): Promise<either.Either<NoisefoldError, Execution>> => {
  const { gpu, space, memory, pipelines } = workshop;
  const places = placesOf(plan, kernels, gpu.alignment);
  const excess = overLimits(plan, kernels, places, gpu.device.limits);
  if (excess !== null) return E.left(excess);
  const dispatches = kernels.flatMap((kernel, k) =>
    kernel.dispatches.map((dispatch) => ({ dispatch, where: nameOf(plan.calls[k]!) })),
  );
  const compiled = await pipelines.compile(dispatches);
  if (E.isLeft(compiled)) return compiled;
  const blocks = await reserveBlocks(places, memory);
  if (E.isLeft(blocks)) return blocks;
  const laid = layOutResources(places, blocks.right, memory);
  if (E.isLeft(laid)) return laid;
  let execution: Execution | null = null;
  const failed = await gpu.guarded('compile', () => {
    writeConstants(plan, laid.right, gpu, space);
    execution = bound(plan, kernels, workshop, compiled.right, laid.right);
  });
  const made = execution as Execution | null; // assigned in a function
  if (failed === null && made !== null) return E.right(made);
  laid.right.release();
  return E.left(failed!);
};

const bound = (
  plan: Plan,
  kernels: readonly GpuKernel[],
  { gpu, space }: Workshop,
  compiled: readonly Pipeline[],
  resources: Resources,
): Execution => {
  const { device } = gpu;
  const { addresses, places } = resources;
  const throttled = createThrottle(device);
  let next = 0;
  const ready = kernels.map(({ dispatches }, k) =>
    dispatches.map(({ workgroups }, d): Ready => {
      const pipeline = compiled[next++]!;
      const group = bindGroupsOf(device, space, resources, pipeline, places.ranges[k]![d]!);
      return { pipeline: pipeline.pipeline, group, workgroups };
    }),
  );
  const keys: KeyWords[] = [];

  /** Writes the keys, and what the host makes of them, to where the kernels find them. */
  const writeKeys = (): void => {
    const own = places.keys.flatMap((place) => (place === null ? [] : [place]));
    if (own.length === 0) return;
    const words = new Uint32Array((own.at(-1)!.offset + 8) / 4);
    kernels.forEach(({ key, made }, k) => {
      if (key === undefined) return;
      const evaluated = evaluateKey(key, keys);
      words.set(evaluated, places.keys[k]!.offset / 4);
      if (made === undefined) return;
      const numbers = new Int32Array(made.elements);
      made.make(evaluated, numbers);
      const { owner, offset } = places.made[k]!;
      device.queue.writeBuffer(space.bufferAt(addresses[owner]!), offset, numbers);
    });
    device.queue.writeBuffer(space.bufferAt(addresses[own[0]!.owner]!), 0, words);
  };

  const copyMade = (encoder: GPUCommandEncoder, k: number): void => {
    const { buffer, offset: at, elements } = kernels[k]!.made!;
    const { owner, offset } = places.made[k]!;
    const { storage } = plan.buffers[buffer]!;
    const target = 4 * (at + offsetOf(storage));
    encoder.copyBufferToBuffer(
      space.bufferAt(addresses[owner]!),
      offset,
      space.bufferAt(addresses[buffer]!),
      target,
      4 * elements,
    );
  };

  const dispatchAll = (pass: GPUComputePassEncoder, all: readonly Ready[]): void => {
    for (const { pipeline, group, workgroups } of all) {
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, group());
      pass.dispatchWorkgroups(workgroups[0], workgroups[1], workgroups[2]);
    }
  };

  /** All calls in one pass, but for copies, which no pass has. */
  const encode = (encoder: GPUCommandEncoder): void => {
    let pass: GPUComputePassEncoder | null = null;
    ready.forEach((all, k) => {
      if (kernels[k]!.made !== undefined) {
        pass?.end();
        pass = null;
        copyMade(encoder, k);
      }
      if (all.length > 0) dispatchAll((pass ??= encoder.beginComputePass()), all);
    });
    (pass as GPUComputePassEncoder | null)?.end(); // assigned in a function
  };

  /** A pass for each call, with its times. */
  const encodeTimed = (encoder: GPUCommandEncoder, timer: Timer): void => {
    ready.forEach((all, k) => {
      if (kernels[k]!.made !== undefined) copyMade(encoder, k);
      const pass = encoder.beginComputePass({ timestampWrites: timer.timestamps(k) });
      dispatchAll(pass, all);
      pass.end();
    });
    timer.resolve(encoder);
  };

  /** Each call submitted by itself: when it is done, and the one before it was, is its time. */
  const submitApart = (): readonly Promise<number>[] =>
    ready.map((all, k) => {
      const encoder = device.createCommandEncoder();
      if (kernels[k]!.made !== undefined) copyMade(encoder, k);
      const pass = encoder.beginComputePass();
      dispatchAll(pass, all);
      pass.end();
      device.queue.submit([encoder.finish()]);
      return device.queue.onSubmittedWorkDone().then(() => performance.now());
    });

  const submit = (encodeInto: (encoder: GPUCommandEncoder) => void): void => {
    const encoder = device.createCommandEncoder();
    encodeInto(encoder);
    device.queue.submit([encoder.finish()]);
  };

  const failedAs = (error: NoisefoldError | null) =>
    error === null ? null : { at: plan.calls.length, error };

  const run = async (): Promise<ReturnType<typeof failedAs>> => {
    const failed = gpu.guarded('run', () => {
      writeKeys();
      submit(encode);
    });
    await throttled();
    return failedAs(await failed);
  };

  const profile = async (milliseconds: number[]): Promise<ReturnType<typeof failedAs>> => {
    const started = performance.now();
    let timer: Timer | null = null;
    let done: readonly Promise<number>[] = [];
    const failed = gpu.guarded('profile', () => {
      writeKeys();
      if (device.features.has('timestamp-query')) {
        timer = createTimer(device, ready.length);
        submit((encoder) => encodeTimed(encoder, timer!));
      } else done = submitApart();
    });
    const error = await failed;
    if (error !== null) return failedAs(error);
    try {
      if (timer !== null) milliseconds.push(...(await (timer as Timer).read()));
      else (await Promise.all(done)).reduce((before, at) => (milliseconds.push(at - before), at), started);
      return null;
    } catch (thrown) {
      return failedAs(await gpu.rejected('profile', thrown));
    }
  };

  return {
    place: (buffer, address) => {
      addresses[buffer] = address;
    },
    setKey: (input, key) => {
      keys[input] = key;
    },
    run: (milliseconds) => {
      const loss = gpu.lost();
      if (loss !== null) return { at: -1, error: loss };
      return milliseconds === null ? run() : profile(milliseconds);
    },
    release: resources.release,
  };
};
