/** Assigns offsets in one arena to buffers, by their lifetimes. */
import { type Buffer, type Call, type Plan, readsOf, writesOf } from '../../plan/plan.js';
import { elementAt, entryOf } from '../../../internal/lookup.js';

/** The buffers that contain a buffer, from the smallest to the largest. */
export const wholesOf = (buffers: readonly Buffer[], b: number): readonly number[] => {
  const { partOf } = elementAt(buffers, b);
  return partOf === undefined ? [] : [partOf.buffer, ...wholesOf(buffers, partOf.buffer)];
};

/**
 * True if a call may write buffer `to` in the memory of buffer `from`. It must be a region that reads each element of
 * `from` in the iteration that writes the same element of `to`, and that reads no buffer inside `from`.
 */
export const inPlace = (call: Call, from: number, to: number, buffers: readonly Buffer[]): boolean => {
  if (call.kind !== 'region') return false;
  if (call.region.loads.some(({ buffer }) => wholesOf(buffers, buffer).includes(from))) return false;
  const [write, ...others] = call.region.stores.filter(({ buffer }) => buffer === to);
  if (write === undefined || others.length > 0 || write.reduce !== null) return false;
  return call.region.loads.every(
    ({ buffer, offset, strides }) =>
      buffer !== from || (offset === write.offset && strides.every((s, i) => s === write.strides[i])),
  );
};

/** The default alignment of offsets, in elements: vectors do not straddle cache lines. */
export const ALIGNMENT = 16;

/** The outermost buffer that contains a buffer, and the offset in it. */
const ownerOf = (
  buffers: readonly Buffer[],
  b: number,
  offset = 0,
): { readonly owner: number; readonly offset: number } => {
  const { partOf } = elementAt(buffers, b);
  return partOf === undefined ? { owner: b, offset } : ownerOf(buffers, partOf.buffer, offset + partOf.offset);
};

/** The first and last call that accesses a buffer. */
interface Life {
  readonly first: number;
  readonly last: number;
}

interface Block extends Life {
  readonly elements: number;
  readonly members: readonly number[];
}

/** The blocks of the arena: buffers, merged if a region updates one into the other in place. */
const blocksOf = (buffers: readonly Buffer[], calls: readonly Call[]): readonly Block[] => {
  const lives = new Map<number, Life>(); // by owner
  calls.forEach((call, time) => {
    for (const b of [...readsOf(call), ...writesOf(call)]) {
      if (elementAt(buffers, b).storage.kind !== 'arena') continue;
      const { owner } = ownerOf(buffers, b);
      lives.set(owner, { first: lives.get(owner)?.first ?? time, last: time });
    }
  });
  const blocks = new Map<number, Block>(
    [...lives].map(([b, life]) => [b, { ...life, elements: elementAt(buffers, b).elements, members: [b] }]),
  );
  calls.forEach((call, time) => {
    if (call.kind !== 'region') return;
    const sources = new Set<number>();
    for (const { buffer: to } of call.region.stores) {
      const target = blocks.get(to);
      if (target === undefined || target.first !== time) continue;
      const from = call.region.loads.find(
        ({ buffer }) =>
          !sources.has(buffer) && blocks.get(buffer)?.last === time && entryOf(lives, buffer).last === time &&
          elementAt(buffers, buffer).elements === elementAt(buffers, to).elements && inPlace(call, buffer, to, buffers), // oxfmt-ignore
      );
      if (from === undefined) continue;
      sources.add(from.buffer);
      const source = entryOf(blocks, from.buffer);
      const block = { ...source, last: target.last, members: [...source.members, ...target.members] };
      for (const member of block.members) blocks.set(member, block);
    }
  });
  return [...new Set(blocks.values())];
};

/** Places blocks in order, each in the tightest free gap during its lifetime, otherwise after all others. */
const placeBlocks = (blocks: readonly Block[], alignment: number) => {
  // the placed blocks by offset, as columns of numbers: the search below visits every pair of blocks
  const [firsts, lasts] = [new Int32Array(blocks.length), new Int32Array(blocks.length)];
  const [starts, ends] = [new Float64Array(blocks.length), new Float64Array(blocks.length)];
  const offsets = new Map<number, number>(); // by member
  let arenaElements = 0;
  blocks.forEach(({ first, last, elements, members }, count) => {
    const size = Math.ceil(elements / alignment) * alignment;
    let offset = 0;
    let best = -1;
    let slack = Infinity;
    for (let i = 0; i < count && slack > 0; i++) {
      if (lasts[i]! < first || firsts[i]! > last) continue;
      const gap = starts[i]! - offset;
      if (gap >= size && gap - size < slack) [best, slack] = [offset, gap - size];
      offset = Math.max(offset, ends[i]!);
    }
    const at = best >= 0 ? best : offset;
    let next = count;
    while (next > 0 && starts[next - 1]! > at) next--;
    for (const [column, value] of [
      [firsts, first],
      [lasts, last],
      [starts, at],
      [ends, at + size],
    ] as const) {
      column.copyWithin(next + 1, next, count);
      column[next] = value;
    }
    for (const member of members) offsets.set(member, at);
    arenaElements = Math.max(arenaElements, at + size);
  });
  return { arenaElements, offsets };
};

/** Lays out the arena of a plan: places the largest blocks first. */
export const layout = (
  buffers: readonly Buffer[],
  calls: readonly Call[],
  alignment = ALIGNMENT,
): Pick<Plan, 'buffers' | 'arenaElements'> => {
  const blocks = [...blocksOf(buffers, calls)].sort((a, b) => b.elements - a.elements || a.first - b.first);
  const { arenaElements, offsets } = placeBlocks(blocks, alignment);
  return {
    arenaElements,
    buffers: buffers.map((buffer, b) => {
      if (buffer.storage.kind !== 'arena') return buffer;
      const { owner, offset } = ownerOf(buffers, b);
      return { ...buffer, storage: { kind: 'arena', offset: (offsets.get(owner) ?? 0) + offset } };
    }),
  };
};
