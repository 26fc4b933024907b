/** Test helper: runs shaders in Node on the adapter that Dawn finds, if there is one. */
import type { KeyWords } from '../../../dsl/plan/backend.js';
import type { Binding, Shader, ShaderLimits } from './shader.js';

export type NumberArray = Float32Array | Int32Array;

/** An adapter, with functions that run shaders on it. */
export interface Dawn {
  readonly description: string;
  readonly limits: ShaderLimits;
  /**
   * Runs the shaders and returns the contents of each buffer. `places` gives the memory and the offset, in elements, of
   * each buffer; several buffers may share memory.
   */
  readonly run: (
    shaders: readonly Shader[],
    arrays: readonly NumberArray[],
    places?: readonly MemoryPlace[],
    key?: KeyWords,
  ) => Promise<readonly NumberArray[]>;
  readonly close: () => void;
}

export interface MemoryPlace {
  readonly memory: string;
  readonly offset: number;
}

const BYTES = 4;
const VECTOR = 16;
const roundedUp = (n: number, to: number): number => Math.ceil(n / to) * to;

/** GPU instances in use. Garbage collection of an instance would destroy its devices. */
const held: Set<GPU> = new Set();

const deviceOf = async (): Promise<GPUDevice | null> => {
  try {
    const { create, globals } = await import('webgpu');
    Object.assign(globalThis, globals);
    const gpu = create([]);
    held.add(gpu);
    const adapter = await gpu.requestAdapter();
    if (adapter === null) return null;
    const { maxStorageBuffersPerShaderStage, maxStorageBufferBindingSize, maxBufferSize } = adapter.limits;
    return await adapter.requestDevice({
      requiredLimits: { maxStorageBuffersPerShaderStage, maxStorageBufferBindingSize, maxBufferSize },
    });
  } catch {
    return null; // the package or the driver is missing
  }
};

const limitsOf = ({ limits }: GPUDevice): ShaderLimits => ({
  maxStorageBuffersPerShaderStage: limits.maxStorageBuffersPerShaderStage,
  maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize,
  maxComputeWorkgroupsPerDimension: limits.maxComputeWorkgroupsPerDimension,
  maxComputeInvocationsPerWorkgroup: limits.maxComputeInvocationsPerWorkgroup,
  maxComputeWorkgroupStorageSize: limits.maxComputeWorkgroupStorageSize,
});

/** Acquires the default adapter; null if there is none, and in `npm test`, which leaves GPU tests to `npm run test:all`. */
export const dawn = async (): Promise<Dawn | null> => {
  if (process.env['NOISEFOLD_TESTS'] !== 'all') return null;
  const device = await deviceOf();
  if (device === null) return null;
  const pipelines = new Map<string, GPUComputePipeline>();
  const pipelineOf = async (code: string): Promise<GPUComputePipeline> => {
    const known = pipelines.get(code);
    if (known !== undefined) return known;
    device.pushErrorScope('validation');
    const module = device.createShaderModule({ code });
    const pipeline = device.createComputePipeline({
      layout: 'auto',
      compute: { module, entryPoint: 'main' },
    });
    const error = await device.popErrorScope();
    if (error !== null) throw new Error(`${error.message}\n${code}`);
    pipelines.set(code, pipeline);
    return pipeline;
  };

  const prepared = async (
    shaders: readonly Shader[],
    arrays: readonly NumberArray[],
    places: readonly MemoryPlace[],
    key: KeyWords,
  ) => {
    const sizes = new Map<string, number>();
    arrays.forEach((array, b) => {
      const { memory, offset } = places[b]!;
      const end = roundedUp(BYTES * (offset + array.length), VECTOR);
      sizes.set(memory, Math.max(end, VECTOR, sizes.get(memory) ?? 0));
    });
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC;
    const buffers = new Map([...sizes].map(([memory, size]) => [memory, device.createBuffer({ size, usage })]));
    arrays.forEach((array, b) => {
      const { memory, offset } = places[b]!;
      // the first buffer at a place provides its contents
      const isFirst = places.findIndex((p) => p.memory === memory && p.offset === offset) === b;
      if (isFirst) device.queue.writeBuffer(buffers.get(memory)!, BYTES * offset, array as NumberArray & ArrayBufferView<ArrayBuffer>); // oxfmt-ignore
    });
    const scratch = Math.max(VECTOR, ...shaders.flatMap(({ bindings }) => bindings.map((b) => (b.kind === 'scratch' ? roundedUp(BYTES * b.elements, VECTOR) : 0)))); // oxfmt-ignore
    const working = device.createBuffer({ size: scratch, usage });
    const words = device.createBuffer({ size: 8, usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST });
    device.queue.writeBuffer(words, 0, Uint32Array.of(key[0], key[1]));
    const resource = (binding: Binding): GPUBufferBinding => {
      if (binding.kind === 'scratch') return { buffer: working };
      if (binding.kind === 'key') return { buffer: words };
      const all = binding.buffers.map((b) => ({ ...places[b]!, end: places[b]!.offset + arrays[b]!.length }));
      const start = Math.min(...all.map(({ offset }) => offset));
      const end = Math.max(...all.map((place) => place.end));
      const size = Math.max(VECTOR, roundedUp(BYTES * (end - start), VECTOR));
      return { buffer: buffers.get(all[0]!.memory)!, offset: BYTES * start, size };
    };
    const steps: { readonly pipeline: GPUComputePipeline; readonly group: GPUBindGroup; readonly grid: Shader['workgroups'] }[] = []; // oxfmt-ignore
    for (const { code, bindings, workgroups } of shaders) {
      const pipeline = await pipelineOf(code);
      const group = device.createBindGroup({
        layout: pipeline.getBindGroupLayout(0),
        entries: bindings.map((binding, b) => ({ binding: b, resource: resource(binding) })),
      });
      steps.push({ pipeline, group, grid: workgroups });
    }
    const encode = (encoder: GPUCommandEncoder): void => {
      const pass = encoder.beginComputePass();
      for (const { pipeline, group, grid } of steps) {
        pass.setPipeline(pipeline);
        pass.setBindGroup(0, group);
        pass.dispatchWorkgroups(...grid);
      }
      pass.end();
    };
    const destroy = (): void => [...buffers.values(), working, words].forEach((buffer) => buffer.destroy());
    return { buffers, encode, destroy };
  };

  const apart = (arrays: readonly NumberArray[]): readonly MemoryPlace[] =>
    arrays.map((_, b) => ({ memory: `${b}`, offset: 0 }));

  const checked = async <A>(work: () => Promise<A>): Promise<A> => {
    device.pushErrorScope('validation');
    const result = await work();
    const error = await device.popErrorScope();
    if (error !== null) throw new Error(error.message);
    return result;
  };

  return {
    description: device.adapterInfo.description,
    limits: limitsOf(device),
    run: (shaders, arrays, places = apart(arrays), key = [0, 0]) =>
      checked(async () => {
        const { buffers, encode, destroy } = await prepared(shaders, arrays, places, key);
        const encoder = device.createCommandEncoder();
        encode(encoder);
        const readers = new Map<string, GPUBuffer>();
        for (const [memory, buffer] of buffers) {
          const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST;
          const reader = device.createBuffer({ size: buffer.size, usage });
          encoder.copyBufferToBuffer(buffer, 0, reader, 0, buffer.size);
          readers.set(memory, reader);
        }
        device.queue.submit([encoder.finish()]);
        const bytes = new Map<string, ArrayBuffer>();
        for (const [memory, reader] of readers) {
          await reader.mapAsync(GPUMapMode.READ);
          bytes.set(memory, reader.getMappedRange().slice(0));
          reader.destroy();
        }
        destroy();
        return arrays.map((array, b) => {
          const { memory, offset } = places[b]!;
          const all = bytes.get(memory)!;
          return array instanceof Float32Array
            ? new Float32Array(all, BYTES * offset, array.length)
            : new Int32Array(all, BYTES * offset, array.length);
        });
      }),
    close: () => {
      device.destroy();
      held.clear(); // otherwise Node does not exit
    },
  };
};
