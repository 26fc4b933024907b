/** Generates the shaders of a region. */
import type { Region } from '../../../dsl/graph/region.js';
import { nestOf, simplified } from '../../shared/regions/nest.js';
import { splitReduction } from './splitReduction.js';
import { separateBindings, mergedBindings } from './bindings.js';
import { perGroup } from './perGroup.js';
import { isFlat, perThread } from './perThread.js';
import { groupSchedule, isSerial } from './schedule.js';
import type { Buffers, RegionShaders, Shader, ShaderLimits } from './shader.js';
import { splitStores } from './splitStores.js';
import { vectorsOf } from './vectors.js';
import { type RawNest, nearestFirst, boundNestOf } from './boundNest.js';

const shadersOf = (raw: RawNest, limits: ShaderLimits, isWhole: boolean): readonly Shader[] => {
  const bound = boundNestOf(raw);
  const { loops } = bound.nest;
  if (loops.some(({ extent }) => extent === 0)) return [];
  const order = nearestFirst(bound);
  const vectors = vectorsOf(bound, order[0], isFlat(bound));
  const reduces = loops.some(({ reduced }) => reduced);
  if (!reduces || isSerial(bound, vectors, order)) return [perThread(bound, vectors, limits)];
  const schedule = groupSchedule(bound, vectors, order, limits);
  const stages = isWhole ? splitReduction(bound, schedule) : null;
  return stages === null
    ? [perGroup(bound, schedule, limits)]
    : stages.flatMap((stage) => shadersOf(stage, limits, false));
};

/** Lists the buffers that a region loads from or stores to, in order of first use. */
const buffersOf = (region: Region): readonly number[] => {
  const { body } = simplified(nestOf(region)); // an empty reduction has no loads
  const loads = body.flatMap((a) => (a.op === 'load' ? [region.loads[a.load]!.buffer] : []));
  return [...new Set([...loads, ...region.stores.map(({ buffer }) => buffer)])];
};

/**
 * Generates the shaders of a region, in order; none if it stores nothing. If a single store needs more buffers or more
 * workgroups than the limits allow, the shader exceeds them and `overLimits` rejects the plan.
 */
export const regionShaders: RegionShaders = (region: Region, buffers: Buffers, limits: ShaderLimits) => {
  if (region.stores.length === 0) return [];
  const used = buffersOf(region);
  const targets = new Set(region.stores.map(({ buffer }) => buffer));
  const fitting = mergedBindings(used, targets, buffers, limits);
  const parts = fitting === null ? splitStores(region, buffers) : null;
  if (parts !== null) return parts.flatMap((part) => regionShaders(part, buffers, limits));
  const { bindings, placeOf, elementsOf } = fitting ?? separateBindings(used, targets, buffers);
  const raw = {
    nest: nestOf(region),
    loads: region.loads.map(placeOf),
    stores: region.stores.map(placeOf),
    bindings,
    elementsOf,
  };
  return shadersOf(raw, limits, true);
};
