import { type Composite, type CompositeOptions, type Node, node, type NodeOf } from '../../graph/node.js';
import type { BatchBuild, Operand, Primitive } from '../primitive.js';
import { inputLike } from '../source/input.js';

/** Applies a composite: the result has the shape and dtype of its decomposition. */
export const composite = (definition: Composite, inputs: readonly Node[], options: CompositeOptions = {}): Node => {
  const { shape, dtype } = definition.decompose(inputs, options);
  return node('composite', inputs, { composite: definition, options }, shape, dtype);
};

/** The composite that a node applies; null for other nodes. */
export const compositeOf = (n: Node): Composite | null => (n.op === 'composite' ? n.attributes.composite : null);

/** Replaces a composite by its decomposition. Returns other nodes as they are. */
export const decomposition = (n: Node): Node =>
  n.op === 'composite' ? n.attributes.composite.decompose(n.inputs, n.attributes.options) : n;

/** A composite that applies the decomposition, and the derivative, to each example. */
const ofEach = (
  n: NodeOf<'composite'>,
  operands: readonly Operand[],
  extent: number,
  { batched, reduce, spread }: BatchBuild,
): Composite => {
  const { composite: definition, options } = n.attributes;
  /** The results of f for a batch: f is applied to one example, whose operands are like `likes`. */
  const over = (
    likes: readonly Node[],
    given: readonly Operand[],
    f: (examples: readonly Node[]) => readonly (Node | null)[],
  ): readonly (Node | null)[] => {
    const examples = likes.map(inputLike);
    const results = f(examples);
    const images = new Map(examples.map((example, i) => [example, given[i]!]));
    const found = batched(results.filter((result) => result !== null), images, extent); // prettier-ignore
    let next = 0;
    return results.map((result) => result && spread(found[next++]!, extent));
  };
  const givenAs = (inputs: readonly Node[]): readonly Operand[] =>
    inputs.map((input, i) => ({ node: input, mapped: operands[i]!.mapped }));
  const decompose: Composite['decompose'] = (inputs) =>
    over(n.inputs, givenAs(inputs), (examples) => [definition.decompose(examples, options)])[0]!;
  const { derivative, redefined } = definition;
  if (redefined !== undefined) return redefined(decompose);
  return {
    name: `vmap(${definition.name})`,
    decompose,
    ...(derivative && {
      derivative: (inputs, output, cotangent) => {
        const own = [output, cotangent].map((made) => ({ node: made, mapped: true }));
        const found = over([...n.inputs, n, n], [...givenAs(inputs), ...own], (examples) => {
          const [y, seed] = examples.slice(-2) as [Node, Node];
          return derivative(examples.slice(0, -2), y, seed, options);
        });
        // an operand that all examples share gets the sum of their cotangents
        return found.map((c, i) => c && (operands[i]!.mapped ? c : reduce('sum', c, [0])));
      },
    }),
  };
};

export const compositePrimitive: Primitive<'composite'> = {
  rebuild: ({ inputs, attributes }) => composite(attributes.composite, inputs, attributes.options),
  derivative: (n, g) => {
    const { composite: definition, options } = n.attributes;
    return definition.derivative?.(n.inputs, n, g, options) ?? [];
  },
  vmap: (n, operands, extent, build) => {
    const { composite: definition, options } = n.attributes;
    return definition.batch === undefined
      ? composite(ofEach(n, operands, extent, build), operands.map(({ node: operand }) => operand)) // prettier-ignore
      : composite(definition, operands.map((operand) => build.spread(operand, extent)), definition.batch(options)); // prettier-ignore
  },
  ofNothing: ({ shape, dtype }, { full }) => full(0, shape, dtype), // the sum of no products
  lowering: {
    class: 'anchor',
    anchor: ({ attributes: { composite: definition, options } }) => definition.anchor?.(options) ?? null,
  },
  label: ({ attributes }) => attributes.composite.name,
};
