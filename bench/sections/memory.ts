/** The memory of a training step, compared with a lower bound. */
import { type Backend, compile, key, release } from 'noisefold/dsl';
import { simpleLoss } from 'noisefold/diffusion';
import { initialState } from 'noisefold/training';
import { fillSpec, extentsOf } from '../../src/dsl/graph/spec.js';
import { type Node, node } from '../../src/dsl/graph/node.js';
import { sizeOf } from '../../src/internal/numbers.js';
import { nodeOf, type Tensor, tensor } from '../../src/dsl/graph/tensor.js';
import { activationElements } from '../activations.js';
import { BATCH, IMAGE, type NetworkRecipe, stepProgram } from '../network.js';
import { ramp } from '../peers/jax.js';
import type { TorchPeer } from '../peers/torch.js';
import { atMost, information, orThrow, type Row } from '../table.js';

const MB = 1e6;

/** Bytes of the activations that the gradient rules of the loss read. */
const activationBytes = ({ model, noising: diffusion }: NetworkRecipe): number => {
  const parameters = new Set<Node>();
  const params = fillSpec(model.params, (leaf) => {
    const parameter = node('input', [], { path: leaf.path }, orThrow(extentsOf(leaf, {})), leaf.dtype);
    parameters.add(parameter);
    return tensor(parameter);
  });
  const x0: Tensor<[number, ...typeof IMAGE]> = tensor(node('input', [], { path: 'x0' }, [BATCH, ...IMAGE], 'float32'));
  const key = tensor<[], 'key'>(node('input', [], { path: 'key' }, [], 'key'));
  return 4 * activationElements(nodeOf(simpleLoss(diffusion, model)(params, { x0, key })), parameters);
};

/** The bytes of a step of network R in version 0.1.0 on tfjs's memory, in MB. */
const BEFORE = 317.5;

export const memorySection = async (
  backend: Backend,
  recipe: NetworkRecipe,
  torch: TorchPeer | string,
): Promise<readonly Row[]> => {
  const theirs = typeof torch === 'string' ? NaN : await torch.memory(0);
  const init = orThrow(await compile(initialState(recipe), {})(backend)());
  const before = backend.stats().bytes;
  const state = orThrow(await init.run({ key: key(1) })());
  init.release();
  const resident = process.memoryUsage().rss;
  const step = orThrow(await compile(stepProgram(recipe), { B: BATCH }, { donate: ['state'] })(backend)());
  const examples = { x0: ramp(BATCH * IMAGE[0] * IMAGE[1] * IMAGE[2]), conditions: {}, key: key(2) };
  const result = orThrow(await step.run({ state, examples })());
  const grown = process.memoryUsage().rss - resident;
  const peak = backend.stats().bytes - before + 4 * examples.x0.length; // everything that a step needs is reserved by now
  await release(result)(backend)();
  step.release();

  const parameters = 4 * recipe.model.params.leaves.reduce((n, { shape }) => n + sizeOf(shape.map(Number)), 0);
  const activations = activationBytes(recipe);
  // gradients, two moments and the moving average are as large as the parameters
  const least = parameters * 5 + activations;
  return [
    information('parameters', parameters / MB, 'MB'),
    information('activations that gradient rules read', activations / MB, 'MB', 'counted from the graph of the loss'),
    atMost('bytes of a step', peak / MB, BEFORE, 'MB', 'parameters, average, optimizer, arena, constants and inputs'),
    information(
      'growth of the process by them',
      grown / MB,
      'MB',
      'resident set, from before the plan to after a step',
    ),
    information(
      'growth of the process of PyTorch by them',
      theirs / MB,
      'MB',
      typeof torch === 'string'
        ? `PyTorch does not run here: ${torch}`
        : 'from before the model to after a step, at most',
    ),
    atMost('(f) bytes / (parameters, gradients, Adam, average, activations)', peak / least, 1.15, ''),
  ];
};
