/** Memory that records which buffer wrote each element, so that no buffer reads the elements of another. */
import type { Plan } from '../../src/dsl/plan/plan.js';

/**
 * The elements of the buffers of a plan. Reading an element that neither the buffer nor a part of it wrote, or past its
 * end, throws.
 */
export interface Memory {
  readonly read: (buffer: number, at: number) => number;
  readonly write: (buffer: number, at: number, value: number) => void;
  /** Forgets the contents of a buffer, because a kernel may write in any order. */
  readonly forget: (buffer: number) => void;
  /** The way two buffers share memory: not at all, from the same beginning, or elsewhere. */
  readonly overlap: (a: number, b: number) => 'none' | 'same' | 'some';
}

interface Cells {
  readonly name: string;
  readonly values: Float64Array;
  /** The buffer that wrote each element last; -1 for none. */
  readonly owners: Int32Array;
}

const NOBODY = -1;

/** Tests if a buffer is another one or a part of it. */
const isWithin = (buffers: Plan['buffers'], b: number, other: number): boolean => {
  const { partOf } = buffers[b] ?? {};
  return b === other || (partOf !== undefined && isWithin(buffers, partOf.buffer, other));
};

/**
 * Memory for kernels that write whole vectors in the arena: writing the last element of a buffer also writes the rest
 * of its vector.
 */
export const memoryOf = (
  { buffers, arenaElements, outputs }: Plan,
  inputs: readonly ArrayLike<number>[],
  vector = 1,
): Memory => {
  const handedOut = new Set(outputs.flatMap((output) => (output.kind === 'buffer' ? [output.view.buffer] : [])));
  const cells = (name: string, from: number | ArrayLike<number>, owner: number): Cells => {
    const values = typeof from === 'number' ? new Float64Array(from).fill(NaN) : Float64Array.from(from);
    return { name, values, owners: new Int32Array(values.length).fill(owner) };
  };
  const arena = cells('arena', arenaElements, NOBODY);
  const givens = inputs.map((data, i) =>
    cells(
      `input ${i}`,
      data,
      // an output may reuse the memory, so that its buffer is here too
      buffers.findIndex(
        ({ storage, partOf }, b) =>
          storage.kind === 'input' && storage.input === i && partOf === undefined && !handedOut.has(b),
      ),
    ),
  );
  const places = buffers.map(({ elements, storage }, b): { readonly cells: Cells; readonly offset: number } => {
    switch (storage.kind) {
      case 'arena':
        return { cells: arena, offset: storage.offset };
      case 'input':
        return { cells: givens[storage.input]!, offset: storage.offset };
      case 'output':
        return { cells: cells(`output ${storage.output}`, elements, NOBODY), offset: 0 };
      case 'constant':
        return { cells: cells(`constant ${b}`, storage.data, b), offset: 0 };
    }
  });
  const locate = (buffer: number, at: number): readonly [Cells, number] => {
    const { cells, offset } = places[buffer]!;
    if (!(at >= 0 && at < buffers[buffer]!.elements) || offset + at >= cells.values.length)
      throw new Error(`element ${at} is outside of buffer ${buffer}`);
    return [cells, offset + at];
  };
  return {
    read: (buffer, at) => {
      const [{ name, values, owners }, i] = locate(buffer, at);
      const isGiven = buffers[buffer]!.storage.kind === 'input' && isWithin(buffers, buffer, owners[i]!);
      if (!isGiven && !isWithin(buffers, owners[i]!, buffer))
        throw new Error(
          `buffer ${buffer} reads its element ${at} (${name}), which ${owners[i] === NOBODY ? 'nobody' : `buffer ${owners[i]}`} wrote`,
        );
      return values[i]!;
    },
    write: (buffer, at, value) => {
      const [cells, i] = locate(buffer, at);
      const { name, values, owners } = cells;
      if (name.startsWith('constant')) throw new Error(`buffer ${buffer}, a constant, is written`);
      values[i] = value;
      owners[i] = buffer;
      if (cells === arena && at === buffers[buffer]!.elements - 1)
        for (let next = i + 1; next % vector !== 0 && next < owners.length; next++) owners[next] = NOBODY;
    },
    forget: (buffer) => {
      for (let at = 0; at < buffers[buffer]!.elements; at++) {
        const [{ owners }, i] = locate(buffer, at);
        owners[i] = NOBODY;
      }
    },
    overlap: (a, b) => {
      const [x, y] = [places[a]!, places[b]!];
      const apart = x.offset + buffers[a]!.elements <= y.offset || y.offset + buffers[b]!.elements <= x.offset;
      if (x.cells !== y.cells || apart) return 'none';
      return x.offset === y.offset ? 'same' : 'some';
    },
  };
};
