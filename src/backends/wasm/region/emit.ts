/**
 * Generates the code of a nest under a schedule.
 *
 * V8 never pairs the vectors of this code (see `pairing.ts`). Where V8 (13.6 and 14.6) uses a pair and also the first of its
 * two vectors alone, it may lose the second: both have one register, of which some moves keep 128 bits. Tests cover the
 * few kernels in this form, but not all regions. V8 begins with two stores whose offsets differ by 16 bytes (see
 * `access.ts`), or with the operands of an integer addition (see `addInts`): regions have neither.
 */
import { i32 } from '../assembler/assembler.js';
import type { MultiplyAdd } from '../kernels/multiplyAdd.js';
import { accumulation } from './accumulate.js';
import { storeLanes } from './access.js';
import { type Body, functionCode, locals, repeated, set, type Slot, tee, when } from './code.js';
import { computation, type Scope } from './compute.js';
import type { Nest } from '../../shared/regions/nest.js';
import {
  choices,
  enterBlock,
  advance,
  initialState,
  locationOf,
  type Pointer,
  pointersOf,
  lowestOffset,
  type LoopState,
} from './loopState.js';
import type { Schedule } from './schedule.js';
import { toolbox } from './tools.js';
import { toMemory } from './values.js';
import { WORD_BYTES } from '../assembler/numbers.js';

/** Code, and the number of elements by which it advances each pointer. */
interface Emitted {
  readonly code: Body;
  readonly by: readonly number[];
}

/**
 * Generates a function's code. Its arguments, in memory, are the addresses of the first elements of the loads, then of
 * the stores (the elements that all loops begin at), and the extent of a flat nest, which `scheduleOf` may use. Its
 * parameters are the address of the arguments, and the thread, which is not used.
 */
export const emitNest = (
  nest: Nest,
  depends: readonly number[],
  scheduleOf: (extent: Slot<'i32'>) => Schedule,
  multiplyAdd: MultiplyAdd,
): Uint8Array => {
  const { body, stores } = nest;
  const variables = locals();
  const args = variables.i32();
  variables.i32(); // the thread
  const parameters = variables.types().length;
  const pointers = pointersOf(nest, variables);
  const extent = variables.i32();
  const starts = [...pointers.loads, ...pointers.stores].map(({ slot }) => slot);
  const reading = [...starts, extent].map((slot, i) => set(slot, i32.load(args, { offset: WORD_BYTES * i })));
  const schedule = scheduleOf(extent);
  const tools = toolbox(variables, multiplyAdd);
  const computed = computation(nest, depends, schedule, pointers, tools);
  const sums = accumulation(nest, schedule, tools);
  const advancing: readonly Pointer[] = [...pointers.loads, ...pointers.stores, ...computed.indices];
  const counters = schedule.running.map(() => variables.i32());
  const innermost = schedule.running.length;
  const noAdvance = advancing.map(() => 0);

  /** Code for every choice of parts of all levels. All loads come before all stores, which is faster in Node 20. */
  const emitInnermost = (state: LoopState, known: Set<number>): Body => {
    const computing: Body[] = [];
    const writes = choices(state, null).map((choice) => {
      const scope: Scope = { known, out: computing };
      const values = stores.map(({ value }) =>
        toMemory(computed.valueAt(value, state, choice, scope), body[value]!.dtype, tools),
      );
      return (
        sums?.add(state, choice, values) ??
        stores.map((_, s) => storeLanes(locationOf(state, choice, pointers.stores[s]!), values[s]!))
      );
    });
    return [computing, writes];
  };

  const emitInside = (state: LoopState, known: Set<number>): Emitted => {
    if (state.depth === innermost) return { code: emitInnermost(state, known), by: noAdvance };
    const out: Body[] = [];
    computed.computeAtDepth(state, { known, out });
    const { code, by } = emitLevel(state, known);
    return { code: [out, code], by };
  };

  const emitLoops = (state: LoopState, outer: ReadonlySet<number>): Emitted => {
    // values computed in a block are valid only in it
    const { code, by } = emitInside(state, new Set(outer));
    const summed = sums !== null && state.depth === schedule.free;
    return { code: summed ? sums.wrap(state, code, pointers.stores) : code, by };
  };

  const emitLevel = (state: LoopState, known: ReadonlySet<number>): Emitted => {
    const { depth, levels } = state;
    const level = levels[depth]!;
    const stride = ({ strides }: Pointer): number => strides[level.loop]!;
    /** Iterations of the level so far. */
    let position = 0;
    /** Offset of each pointer from its start, in elements. */
    let at = noAdvance;
    const code = level.blocks.map((block): Body => {
      const { trips, step } = block;
      const starts = advancing.map((pointer) => position * stride(pointer) + lowestOffset(block, stride(pointer)));
      const left = at;
      const enter = advance(advancing, (_, i) => starts[i]! - left[i]!);
      const inner = emitLoops(enterBlock(state, block), known);
      if (trips === 1) {
        at = starts.map((from, i) => from + inner.by[i]!);
        position += step;
        return [enter, inner.code];
      }
      const counter = counters[depth]!;
      const loop = repeated(counter, [
        inner.code,
        advance(advancing, (pointer, i) => step * stride(pointer) - inner.by[i]!),
        sums?.afterTrip(state, block) ?? [],
      ]);
      if (typeof trips === 'number') {
        at = starts.map((from, i) => from + trips * step * stride(advancing[i]!));
        position += trips * step;
        return [enter, set(counter, i32.const(trips)), loop];
      }
      // the trip count is only known at run time: offsets are relative to the end of this block from here on
      at = advancing.map((pointer) => lowestOffset(block, stride(pointer)));
      position = 0;
      return [enter, when(tee(counter, trips), loop)];
    });
    return { code, by: at };
  };

  const { code } = emitLoops(initialState(schedule), new Set());
  return functionCode(variables.types().slice(parameters), [reading, tools.constants(), computed.initialIndices, code]);
};
