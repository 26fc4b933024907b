/** Runs plans on a device. Bindings are prepared beforehand; a run submits one command buffer. */
import type { KeyWords } from '../../../dsl/plan/backend.js';
import type { NoisefoldError } from '../../../internal/errors.js';
import { offsetOf, type Plan } from '../../../dsl/plan/plan.js';
import { E, type either } from '../../../internal/fp.js';
import { type Execution, nameOf } from '../../shared/executor.js';
import type { Memory } from '../../shared/memory.js';
import { evaluateKey } from '../../shared/random.js';
import { bindGroupsOf } from './bindGroups.js';
import type { GpuKernel } from './dispatch.js';
import { type Gpu, submit } from './gpu.js';
import type { GpuSpace } from './gpuSpace.js';
import { overLimits } from './limits.js';
import type { Pipeline, Pipelines } from './pipelines.js';
import { memoryLayoutOf } from './memoryLayout.js';
import { profile } from './profile.js';
import { layOutResources, reserveBlocks, type Resources, writeConstants } from './resources.js';

/** A dispatch that is ready to encode. */
interface PreparedDispatch {
  readonly pipeline: GPUComputePipeline;
  readonly group: () => GPUBindGroup;
  readonly workgroups: readonly [number, number, number];
}

/** Objects that all plans on a device share. */
export interface DeviceContext {
  readonly gpu: Gpu;
  readonly space: GpuSpace;
  readonly memory: Memory;
  readonly pipelines: Pipelines;
}

/** Maximum number of submitted runs that the device has not finished. Each of them may hold buffers. */
const MAX_RUNS_IN_PROGRESS = 8;

/** Makes a function that waits while too many runs are in progress. */
const createThrottle = (device: GPUDevice): (() => Promise<void>) => {
  const inProgress: Promise<unknown>[] = [];
  return async () => {
    inProgress.push(device.queue.onSubmittedWorkDone().catch(() => undefined));
    if (inProgress.length > MAX_RUNS_IN_PROGRESS) await inProgress.shift();
  };
};

/** Compiles the shaders of a plan, reserves its memory and binds its kernels. */
export const gpuExecution = async (
  plan: Plan,
  kernels: readonly GpuKernel[],
  context: DeviceContext,
): Promise<either.Either<NoisefoldError, Execution>> => {
  const { gpu, space, memory, pipelines } = context;
  const memoryLayout = memoryLayoutOf(plan, kernels, gpu.alignment);
  const excess = overLimits(plan, kernels, memoryLayout, gpu.device.limits);
  if (excess !== null) return E.left(excess);
  const dispatches = kernels.flatMap((kernel, k) =>
    kernel.dispatches.map((dispatch) => ({ dispatch, where: nameOf(plan.calls[k]!) })),
  );
  const compilation = await pipelines.compile(dispatches);
  if (E.isLeft(compilation)) return compilation;
  const blocks = await reserveBlocks(memoryLayout, memory);
  if (E.isLeft(blocks)) return blocks;
  const resources = layOutResources(memoryLayout, blocks.right, memory);
  if (E.isLeft(resources)) return resources;
  let execution: Execution | null = null;
  const failure = await gpu.guarded('compile', () => {
    writeConstants(plan, resources.right, gpu, space);
    execution = bindPlan({ plan, kernels, context, resources: resources.right }, compilation.right);
  });
  const result = execution as Execution | null; // assigned in the callback above
  if (failure === null && result !== null) return E.right(result);
  resources.right.release();
  return E.left(failure!);
};

/** A plan and the resources that its runs use. */
interface Bound {
  readonly plan: Plan;
  readonly kernels: readonly GpuKernel[];
  readonly context: DeviceContext;
  readonly resources: Resources;
}

/** Makes a function that writes keys, and the numbers that the host generates from them, to device memory. */
const keyWriter =
  ({ kernels, context: { gpu, space }, resources: { addresses, memoryLayout } }: Bound, keys: readonly KeyWords[]) =>
  (): void => {
    const { queue } = gpu.device;
    const own = memoryLayout.keys.flatMap((place) => (place === null ? [] : [place]));
    if (own.length === 0) return;
    const words = new Uint32Array((own.at(-1)!.offset + 8) / 4);
    kernels.forEach(({ key, hostNumbers }, k) => {
      if (key === undefined) return;
      const evaluated = evaluateKey(key, keys);
      words.set(evaluated, memoryLayout.keys[k]!.offset / 4);
      if (hostNumbers === undefined) return;
      const numbers = new Int32Array(hostNumbers.elements);
      hostNumbers.generate(evaluated, numbers);
      const { owner, offset } = memoryLayout.hostNumbers[k]!;
      queue.writeBuffer(space.bufferAt(addresses[owner]!), offset, numbers);
    });
    queue.writeBuffer(space.bufferAt(addresses[own[0]!.owner]!), 0, words);
  };

const dispatchAll = (pass: GPUComputePassEncoder, all: readonly PreparedDispatch[]): void => {
  for (const { pipeline, group, workgroups } of all) {
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, group());
    pass.dispatchWorkgroups(workgroups[0], workgroups[1], workgroups[2]);
  }
};

/** The dispatches of each kernel. */
const preparedOf = (
  { kernels, context: { gpu, space }, resources }: Bound,
  pipelines: readonly Pipeline[],
): readonly (readonly PreparedDispatch[])[] => {
  const { ranges } = resources.memoryLayout;
  let next = 0;
  return kernels.map(({ dispatches }, k) =>
    dispatches.map(({ workgroups }, d) => {
      const pipeline = pipelines[next++]!;
      const group = bindGroupsOf(gpu.device, space, resources, pipeline, ranges[k]![d]!);
      return { pipeline: pipeline.pipeline, group, workgroups };
    }),
  );
};

/** The commands of a plan. */
const commandsOf = (bound: Bound, pipelines: readonly Pipeline[]) => {
  const { plan, kernels, context, resources } = bound;
  const { space } = context;
  const { addresses, memoryLayout } = resources;
  const prepared = preparedOf(bound, pipelines);

  /** Copies the numbers that the host generates for a call, if there are any. */
  const copyHostNumbers = (encoder: GPUCommandEncoder, k: number): void => {
    const { hostNumbers } = kernels[k]!;
    if (hostNumbers === undefined) return;
    const { buffer, offset: at, elements } = hostNumbers;
    const { owner, offset } = memoryLayout.hostNumbers[k]!;
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

  /** Encodes all calls in one compute pass. A copy ends the pass, because it cannot be part of one. */
  const encode = (encoder: GPUCommandEncoder): void => {
    let pass: GPUComputePassEncoder | null = null;
    prepared.forEach((all, k) => {
      if (kernels[k]!.hostNumbers !== undefined) {
        pass?.end();
        pass = null;
        copyHostNumbers(encoder, k);
      }
      if (all.length > 0) dispatchAll((pass ??= encoder.beginComputePass()), all);
    });
    (pass as GPUComputePassEncoder | null)?.end(); // assigned in the callback above
  };

  return { prepared, copyHostNumbers, encode };
};

/** Encodes a call in its own pass, to measure it. */
const encoderOfCalls =
  ({ prepared, copyHostNumbers }: ReturnType<typeof commandsOf>) =>
  (encoder: GPUCommandEncoder, k: number, about?: GPUComputePassDescriptor): void => {
    copyHostNumbers(encoder, k);
    const pass = encoder.beginComputePass(about);
    dispatchAll(pass, prepared[k]!);
    pass.end();
  };

/** Binds the kernels of a plan to its memory. */
const bindPlan = (bound: Bound, pipelines: readonly Pipeline[]): Execution => {
  const { plan, kernels, context, resources } = bound;
  const { gpu } = context;
  const { device } = gpu;
  const { addresses } = resources;
  const keys: KeyWords[] = [];
  const writeKeys = keyWriter(bound, keys);
  const commands = commandsOf(bound, pipelines);
  const throttle = createThrottle(device);

  const failedAs = (error: NoisefoldError | null) => (error === null ? null : { at: plan.calls.length, error });

  const run = async (): Promise<ReturnType<typeof failedAs>> => {
    const failure = gpu.guarded('run', () => {
      writeKeys();
      submit(device, commands.encode);
    });
    await throttle();
    return failedAs(await failure);
  };

  const measured = async (milliseconds: number[]): Promise<ReturnType<typeof failedAs>> =>
    failedAs(
      await profile({ gpu, calls: kernels.length, writeKeys, encodeCall: encoderOfCalls(commands) }, milliseconds),
    );

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
      return milliseconds === null ? run() : measured(milliseconds);
    },
    release: resources.release,
  };
};
