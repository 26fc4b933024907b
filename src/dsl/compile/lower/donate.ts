/** Reuses the memory of donated inputs. */
import { type Buffer, type Call, readsOf, writesOf } from '../../plan/plan.js';
import { inPlace, wholesOf } from './layout.js';
import { elementAt } from '../../../internal/lookup.js';

/** Assigns the memory of donated inputs to outputs that are first written after the last read of the input. */
export const donate = (
  donations: readonly (number | null)[],
  buffers: readonly Buffer[],
  calls: readonly Call[],
): { readonly buffers: readonly Buffer[]; readonly inputs: ReadonlySet<number> } => {
  const firstWrite = new Map<number, number>(); // of a buffer
  const lastRead = new Map<number, number>(); // of a buffer
  calls.forEach((call, at) => {
    for (const b of writesOf(call)) if (!firstWrite.has(b)) firstWrite.set(b, at);
    for (const b of readsOf(call)) for (const one of [b, ...wholesOf(buffers, b)]) lastRead.set(one, at);
  });
  const ofInput = new Map<number, number>(); // the buffer of a whole input
  const ofOutput = new Map<number, number>(); // the buffer of an output
  buffers.forEach(({ storage, partOf }, b) => {
    if (storage.kind === 'input' && !partOf) ofInput.set(storage.input, b);
    if (storage.kind === 'output') ofOutput.set(storage.output, b);
  });
  const inputOf = new Map<number, number>(); // the input whose memory a buffer reuses
  donations.forEach((output, input) => {
    if (output === null) return;
    const [from, to] = [ofInput.get(input), ofOutput.get(output)];
    const first = to === undefined ? undefined : firstWrite.get(to);
    if (from === undefined || to === undefined || first === undefined) return;
    const last = lastRead.get(from) ?? -1;
    if (last < first || (last === first && inPlace(elementAt(calls, first), from, to, buffers))) inputOf.set(to, input);
  });
  return {
    inputs: new Set(inputOf.values()),
    buffers: buffers.map((buffer, b) => {
      const input = inputOf.get(b);
      return input === undefined ? buffer : { ...buffer, storage: { kind: 'input', input, offset: 0 } };
    }),
  };
};
