/**
 * tfjs's WebGPU kernels as shaders: a kernel is run on a device that records, and never on a real one.
 * What it would have dispatched is text and numbers, which depend on shapes alone; our own executor binds
 * it to our own memory, and runs it with all else in one list of commands.
 */
import { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import { env, getKernel, type NamedAttrMap, type TensorInfo } from '@tensorflow/tfjs-core';
import { raise, showShape } from '../../dsl/errors.js';
import { sizeOf } from '../../dsl/node.js';
import { listOf } from './tensors.js';

/** What a recorded dispatch is bound to, in the order of its bindings. */
export type RecordedBinding =
  | { readonly kind: 'operand'; readonly name: string }
  | { readonly kind: 'result' }
  /** A tensor between two dispatches of the kernel. */
  | { readonly kind: 'between'; readonly index: number }
  | { readonly kind: 'uniform'; readonly words: Uint32Array };

export interface RecordedDispatch {
  readonly code: string;
  readonly entryPoint: string;
  readonly bindings: readonly RecordedBinding[];
  readonly workgroups: readonly [number, number, number];
}

export interface Recording {
  readonly dispatches: readonly RecordedDispatch[];
  /** The elements of the tensors between. */
  readonly between: readonly number[];
}

/** Records a kernel on dense float32 operands of given shapes. */
export type Recorder = (
  name: 'BatchMatMul' | 'Conv2D',
  shapes: Readonly<Record<string, readonly number[]>>,
  attributes: NamedAttrMap,
) => Recording;

/** A buffer of the device that records: only what tfjs looks at. */
interface FakeBuffer {
  readonly size: number;
  readonly usage: number;
  readonly mapState: 'unmapped';
  readonly destroy: () => void;
  words: Uint32Array | null;
}

interface FakePipeline {
  readonly code: string;
  readonly entryPoint: string;
  readonly getBindGroupLayout: () => null;
}

/** What tfjs binds: a buffer as it is, or in a record. */
type Bound = { readonly buffer: FakeBuffer } | FakeBuffer;

interface Raw {
  readonly pipeline: FakePipeline;
  readonly bound: readonly (readonly [FakeBuffer, Uint32Array | null])[];
  readonly workgroups: readonly [number, number, number];
}

const fakeBuffer = (size: number, usage: number): FakeBuffer => ({
  size,
  usage,
  mapState: 'unmapped',
  destroy: () => undefined,
  words: null,
});

const recordingDevice = (mostWorkgroups: number) => {
  const dispatched: Raw[] = [];
  const queue = {
    writeBuffer: (buffer: FakeBuffer, _offset: number, data: ArrayBuffer) => {
      buffer.words = new Uint32Array(data.slice(0));
    },
    submit: () => undefined,
  };
  const beginComputePass = () => {
    let pipeline: FakePipeline | null = null;
    let bound: Raw['bound'] = [];
    return {
      setPipeline: (given: FakePipeline) => {
        pipeline = given;
      },
      setBindGroup: (_: number, group: Raw['bound']) => {
        bound = group;
      },
      dispatchWorkgroups: (x: number, y = 1, z = 1) => {
        dispatched.push({ pipeline: pipeline!, bound, workgroups: [x, y, z] });
      },
      end: () => undefined,
    };
  };
  const device = {
    limits: { maxComputeWorkgroupsPerDimension: mostWorkgroups },
    features: new Set<string>(),
    queue,
    createBuffer: ({ size, usage }: { readonly size: number; readonly usage: number }) =>
      fakeBuffer(size, usage),
    createShaderModule: ({ code }: { readonly code: string }) => code,
    createComputePipeline: ({
      compute: { module, entryPoint },
    }: {
      readonly compute: { readonly module: string; readonly entryPoint: string };
    }): FakePipeline => ({ code: module, entryPoint, getBindGroupLayout: () => null }),
    // buffers of uniforms are used again: their numbers are those of this moment
    createBindGroup: ({
      entries,
    }: {
      readonly entries: readonly { readonly resource: Bound }[];
    }): Raw['bound'] =>
      entries.map(({ resource }) => {
        const buffer = 'buffer' in resource ? resource.buffer : resource;
        return [buffer, buffer.words];
      }),
    createCommandEncoder: () => ({ beginComputePass, finish: () => null }),
  };
  return { device, dispatched };
};

/** Names that tfjs expects to be global, as in a browser; where they are missing they are there for its time alone. */
const GLOBALS: Readonly<Record<string, unknown>> = {
  navigator: { gpu: {} },
  GPUBuffer: function GPUBuffer() {},
  GPUTexture: function GPUTexture() {},
  GPUBufferUsage: { MAP_READ: 1, MAP_WRITE: 2, COPY_SRC: 4, COPY_DST: 8, UNIFORM: 64, STORAGE: 128 },
};

const withGlobals = <A>(work: () => A): A => {
  const before = Object.keys(GLOBALS).map(
    (name) => [name, Object.getOwnPropertyDescriptor(globalThis, name)] as const,
  );
  for (const [name, value] of Object.entries(GLOBALS)) {
    const found = (globalThis as Record<string, unknown>)[name];
    // a Node that has a navigator has no gpu there
    if (found === undefined || (name === 'navigator' && (found as { gpu?: unknown }).gpu === undefined))
      Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
  }
  try {
    return work();
  } finally {
    for (const [name, descriptor] of before) {
      if (descriptor === undefined) Reflect.deleteProperty(globalThis, name);
      else Object.defineProperty(globalThis, name, descriptor);
    }
  }
};

/**
 * One of tfjs's ways to multiply, tiles in registers and workgroup memory: the others are for few results, and of
 * these one adds up with atomics, in any order.
 */
const PACKED = 3;

/** Sets flags of tfjs, which are global, for a time. */
const withFlags = <A>(work: () => A): A => {
  const before = env().get('WEBGPU_MATMUL_PROGRAM_TYPE');
  env().set('WEBGPU_MATMUL_PROGRAM_TYPE', PACKED);
  try {
    return work();
  } finally {
    env().set('WEBGPU_MATMUL_PROGRAM_TYPE', before);
  }
};

/** tfjs throws where a kernel takes more workgroups than it can spread: an error value says so. */
const withinLimits = <A>(
  name: string,
  shapes: Readonly<Record<string, readonly number[]>>,
  most: number,
  work: () => A,
): A => {
  try {
    return work();
  } catch (thrown) {
    if (!(thrown instanceof Error) || !/dispatch size exceeds/i.test(thrown.message)) throw thrown;
    return raise('BackendFailure', {
      where: name,
      expected: `at most ${most} workgroups in each dimension (maxComputeWorkgroupsPerDimension)`,
      actual: `more, for ${Object.values(shapes).map(showShape).join(' and ')}`,
      hint: 'use a smaller batch or smaller images',
    });
  }
};

/** What of tfjs's table of tensors is used here; its types keep it private. */
interface Tensors {
  readonly tensorMap: { readonly get: (id: object) => { resource: unknown } };
}

/** A recorder of kernels as tfjs would run them on an adapter. */
export const createRecorder = (adapter: {
  readonly info: { readonly vendor: string; readonly architecture: string };
  readonly maxComputeWorkgroupsPerDimension: number;
}): Recorder => {
  const { device, dispatched } = recordingDevice(adapter.maxComputeWorkgroupsPerDimension);
  // the fake device has what tfjs calls, and the info what it asks for
  const backend = withGlobals(
    () => new WebGPUBackend(device as unknown as GPUDevice, adapter.info as GPUAdapterInfo),
  );
  const { tensorMap } = backend as unknown as Tensors;
  const recorded = new Map<string, Recording>();

  const record: Recorder = (name, shapes, attributes) => {
    const operands = new Map<unknown, string>();
    const inputs: Record<string, TensorInfo> = {};
    for (const [argument, shape] of Object.entries(shapes)) {
      const tensor = backend.makeTensorInfo([...shape], 'float32');
      const buffer = fakeBuffer(4 * sizeOf(shape), 128);
      tensorMap.get(tensor.dataId).resource = buffer;
      operands.set(buffer, argument);
      inputs[argument] = tensor;
    }
    const [result] = withGlobals(() =>
      withFlags(() =>
        withinLimits(name, shapes, adapter.maxComputeWorkgroupsPerDimension, () =>
          listOf(getKernel(name, 'webgpu').kernelFunc({ inputs, backend, attrs: attributes })),
        ),
      ),
    );
    const resultBuffer = tensorMap.get(result!.dataId).resource;
    const between: FakeBuffer[] = [];
    const bindingOf = ([buffer, words]: Raw['bound'][number]): RecordedBinding => {
      const operand = operands.get(buffer);
      if (operand !== undefined) return { kind: 'operand', name: operand };
      if (buffer === resultBuffer) return { kind: 'result' };
      if (words !== null) return { kind: 'uniform', words };
      if (!between.includes(buffer)) between.push(buffer);
      return { kind: 'between', index: between.indexOf(buffer) };
    };
    const dispatches = dispatched.map(
      ({ pipeline: { code, entryPoint }, bound, workgroups }): RecordedDispatch => ({
        code,
        entryPoint,
        bindings: bound.map(bindingOf),
        workgroups,
      }),
    );
    dispatched.length = 0;
    // the operands are ours, and their buffers must not come up as those of other tensors
    for (const { dataId } of Object.values(inputs)) tensorMap.get(dataId).resource = null;
    withGlobals(() => {
      for (const { dataId } of [...Object.values(inputs), result!]) backend.disposeData(dataId, true);
    });
    return { dispatches, between: between.map(({ size }) => size / 4) };
  };

  return (name, shapes, attributes) => {
    const key = JSON.stringify([name, shapes, attributes]);
    const known = recorded.get(key) ?? record(name, shapes, attributes);
    recorded.set(key, known);
    return known;
  };
};
