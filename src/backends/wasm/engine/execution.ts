/** Places a plan in the memory of a wasm backend, and runs it. */
import type { Plan } from '../../../dsl/compile/plan.js';
import { failure, type NoisefoldError } from '../../../internal/errors.js';
import { E, type either } from '../../../internal/fp.js';
import { type Execution, nameOf, type RunFailure } from '../../shared/executor.js';
import type { Heap } from '../../shared/memory/heap.js';
import { layOut } from '../../shared/memory/layout.js';
import type { Memory } from '../../shared/memory/memory.js';
import { STAGE_WORDS } from './driver.js';
import { type Engine, functionIndices, loadProgram } from './engine.js';
import type { WasmKernel } from './kernel.js';
import { type Prepared, programOf } from './program.js';
import { encode, relocate, writeTape } from './tape.js';

const WORD_BYTES = 4;

/** Consecutive kernels that run in one go: stages of several, or one in JavaScript. */
interface Segment {
  readonly first: number;
  readonly last: number;
  readonly kernel: Prepared;
}

const segmentsOf = (kernels: readonly Prepared[]): readonly Segment[] =>
  kernels.reduce<readonly Segment[]>((segments, kernel, i) => {
    const before = segments.at(-1);
    return before?.kernel.kind === 'stages' && kernel.kind === 'stages' && before.kernel.shared === kernel.shared
      ? [...segments.slice(0, -1), { ...before, last: i }]
      : [...segments, { first: i, last: i, kernel }];
  }, []);

/** Reserves memory for a plan and its tape, and compiles it. */
export const wasmExecution = async (
  plan: Plan,
  kernels: readonly WasmKernel[],
  engine: Engine,
  heap: Heap,
  memory: Memory,
): Promise<either.Either<NoisefoldError, Execution>> => {
  const program = programOf(kernels, engine.shared);
  const indices = functionIndices(engine.modules, program);
  const tape = encode(
    program.kernels.map((kernel) => (kernel.kind === 'stages' ? kernel.stages : [])),
    (run) => indices.get(run)!,
  );
  const segments = segmentsOf(program.kernels);
  const laid = await layOut(plan, heap, memory);
  if (E.isLeft(laid)) return laid;
  const { frame, place, setKey, release } = laid.right;
  const block = await memory.reserve(tape.words.length);
  const address = E.isLeft(block) ? block : memory.addressOf(block.right, 'compile');
  if (E.isLeft(block) || E.isLeft(address)) {
    release();
    return E.isLeft(block) ? block : (address as either.Left<NoisefoldError>);
  }
  const start = address.right;
  const words = (): Int32Array => new Int32Array(engine.memory.buffer as ArrayBuffer, start, tape.words.length);
  writeTape(tape, words(), frame.addresses);
  const runStages = loadProgram(engine, program);

  const runSegment = ({ first, last, kernel }: Segment): void => {
    if (kernel.kind === 'host') {
      frame.refresh();
      kernel.kernel.run(frame);
      return;
    }
    const [from, to] = [tape.starts[first]!, tape.starts[last + 1]!];
    if (to > from) runStages(start + WORD_BYTES * STAGE_WORDS * from, to - from);
  };

  const failed = ({ first, last }: Segment, thrown: unknown): RunFailure => ({
    at: last,
    error: failure('BackendFailure', {
      where:
        first === last ? nameOf(plan.calls[first]!) : `${nameOf(plan.calls[first]!)} to ${nameOf(plan.calls[last]!)}`,
      expected: first === last ? `${kernels[first]!.name} to run` : 'these calls to run',
      actual: thrown instanceof Error ? thrown.message : String(thrown),
      hint: 'if memory has run out, use a smaller batch',
    }),
  });

  const run: Execution['run'] = (milliseconds) => {
    const parts =
      milliseconds === null ? segments : program.kernels.map((kernel, i) => ({ first: i, last: i, kernel }));
    for (const part of parts) {
      const begin = milliseconds === null ? 0 : performance.now();
      try {
        runSegment(part);
      } catch (thrown) {
        return failed(part, thrown);
      }
      milliseconds?.push(performance.now() - begin);
    }
    return null;
  };

  return E.right({
    place: (buffer, to) => {
      const before = frame.addresses[buffer];
      place(buffer, to);
      if (frame.addresses[buffer] !== before) relocate(tape, words(), buffer, frame.addresses[buffer]!);
    },
    setKey,
    run,
    release: () => {
      release();
      memory.release(block.right);
    },
  });
};
