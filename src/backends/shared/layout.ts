import type { KeyWords } from '../../dsl/plan/backend.js';
import { offsetOf, type Plan } from '../../dsl/plan/plan.js';
import { E, type either } from '../../internal/fp.js';
import type { NoisefoldError } from '../../internal/errors.js';
import type { Heap, NumberArray } from './heap.js';
import type { Frame } from './kernel.js';
import type { Memory } from './memory.js';
import { writeNumbers } from './numbers.js';

/** The buffers of a plan in memory: the frame that kernels see, and functions that change it between runs. */
export interface PlanLayout {
  readonly frame: Frame;
  /** Sets the address of the buffer of an input or an output for the next run. */
  readonly place: (buffer: number, address: number) => void;
  readonly setKey: (input: number, key: KeyWords) => void;
  /** Drops the arrays of inputs and outputs, which keep their memory alive on the JavaScript heap even if it is freed. */
  readonly forget: () => void;
  readonly release: () => void;
}

/** The address of an input or output without memory. */
const UNSET = -1;

/** Reserves the arena and the constants of a plan as one block, and writes the constants. */
export const layOut = async (
  plan: Plan,
  heap: Heap,
  memory: Memory,
): Promise<either.Either<NoisefoldError, PlanLayout>> => {
  const offsets = plan.buffers.map(({ storage }) => offsetOf(storage));
  let elements = plan.arenaElements;
  plan.buffers.forEach((buffer, i) => {
    if (buffer.storage.kind !== 'constant') return;
    offsets[i] = elements;
    elements += buffer.elements;
  });
  const inBlock = plan.buffers.map(({ storage }) => storage.kind === 'arena' || storage.kind === 'constant');

  const reserved = await memory.reserve(elements);
  if (E.isLeft(reserved)) return reserved;
  // no `await` from here on, so that the address stays valid
  return E.map((block: number): PlanLayout => {
    const bases: number[] = plan.buffers.map((_, i) => (inBlock[i] ? block : UNSET));
    const addresses: number[] = plan.buffers.map((_, i) => block + offsets[i]! * heap.bytesPerElement);
    const arrays: NumberArray[] = [];
    const keys: KeyWords[] = [];
    let arena: unknown = null;

    const take = (i: number): void => {
      const { elements, dtype } = plan.buffers[i]!;
      if (bases[i] !== UNSET) arrays[i] = heap.array(bases[i]!, offsets[i]!, elements, dtype);
    };
    const refresh = (): void => {
      if (heap.arena() === arena) return;
      arena = heap.arena();
      plan.buffers.forEach((_, i) => take(i));
    };

    refresh();
    plan.buffers.forEach(({ storage, dtype }, i) => {
      if (storage.kind === 'constant') writeNumbers(arrays[i]!, storage.data, dtype);
    });
    return {
      frame: { arrays, addresses, keys, refresh },
      place: (buffer, address) => {
        if (bases[buffer] === address) return; // common case: same address as in the last run
        bases[buffer] = address;
        addresses[buffer] = address + offsets[buffer]! * heap.bytesPerElement;
        take(buffer);
      },
      setKey: (input, key) => {
        keys[input] = key;
      },
      forget: () => {
        bases.forEach((_, i) => {
          if (inBlock[i]) return;
          bases[i] = UNSET;
          delete arrays[i];
        });
      },
      release: () => memory.release(reserved.right),
    };
  })(memory.addressOf(reserved.right, 'compile'));
};
