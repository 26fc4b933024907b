/** Laws of the compiler, which must not change the values of a program. */
import { type Capabilities, offsetOf, type Plan } from 'noisefold/backend';
import { plan } from '../../src/dsl/compile/planning.js';
import { graphCase, type GraphCase } from '../arbitraries/graph.js';
import { evaluate } from '../oracles/evaluate.js';
import { interpret } from '../oracles/interpreter.js';
import { valueOf } from '../oracles/plans.js';
import { programOf } from '../oracles/running.js';
import { firstOf, type Law, type Violation } from './law.js';

const REFERENCE: Capabilities = { fuses: false, composites: [], scratchElements: () => 0 };
export const FUSING: Capabilities = { ...REFERENCE, fuses: true };

type Outputs = Readonly<Record<string, Float64Array>>;

/** The outputs, evaluated node by node without any pass of the compiler. */
const evaluated = (sample: GraphCase): Outputs => {
  const graph = sample.graph();
  const inputs = Object.fromEntries(sample.inputs.map(({ path, data }) => [path, data]));
  const { outputs } = evaluate(Object.values(graph), inputs, { key: sample.key });
  return Object.fromEntries(Object.keys(graph).map((path, i) => [path, outputs[i]!]));
};

/** The plan that is made for a backend of some capabilities, and its outputs from inputs of the declared shapes. */
export const planned = (
  sample: GraphCase,
  capabilities: Capabilities,
): { readonly plan: Plan; readonly outputsOf: (inputs: GraphCase['inputs']) => Outputs } => {
  const { plan: result, traced } = valueOf(
    plan(programOf(sample.declared, sample.build), {}, capabilities, sample.donate),
  );
  const outputsOf = (inputs: GraphCase['inputs']): Outputs => {
    const outputs = interpret(
      result,
      result.inputs.map(({ path }) => inputs.find((x) => x.path === path)?.data ?? sample.key),
      Math.min(4, capabilities.alignment ?? 4),
    );
    // no output of these programs is a key
    return Object.fromEntries(traced.outputs.map(({ path }, i) => [path, outputs[i] as Float64Array]));
  };
  return { plan: result, outputsOf };
};

/** The outputs of {@link planned} from the inputs of the case. */
export const outputsOfPlan = (sample: GraphCase, capabilities: Capabilities): Outputs =>
  planned(sample, capabilities).outputsOf(sample.inputs);
/** A device that binds few buffers at once, and only at aligned offsets. */
const BINDING: Capabilities = { ...FUSING, mostBuffers: 4, alignment: 64 };

/** The regions of a plan that touch more buffers than the device can bind, and buffers where they cannot be bound. */
const unbindable = ({ calls, buffers }: Plan): Violation => {
  for (const call of calls) {
    if (call.kind !== 'region') continue;
    const touched = new Set([...call.region.loads, ...call.region.stores].map(({ buffer }) => buffer));
    if (touched.size > 4) return `${call.origin.label} touches ${touched.size} buffers`;
  }
  const astray = buffers.find(({ storage }) => offsetOf(storage) % 64 !== 0);
  return astray === undefined ? null : `a buffer lies at ${JSON.stringify(astray.storage)}`;
};

/** Compares bits: −0 is not 0, and all NaN are equal. */
export const equal = (actual: Outputs, expected: Outputs): Violation => {
  for (const [path, numbers] of Object.entries(expected)) {
    const at = numbers.findIndex((x, i) => !Object.is(x, actual[path]![i]));
    if (at >= 0) return `${path}[${at}]: expected ${numbers[at]}, got ${actual[path]![at]}`;
  }
  return null;
};

/**
 * Laws of the compiler, which must not change the values of a program, whether or not a backend fuses.
 * @example
 * compilationLaws[0]!.formula // → '⟦passes(g)⟧ = ⟦g⟧, to the bit in float64'
 * for (const law of compilationLaws) await checkLaw(law, 0.01)
 */
export const compilationLaws: readonly Law[] = [
  {
    name: 'passes keep the values of a program',
    formula: '⟦passes(g)⟧ = ⟦g⟧, to the bit in float64',
    source: 'definition of an optimization',
    arbitrary: graphCase,
    runs: 600, // a wrong pass breaks the law of fusion as well
    violation: (sample: GraphCase) => equal(outputsOfPlan(sample, REFERENCE), evaluated(sample)),
  },
  {
    name: 'fusion keeps the values of a program',
    formula: '⟦plan(g)⟧ = ⟦g⟧, to the bit in float64',
    source: 'definition of an optimization',
    arbitrary: graphCase,
    runs: 1500,
    violation: (sample: GraphCase) =>
      equal(
        outputsOfPlan(sample, {
          fuses: true,
          composites: sample.scratch === 0 ? [] : ['filterGradient'],
          alignment: sample.scratch === 0 ? 4 : 1, // so that the parts of a concatenation begin at nearly any offset
          scratchElements: () => sample.scratch,
        }),
        evaluated(sample),
      ),
  },
  {
    name: 'regions respect the binding limits of a device, and keep the values of a program',
    formula: '⟦plan(g)⟧ = ⟦g⟧, to the bit in float64; each region touches ≤ 4 buffers; 64 | offsets',
    source: 'limits of WebGPU: bindings of a shader, and their alignment',
    arbitrary: graphCase,
    runs: 500,
    violation: (sample: GraphCase) => {
      const { plan: result, outputsOf } = planned(sample, BINDING);
      return firstOf(unbindable(result), equal(outputsOf(sample.inputs), evaluated(sample)));
    },
  },
];
