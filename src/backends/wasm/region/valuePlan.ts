/** Decides where the values of a body are computed, and which of them are kept in locals. */
import { liveIn, type NumberType, operandsOf } from '../../../dsl/graph/region.js';
import type { Nest } from '../../shared/regions/nest.js';
import { loopBits, type Schedule } from './schedule.js';
import { transposeLevel } from './transpose.js';
import { formulaOf } from './values.js';

/** Indexed by assignment, except `transposeLevels`. */
export interface ValuePlan {
  /** For each level, true if the value differs between the level's parts. */
  readonly varies: readonly (readonly boolean[])[];
  /** Number of levels that must be entered before an assignment can be computed. */
  readonly depthOf: readonly number[];
  /** True for values that a store, or the computation of a stored value, reads. */
  readonly used: readonly boolean[];
  /** True for values that are inlined in the expression of their only user. */
  readonly inlined: readonly boolean[];
  /** Indexed by load: see {@link transposeLevel}. */
  readonly transposeLevels: readonly number[];
}

/** Plans the values of a nest. `depends` holds, for each assignment, the loops that its value varies with. */
export const valuePlan = ({ body, loads, stores }: Nest, depends: readonly number[], schedule: Schedule): ValuePlan => {
  const levels = [...schedule.running, ...schedule.fixed];
  const typeOf = (i: number): NumberType => body[i]!.dtype;
  const varies = body.map((_, i) => levels.map((level) => (depends[i]! & loopBits(level)) !== 0));
  const depthOf = varies.map((along) => 1 + along.slice(0, schedule.running.length).lastIndexOf(true));
  const transposeLevels = loads.map((strides) => transposeLevel(schedule, strides));

  const used = liveIn(body, stores);
  const outputs = new Set(stores.map(({ value }) => value));
  const usersOf = body.map((): number[] => []);
  body.forEach((a, i) => used[i] === true && operandsOf(a).forEach((operand) => usersOf[operand]!.push(i)));
  /** True for assignments that repeat their operands, which must therefore be in locals. */
  const takesSteps = body.map((a) => 'a' in a && formulaOf(a, typeOf(a.a)) !== null);
  const inlined = body.map((a, i) => {
    const [only, ...others] = usersOf[i]!;
    if (only === undefined || others.length > 0 || outputs.has(i)) return false;
    if (takesSteps[i] === true || takesSteps[only] === true) return false;
    if (a.op === 'load' && transposeLevels[a.load]! >= 0) return false;
    return depthOf[only] === depthOf[i] && varies[i]!.every((along, level) => along === varies[only]![level]);
  });
  return { varies, depthOf, used, inlined, transposeLevels };
};
