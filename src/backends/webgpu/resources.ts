/** Where the memory of a plan lies, and with it what its dispatches are bound to. */
import { fail, type NoisefoldError } from '../../dsl/errors.js';
import type { Plan } from '../../dsl/plan.js';
import { E, type either } from '../../internal/fp.js';
import { nameOf } from '../shared/executor.js';
import type { Memory } from '../shared/memory.js';
import type { GpuKernel, Resource } from './dispatch.js';
import type { Gpu } from './gpu.js';
import type { GpuSpace } from './gpuSpace.js';
import { write } from './transfer.js';

type Result<A> = either.Either<NoisefoldError, A>;

/** Some bytes of the memory that an owner has. */
export interface Range {
  /** An index into {@link Resources.addresses}. */
  readonly owner: number;
  readonly offset: number;
  readonly size: number;
}

export interface Resources {
  /** By the plan's buffers, and further owners: those of inputs and outputs change from run to run. */
  readonly addresses: number[];
  /** Whether the memory of an owner is always the same. */
  readonly isFixed: (owner: number) => boolean;
  /** By kernel, dispatch and binding. */
  readonly ranges: readonly (readonly (readonly Range[])[])[];
  /** By kernel: the place of its key; null where it has none. */
  readonly keys: readonly (Range | null)[];
  /** By kernel: the place for what the host makes for it. */
  readonly made: readonly (Range | null)[];
  readonly release: () => void;
}

/** Counts places in a block, each beginning where a binding may begin. */
const counter = (alignment: number) => {
  let end = 0;
  return {
    place: (elements: number): number => {
      const offset = end;
      end = Math.ceil((end + elements) / alignment) * alignment;
      return offset;
    },
    elements: () => end,
  };
};

/** A binding takes whole vectors of four elements. */
const VECTOR = 4;

/** A binding of a uniform begins at a multiple of so many elements on every device. */
const UNIFORM = 64;

const scratchOf = ({ dispatches }: GpuKernel): number =>
  dispatches
    .flatMap(({ bindings }) => bindings)
    .reduce(
      (most, { resource }) => (resource.kind === 'scratch' ? Math.max(most, resource.elements) : most),
      0,
    );

/** Reserves the arena, the constants and what else the kernels of a plan need, and writes the constants. */
export const layOutResources = async (
  plan: Plan,
  kernels: readonly GpuKernel[],
  gpu: Gpu,
  space: GpuSpace,
  memory: Memory,
): Promise<Result<Resources>> => {
  const { buffers } = plan;
  const [constants, uniforms, made] = [counter(gpu.alignment), counter(UNIFORM), counter(gpu.alignment)];
  /** A buffer without elements is bound all the same, to a place of its own. */
  const amongConstants = buffers.map(
    ({ storage, elements }) => storage.kind === 'constant' || (storage.kind === 'arena' && elements === 0),
  );
  const offsets = buffers.map(({ storage, elements }, b) => {
    if (amongConstants[b]) return constants.place(Math.max(VECTOR, elements));
    return storage.kind === 'arena' ? storage.offset : 0;
  });
  // the keys come first, so that one write before a run brings all of them
  const keyPlaces = kernels.map(({ key }) => (key === undefined ? null : uniforms.place(2)));
  const madePlaces = kernels.map((kernel) =>
    kernel.made === undefined ? null : made.place(kernel.made.elements),
  );
  const wordPlaces = new Map<string, { readonly place: number; readonly words: Uint32Array }>();
  for (const { dispatches } of kernels)
    for (const { bindings } of dispatches)
      for (const { resource } of bindings)
        if (resource.kind === 'uniform' && !wordPlaces.has(resource.words.join()))
          wordPlaces.set(resource.words.join(), {
            place: uniforms.place(resource.words.length),
            words: resource.words,
          });

  const scratch = kernels.reduce((most, kernel) => Math.max(most, scratchOf(kernel)), 0);
  const sizes = [plan.arenaElements, constants.elements(), scratch, uniforms.elements(), made.elements()];
  const blocks: (number | null)[] = [];
  const release = (): void => blocks.forEach((address) => address !== null && memory.unreserve(address));
  for (const elements of sizes) {
    const block = elements === 0 ? E.right(null) : await memory.reserve(elements);
    if (E.isLeft(block)) {
      release();
      return block;
    }
    blocks.push(block.right);
  }
  const [arena, constant, scratchBlock, uniform, madeBlock] = blocks.map((address) => address ?? -1);

  const addresses = buffers.map(({ storage }, b) => {
    if (amongConstants[b]) return constant!;
    return storage.kind === 'arena' ? arena! : -1; // inputs and outputs: placed before each run
  });
  const [SCRATCH, UNIFORMS, MADE] = [buffers.length, buffers.length + 1, buffers.length + 2];
  addresses.push(scratchBlock!, uniform!, madeBlock!);
  const isFixed = (owner: number): boolean => {
    const kind = buffers[owner]?.storage.kind;
    return kind !== 'input' && kind !== 'output';
  };

  const elementsRange = (owner: number, from: number, to: number): Range => ({
    owner,
    offset: 4 * from,
    size: 4 * Math.max(VECTOR, Math.ceil((to - from) / VECTOR) * VECTOR),
  });
  const rangeOf = (resource: Resource, kernel: number): Range => {
    switch (resource.kind) {
      case 'buffers': {
        const from = Math.min(...resource.buffers.map((b) => offsets[b]!));
        const to = Math.max(...resource.buffers.map((b) => offsets[b]! + buffers[b]!.elements));
        return elementsRange(resource.buffers[0], from, to);
      }
      case 'part': {
        // to the element: what tfjs reads beyond the end is then of the tensor, or nothing
        const { buffer, offset, elements } = resource;
        return { owner: buffer, offset: 4 * (offsets[buffer]! + offset), size: 4 * elements };
      }
      case 'scratch':
        return elementsRange(SCRATCH, 0, resource.elements);
      case 'key':
        return { owner: UNIFORMS, offset: 4 * keyPlaces[kernel]!, size: 16 };
      case 'uniform': {
        const { place, words } = wordPlaces.get(resource.words.join())!;
        return { owner: UNIFORMS, offset: 4 * place, size: 4 * words.length };
      }
    }
  };
  const ranges = kernels.map(({ dispatches }, k) =>
    dispatches.map(({ bindings }) => bindings.map(({ resource }) => rangeOf(resource, k))),
  );

  const most = gpu.device.limits.maxStorageBufferBindingSize;
  const tooLarge = ranges.findIndex((all) => all.flat().some(({ size }) => size > most));
  if (tooLarge >= 0) {
    release();
    const size = Math.max(...ranges[tooLarge]!.flat().map((range) => range.size));
    return fail('BackendFailure', {
      where: nameOf(plan.calls[tooLarge]!),
      expected: `tensors of at most ${(most / 2 ** 20).toFixed(0)} MiB, as the device binds them`,
      actual: `${(size / 2 ** 20).toFixed(1)} MiB`,
      hint: 'use a smaller batch',
    });
  }

  buffers.forEach(({ storage, dtype }, b) => {
    if (storage.kind === 'constant')
      write(gpu, space.bufferAt(constant!), 4 * offsets[b]!, storage.data, dtype);
  });
  for (const { place, words } of wordPlaces.values())
    gpu.device.queue.writeBuffer(space.bufferAt(uniform!), 4 * place, words as Uint32Array<ArrayBuffer>); // not shared
  return E.right({
    addresses,
    isFixed,
    ranges,
    keys: keyPlaces.map((place) => (place === null ? null : { owner: UNIFORMS, offset: 4 * place, size: 8 })),
    made: madePlaces.map((place, k) =>
      place === null ? null : { owner: MADE, offset: 4 * place, size: 4 * kernels[k]!.made!.elements },
    ),
    release,
  });
};
