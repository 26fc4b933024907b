/** Assigns offsets in one arena to buffers, by their lifetimes. */
import type { Access } from '../../graph/region.js';
import type { Buffer, Call } from '../plan.js';

/** The buffers that a call reads. */
export const readsOf = (call: Call): readonly number[] => {
  switch (call.kind) {
    case 'region':
      return call.region.loads.map((l) => l.buffer);
    case 'anchor':
    case 'library':
      return call.inputs.map((v) => v.buffer);
    case 'random':
      return [];
  }
};
/** The buffers that a call writes. */
export const writesOf = (call: Call): readonly number[] => {
  switch (call.kind) {
    case 'region':
      return call.region.stores.map((s) => s.buffer);
    case 'anchor':
      return call.scratch === null ? [call.output.buffer] : [call.output.buffer, call.scratch.buffer];
    case 'library':
    case 'random':
      return [call.output.buffer];
  }
};

/** The buffers that contain a buffer, from the smallest to the largest. */
export const wholesOf = (buffers: readonly Buffer[], b: number): readonly number[] => {
  const { partOf } = buffers[b]!;
  return partOf === undefined ? [] : [partOf.buffer, ...wholesOf(buffers, partOf.buffer)];
};

/** The first and last call that accesses a buffer. */
interface Life {
  first: number;
  last: number;
}

/**
 * True if a call may write buffer `to` in the memory of buffer `from`: it is a region that reads only those elements of
 * `from` that it then writes, and no part of `from`.
 */
export const inPlace = (call: Call, from: number, to: number, buffers: readonly Buffer[]): boolean => {
  if (call.kind !== 'region') return false;
  if (call.region.loads.some(({ buffer }) => wholesOf(buffers, buffer).includes(from))) return false;
  const writes = call.region.stores.filter((s) => s.buffer === to);
  const reads = call.region.loads.filter((l) => l.buffer === from);
  const same = (a: Access, b: Access): boolean =>
    a.offset === b.offset && a.strides.every((s, i) => s === b.strides[i]);
  return writes.length === 1 && writes[0]!.reduce === null && reads.every((r) => same(r, writes[0]!));
};

/** The default alignment of offsets, in elements: vectors do not straddle cache lines. */
export const ALIGNMENT = 16;

/** The outermost buffer that contains a buffer, and the offset in it. */
const ownerOf = (buffers: readonly Buffer[], b: number): { readonly owner: number; readonly offset: number } => {
  const wholes = wholesOf(buffers, b);
  return {
    owner: wholes.at(-1) ?? b,
    offset: [b, ...wholes].reduce((sum, one) => sum + (buffers[one]!.partOf?.offset ?? 0), 0),
  };
};

interface Block extends Life {
  readonly elements: number;
  readonly members: readonly number[];
}

/** The blocks of the arena: buffers, merged if a region updates one into the other in place. */
const blocksOf = (buffers: readonly Buffer[], calls: readonly Call[]): readonly Block[] => {
  const inArena = (b: number): boolean => buffers[b]!.storage.kind === 'arena';
  const lives = new Map<number, Life>(); // of owners
  calls.forEach((call, time) => {
    for (const b of [...readsOf(call), ...writesOf(call)]) {
      if (!inArena(b)) continue;
      const { owner } = ownerOf(buffers, b);
      const life = lives.get(owner);
      if (life === undefined) lives.set(owner, { first: time, last: time });
      else life.last = time;
    }
  });
  const joined = new Map<number, Block>();
  for (const [b, life] of lives) joined.set(b, { ...life, elements: buffers[b]!.elements, members: [b] });
  calls.forEach((call, time) => {
    if (call.kind !== 'region') return;
    const taken = new Set<number>();
    for (const { buffer: to } of call.region.stores) {
      const target = joined.get(to);
      if (target === undefined || target.first !== time) continue;
      const from = call.region.loads.find(
        ({ buffer }) =>
          !taken.has(buffer) && joined.get(buffer)?.last === time && lives.get(buffer)!.last === time &&
          buffers[buffer]!.elements === buffers[to]!.elements && inPlace(call, buffer, to, buffers), // prettier-ignore
      );
      if (from === undefined) continue;
      taken.add(from.buffer);
      const source = joined.get(from.buffer)!;
      const block = {
        first: source.first,
        last: target.last,
        elements: source.elements,
        members: [...source.members, ...target.members],
      };
      for (const member of block.members) joined.set(member, block);
    }
  });
  return [...new Set(joined.values())];
};

export interface Layout {
  readonly buffers: readonly Buffer[];
  readonly arenaElements: number;
}

/** A block and its range in the arena. */
interface Placed extends Life {
  readonly offset: number;
  readonly end: number;
}

/** Places blocks, the largest first, each in the tightest free gap during its lifetime, otherwise after all others. */
export const layout = (buffers: readonly Buffer[], calls: readonly Call[], alignment = ALIGNMENT): Layout => {
  const blocks = [...blocksOf(buffers, calls)].sort((a, b) => b.elements - a.elements || a.first - b.first);
  const placed: Placed[] = []; // by offset
  const offsets = new Map<number, number>();
  let arenaElements = 0;
  for (const block of blocks) {
    const size = Math.ceil(block.elements / alignment) * alignment;
    let offset = 0;
    let best = -1;
    let slack = Infinity;
    for (const other of placed) {
      if (other.last < block.first || other.first > block.last) continue;
      const gap = other.offset - offset;
      if (gap >= size && gap - size < slack) [best, slack] = [offset, gap - size];
      offset = Math.max(offset, other.end);
    }
    const at = best >= 0 ? best : offset;
    const where = placed.findIndex((other) => other.offset > at);
    const end = at + size;
    placed.splice(where < 0 ? placed.length : where, 0, { first: block.first, last: block.last, offset: at, end });
    for (const member of block.members) offsets.set(member, at);
    arenaElements = Math.max(arenaElements, end);
  }
  return {
    arenaElements,
    buffers: buffers.map((buffer, b) => {
      if (buffer.storage.kind !== 'arena') return buffer;
      const { owner, offset } = ownerOf(buffers, b);
      return { ...buffer, storage: { kind: 'arena', offset: (offsets.get(owner) ?? 0) + offset } };
    }),
  };
};
