/** Simplifies the loop nests of regions before code generation. */
import type { Region } from '../../../dsl/graph/region.js';

const stridesOf = (region: Region): readonly (readonly number[])[] => [
  ...region.loads.map(({ strides }) => strides),
  ...region.stores.map(({ strides }) => strides),
  ...region.body.flatMap((a) => (a.op === 'index' ? [a.strides] : [])),
];

/**
 * Returns an equivalent region with as few loops as possible. It drops loops of one iteration, and merges two
 * neighbouring loops if, for every access, the outer stride is the inner stride times the inner extent.
 */
export const mergeLoops = (region: Region): Region => {
  const kept = region.extents.length - region.reduced;
  const all = stridesOf(region);
  /** Loops of the result: the innermost of the original loops that each one replaces, and its extent. */
  const merged: { loop: number; extent: number }[] = [];
  region.extents.forEach((extent, loop) => {
    if (extent === 1) return;
    const outer = merged.at(-1);
    const sameKind = outer !== undefined && outer.loop < kept === loop < kept;
    if (sameKind && all.every((strides) => strides[outer.loop] === strides[loop]! * extent))
      merged[merged.length - 1] = { loop, extent: outer.extent * extent };
    else merged.push({ loop, extent });
  });
  const reduced = merged.filter(({ loop }) => loop >= kept).length;
  const moved = <A extends { readonly strides: readonly number[] }>(a: A): A => ({
    ...a,
    strides: merged.map(({ loop }) => a.strides[loop]!),
  });
  return {
    extents: merged.map(({ extent }) => extent),
    reduced,
    loads: region.loads.map(moved),
    body: region.body.map((a) => (a.op === 'index' ? moved(a) : a)),
    // a reduction over one element is that element
    stores: region.stores.map((store) => ({ ...moved(store), reduce: reduced === 0 ? null : store.reduce })),
  };
};
