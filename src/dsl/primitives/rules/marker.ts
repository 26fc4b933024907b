import type { Composite, Node, NodeOf } from '../../graph/node.js';
import { after, composite, stopGradient, stored } from '../marker.js';
import { spread, zerosLike } from '../movement.js';
import type { Batched, Operand, Rules } from '../primitive.js';
import { reduce } from '../reduction.js';
import { inputLike } from '../source.js';

/** An operand, and the node that stands for it in one example. */
type Like = Operand & { readonly like: Node };

/** A composite that applies the decomposition, and the derivative, to each example. */
const ofEach = (n: NodeOf<'composite'>, operands: readonly Operand[], extent: number, batched: Batched): Composite => {
  const { composite: definition, options } = n.attributes;
  /**
   * Applies f to one example, whose operands have the shapes of the operands of `n`, and returns its results for a
   * batch.
   */
  const over = (likes: readonly Like[], f: (examples: readonly Node[]) => readonly (Node | null)[]) => {
    const examples = likes.map(({ like }) => inputLike(like));
    const results = f(examples);
    const images = new Map(likes.map((operand, i) => [examples[i]!, operand]));
    const outputs = batched(results.filter((result) => result !== null), images, extent); // oxfmt-ignore
    let next = 0;
    return results.map((result) => result && spread(outputs[next++]!, extent));
  };
  const givenAs = (inputs: readonly Node[]): readonly Like[] =>
    n.inputs.map((like, i) => ({ like, node: inputs[i]!, mapped: operands[i]!.mapped }));
  const decompose: Composite['decompose'] = (inputs) =>
    over(givenAs(inputs), (examples) => [definition.decompose(examples, options)])[0]!;
  const { derivative, redefined } = definition;
  if (redefined !== undefined) return redefined(decompose);
  return {
    name: `vmap(${definition.name})`,
    decompose,
    ...(derivative && {
      derivative: (inputs, output, cotangent) => {
        const own = [output, cotangent].map((node) => ({ like: n, node, mapped: true }));
        const cotangents = over([...givenAs(inputs), ...own], (examples) => {
          const [y, seed] = examples.slice(-2) as [Node, Node];
          return derivative(examples.slice(0, -2), y, seed, options);
        });
        // an operand that all examples share gets the sum of their cotangents
        return cotangents.map((c, i) => c && (operands[i]!.mapped ? c : reduce('sum', c, [0])));
      },
    }),
  };
};

export const markerRules: Rules<'stored' | 'after' | 'stopGradient' | 'composite'> = {
  stored: {
    rebuild: ({ inputs: [x] }) => stored(x),
    derivative: (_, g) => [g],
    vmap: (_, [x]) => stored(x.node),
    lowering: { class: 'movement', index: 'same' },
    isUnique: true,
    isStored: true,
  },
  after: {
    rebuild: ({ inputs: [x, awaited] }) => after(x, awaited!),
    derivative: (_, g) => [g, null],
    vmap: (_, [x, awaited]) => after(x.node, awaited!.node), // the node waits for the whole batch
    lowering: { class: 'movement', index: 'same' },
    isUnique: true,
    awaits: true,
  },
  stopGradient: {
    rebuild: ({ inputs: [x] }) => stopGradient(x),
    derivative: null,
    vmap: (_, [x]) => stopGradient(x.node),
    lowering: { class: 'movement', index: 'same' },
    simplify: ({ inputs: [x] }) => x,
  },
  composite: {
    rebuild: ({ inputs, attributes }) => composite(attributes.composite, inputs, attributes.options),
    derivative: (n, g) => n.attributes.composite.derivative?.(n.inputs, n, g, n.attributes.options) ?? [],
    vmap: (n, operands, extent, batched) => {
      const { composite: definition, options } = n.attributes;
      return definition.batch === undefined
        ? composite(ofEach(n, operands, extent, batched), operands.map(({ node }) => node))
        : composite(definition, operands.map((operand) => spread(operand, extent)), definition.batch(options)); // oxfmt-ignore
    },
    ofNothing: zerosLike, // an empty sum
    lowering: {
      class: 'anchor',
      anchor: ({ attributes: { composite: definition, options } }) => definition.anchor?.(options) ?? null,
    },
    label: ({ attributes }) => attributes.composite.name,
  },
};
