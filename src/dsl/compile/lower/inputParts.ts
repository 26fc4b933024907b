/** Replaces dense parts of inputs by inputs of their own, which kernels read directly. */
import { type Node, pathOf, rewrite, sizeOf } from '../../graph/node.js';
import { input, isInput } from '../../primitives/index.js';
import { loweringAs } from '../../primitives/table.js';
import { isDense, viewOf } from './views.js';

/** A part of an input, from an offset in elements on. */
export interface InputPart {
  readonly input: Node;
  readonly offset: number;
}

export interface Divided {
  readonly roots: readonly Node[];
  /** The new inputs and the parts that they replace. */
  readonly parts: ReadonlyMap<Node, InputPart>;
}

/** Replaces dense slices of inputs that begin at a multiple of `alignment` by inputs. */
export const divideInputs = (roots: readonly Node[], alignment: number): Divided => {
  const parts = new Map<Node, InputPart>();
  const divided = rewrite(roots, (n) => {
    if (!loweringAs(n, 'movement')?.isPart) return n;
    const view = viewOf(n, isInput);
    if (view === null || !isInput(view.base) || !isDense(n.shape, view.strides)) return n;
    const within = parts.get(view.base) ?? { input: view.base, offset: 0 }; // or a part of a part
    const offset = within.offset + view.offset;
    if (sizeOf(n.shape) === 0 || offset % alignment !== 0) return n;
    const part = input(pathOf(n) ?? view.base.attributes.path, n.shape, n.dtype);
    parts.set(part, { input: within.input, offset });
    return part;
  });
  return { roots: divided, parts };
};
