/** Where the memory of a plan and of its kernels has its places: blocks and offsets, before there is any memory. */
import { offsetOf, type Plan } from '../../dsl/plan.js';
import type { GpuKernel, Resource } from './dispatch.js';

/** Some bytes of the memory that an owner has: a buffer of the plan, or a block, by {@link Places.ownerOf}. */
export interface Range {
  readonly owner: number;
  readonly offset: number;
  readonly size: number;
}

/** What is reserved for a plan, each in one piece. */
export const BLOCKS = ['arena', 'constants', 'scratch', 'uniforms', 'made'] as const;
export type Block = (typeof BLOCKS)[number];

export interface Places {
  /** The elements of each block. */
  readonly elements: Readonly<Record<Block, number>>;
  /** By buffer of the plan: the block that it lies in; null for an input or output, which changes from run to run. */
  readonly blockOf: readonly (Block | null)[];
  /** By buffer of the plan: where in the memory of its owner it begins, in elements. */
  readonly offsets: readonly number[];
  /** The owner that stands for a block: they come after the buffers of the plan. */
  readonly ownerOf: (block: Block) => number;
  /** By kernel, dispatch and binding. */
  readonly ranges: readonly (readonly (readonly Range[])[])[];
  /** By kernel: the place of its key; null where it has none. */
  readonly keys: readonly (Range | null)[];
  /** By kernel: the place for what the host makes for it. */
  readonly made: readonly (Range | null)[];
  /** Words that never change, each once, and the element of the uniforms where they begin. */
  readonly words: readonly { readonly place: number; readonly words: Uint32Array }[];
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

const resourcesOf = ({ dispatches }: GpuKernel): readonly Resource[] =>
  dispatches.flatMap(({ bindings }) => bindings.map(({ resource }) => resource));

/** The places of a plan on a device whose bindings begin at multiples of `alignment` elements. */
export const placesOf = (plan: Plan, kernels: readonly GpuKernel[], alignment: number): Places => {
  const { buffers } = plan;
  const [constants, uniforms, made] = [counter(alignment), counter(UNIFORM), counter(alignment)];
  const blockOf = buffers.map(({ storage, elements }): Block | null => {
    // a buffer without elements is bound all the same, to a place of its own
    if (storage.kind === 'constant' || (storage.kind === 'arena' && elements === 0)) return 'constants';
    return storage.kind === 'arena' ? 'arena' : null;
  });
  const offsets = buffers.map(({ storage, elements }, b) => {
    if (blockOf[b] === 'constants') return constants.place(Math.max(VECTOR, elements));
    return offsetOf(storage);
  });
  // the keys come first, so that one write before a run brings all of them
  const keyPlaces = kernels.map(({ key }) => (key === undefined ? null : uniforms.place(2)));
  const madePlaces = kernels.map((kernel) =>
    kernel.made === undefined ? null : made.place(kernel.made.elements),
  );
  const resources = kernels.flatMap(resourcesOf);
  const words = new Map<string, Places['words'][number]>();
  for (const resource of resources)
    if (resource.kind === 'uniform' && !words.has(resource.words.join()))
      words.set(resource.words.join(), {
        place: uniforms.place(resource.words.length),
        words: resource.words,
      });
  const scratch = resources.reduce(
    (most, r) => (r.kind === 'scratch' ? Math.max(most, r.elements) : most),
    0,
  );

  const ownerOf = (block: Block): number => buffers.length + BLOCKS.indexOf(block);
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
      case 'scratch':
        return elementsRange(ownerOf('scratch'), 0, resource.elements);
      case 'key':
        return { owner: ownerOf('uniforms'), offset: 4 * keyPlaces[kernel]!, size: 16 };
      case 'uniform': {
        const { place } = words.get(resource.words.join())!;
        return { owner: ownerOf('uniforms'), offset: 4 * place, size: 4 * resource.words.length };
      }
    }
  };
  return {
    elements: {
      arena: plan.arenaElements,
      constants: constants.elements(),
      scratch,
      uniforms: uniforms.elements(),
      made: made.elements(),
    },
    blockOf,
    offsets,
    ownerOf,
    ranges: kernels.map(({ dispatches }, k) =>
      dispatches.map(({ bindings }) => bindings.map(({ resource }) => rangeOf(resource, k))),
    ),
    keys: keyPlaces.map((place) =>
      place === null ? null : { owner: ownerOf('uniforms'), offset: 4 * place, size: 8 },
    ),
    made: madePlaces.map((place, k) =>
      place === null
        ? null
        : { owner: ownerOf('made'), offset: 4 * place, size: 4 * kernels[k]!.made!.elements },
    ),
    words: [...words.values()],
  };
};
