/** Makes the plan of a program. */
import { oneOf } from '../../internal/decode.js';
import { E, F } from '../../internal/fp.js';
import type { Capabilities } from './backend.js';
import { attempt, type NoisefoldError, raise, showShape } from '../errors.js';
import { type Lowering, lower } from './lower/index.js';
import { optimized } from './passes/optimized.js';
import type { Plan } from './plan.js';
import { type Bindings, inputNames, type Program, type TreeSpec } from '../graph/spec.js';
import { nodeOf } from '../graph/tensor.js';
import { trace, type Traced } from './trace.js';

/** Raises `ConfigError` for donated names that are not inputs of the program. */
const checkDonated = (spec: TreeSpec<unknown>, names: readonly string[]): void => {
  const known = inputNames(spec);
  const unknown = names.find((name) => known?.includes(name) !== true);
  if (unknown !== undefined)
    raise('ConfigError', {
      where: 'compile: donate',
      expected: known === null ? 'nothing, as the input has no name' : oneOf('input', known),
      actual: `'${unknown}'`,
      hint: 'donate inputs of the program by their names',
    });
};

/** Pairs each donated input with the output of the same path, shape and dtype. */
const donationsOf = (traced: Traced, names: readonly string[]): Pick<Lowering, 'donations' | 'donated'> => {
  const donated = traced.leaves.map(({ path }) => names.some((name) => path === name || path.startsWith(`${name}.`)));
  const outputs = new Map(traced.outputs.map(({ path, leaf }, i) => [path, { n: nodeOf(leaf), i }]));
  const donations = traced.inputs.map((input, i) => {
    const target = outputs.get(traced.leaves[i]!.path);
    const fits =
      donated[i]! &&
      target !== undefined &&
      input.dtype !== 'key' &&
      target.n.dtype === input.dtype &&
      showShape(target.n.shape) === showShape(input.shape);
    return fits ? target.i : null;
  });
  return { donations, donated };
};

/** Traces, checks, optimizes and lowers a program for a backend, without running anything. */
export const plan = <I, O>(
  program: Program<I, O>,
  bindings: Bindings,
  capabilities: Capabilities,
  donate: readonly string[] = [],
): E.Either<NoisefoldError, { readonly plan: Plan; readonly traced: Traced }> =>
  F.pipe(
    program.inputs,
    E.flatMap((spec) =>
      attempt(() => {
        checkDonated(spec, donate);
        const traced = trace(program, spec, bindings);
        const outputs = optimized(
          traced.outputs.map(({ leaf }) => nodeOf(leaf)),
          traced.inputs,
          capabilities.composites,
        );
        return {
          traced,
          plan: lower({ inputs: traced.inputs, outputs, ...donationsOf(traced, donate) }, capabilities),
        };
      }),
    ),
  );
