/** From a region to the shaders that carry it out. */
import type { Region } from '../../../dsl/region.js';
import { nestOf, simplified } from '../../shared/nest.js';
import { divided } from './divide.js';
import { memoryApart, memoryOf } from './memory.js';
import { perGroup } from './perGroup.js';
import { isFlat, perThread } from './perThread.js';
import { groupSchedule, isSerial } from './schedule.js';
import type { Buffers, RegionShaders, Shader, ShaderLimits } from './shader.js';
import { separated } from './separate.js';
import { vectorsOf } from './vectors.js';
import { type Draft, nearestFirst, workOf } from './work.js';

const shadersOf = (draft: Draft, limits: ShaderLimits, isWhole: boolean): readonly Shader[] => {
  const work = workOf(draft);
  const { loops } = work.nest;
  if (loops.some(({ extent }) => extent === 0)) return [];
  const order = nearestFirst(work);
  const vectors = vectorsOf(work, order[0], isFlat(work));
  const reduces = loops.some(({ reduced }) => reduced);
  if (!reduces || isSerial(work, vectors, order)) return [perThread(work, vectors, limits)];
  const schedule = groupSchedule(work, vectors, order, limits);
  const stages = isWhole ? divided(work, schedule) : null;
  return stages === null
    ? [perGroup(work, schedule, limits)]
    : stages.flatMap((stage) => shadersOf(stage, limits, false));
};

/** The buffers that a region loads from or stores to, in the order of first use. */
const buffersOf = (region: Region): readonly number[] => {
  const { body } = simplified(nestOf(region)); // it loads nothing to reduce nothing
  const loads = body.flatMap((a) => (a.op === 'load' ? [region.loads[a.load]!.buffer] : []));
  return [...new Set([...loads, ...region.stores.map(({ buffer }) => buffer)])];
};

/**
 * The shaders of a region, in order; none where it has nothing to store. Where a single store needs more buffers than a
 * shader may bind, or more workgroups than a dispatch may have, they are more than the limits: the device refuses them.
 */
export const regionShaders: RegionShaders = (region: Region, buffers: Buffers, limits: ShaderLimits) => {
  if (region.stores.length === 0) return [];
  const used = buffersOf(region);
  const fitting = memoryOf(used, buffers, limits);
  const parts = fitting === null ? separated(region, buffers) : null;
  if (parts !== null) return parts.flatMap((part) => regionShaders(part, buffers, limits));
  const { bindings, placeOf, elementsOf } = fitting ?? memoryApart(used, buffers);
  const draft = {
    nest: nestOf(region),
    loads: region.loads.map(placeOf),
    stores: region.stores.map(placeOf),
    bindings,
    elementsOf,
  };
  return shadersOf(draft, limits, true);
};
