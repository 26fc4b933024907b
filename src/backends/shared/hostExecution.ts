/** Runs plans in memory that the host can access. Everything is prepared beforehand; a run is a loop over closures. */
import { failure, messageOf, type NoisefoldError } from '../../internal/errors.js';
import type { Plan } from '../../dsl/plan/plan.js';
import { E, type either } from '../../internal/fp.js';
import { type Execution, nameOf } from './executor.js';
import type { Heap } from './heap.js';
import type { Kernel } from './kernel.js';
import { layOut, type PlanLayout } from './layout.js';
import { inOrder, queued, type Step, timed, type Turns } from './runs.js';

/** Reserves the arena of a plan, writes its constants and binds its kernels. */
export const hostExecution = async (
  plan: Plan,
  heap: Heap,
  kernels: readonly Kernel[],
  turns: Turns,
): Promise<either.Either<NoisefoldError, Execution>> =>
  E.map(({ frame, place, setKey, forget, release }: PlanLayout): Execution => {
    const runKernel: Step = (at) => {
      try {
        frame.refresh();
        kernels[at]!.run(frame);
        return null;
      } catch (thrown) {
        const error = failure('BackendFailure', {
          where: nameOf(plan.calls[at]!),
          expected: `${kernels[at]!.name} to run`,
          actual: messageOf(thrown),
          hint: 'if memory has run out, use a smaller batch',
        });
        return { at, error };
      }
    };
    const run: Execution['run'] = (milliseconds) => {
      const outcome = inOrder(kernels.length, timed(runKernel, milliseconds), turns);
      if (outcome instanceof Promise) return outcome.finally(forget);
      forget();
      return outcome;
    };
    return { ...queued({ place, setKey, run }, turns), release };
  })(await layOut(plan, heap, turns.memory));
