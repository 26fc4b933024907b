/** Convolutions with several groups: the product kernels would need one dispatch per group. */
import type { Plan } from '../../../dsl/plan/plan.js';
import { failure, messageOf, orRaise } from '../../../internal/errors.js';
import { TE } from '../../../internal/fp.js';
import { type Convolution, convolutionOf } from '../../shared/convolution.js';
import type { GpuRule } from '../device/dispatch.js';
import type { ShaderLimits } from '../wgsl/shader.js';
import { threadsKernel } from './shader.js';

/** Reads a call as a convolution with several groups; returns null for any other call. */
const groupedOf = (call: Plan['calls'][number]): Convolution | null => {
  const convolution = call.kind === 'anchor' ? convolutionOf(call) : null;
  if (convolution === null) return null;
  const { groups, batchGroups } = convolution.attributes;
  return groups * batchGroups === 1 ? null : convolution;
};

const loadKernel = TE.tryCatch(
  () => import('./directConvolution.js'),
  (thrown) =>
    failure('BackendFailure', {
      where: 'the webgpu backend',
      expected: 'its kernel of grouped convolutions to load',
      actual: messageOf(thrown),
      hint: 'run it again',
    }),
);

/** Makes a rule for convolutions with several groups. Loads their kernel only if a plan has such calls. */
export const groupedRule = async (plan: Plan, limits: ShaderLimits): Promise<GpuRule> => {
  if (plan.calls.every((call) => groupedOf(call) === null)) return () => null;
  const loaded = await loadKernel();
  return (call) => {
    const convolution = groupedOf(call);
    if (convolution === null) return null;
    const { directConvolution } = orRaise(loaded);
    const { image, kernel, output } = convolution;
    return threadsKernel('convolution', plan, limits, [image, kernel], output, (at) =>
      directConvolution(convolution, at),
    );
  };
};
